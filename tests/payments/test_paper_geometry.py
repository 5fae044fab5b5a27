"""The notice against an official one with a postal slip, measured in millimetres: bars, words, sizes, codes."""

import csv
import datetime as dt
from collections.abc import Iterator
from ctypes import byref, c_double, create_string_buffer
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp

from enrolments.models import Guardian, Household
from payments import notice_pdf
from payments.configuration import Creditor, creditor
from payments.models import Notice
from wallets.models import Wallet

MM = 72 / 25.4
PAGE = 297.0
DESCENT = {
    "Titillium": 0.245,
    "RobotoMono": 0.271,
}  # how far below its line the measured box of a word ends, in em
CLOSE = 0.7  # mm: the free fonts are a little wider than the model's
#: Lines inside a paragraph break where the font makes them break: of these only the place is compared.
CONTINUED = (
    "app di",
    "aggiornato",
    "sgravi",
    "Postali,",
    "Tabaccherie",
    "di pagamento",
    "gli U",
    "digitali",
    "dell’Ente",
)


@dataclass(frozen=True)
class Word:
    text: str
    left: float
    right: float
    line: float
    size: float
    font: str


@pytest.fixture
def official() -> bytes:
    """What the measured notice says, made by us."""
    applicant = Guardian(
        first_name="Mario",
        last_name="Rossi",
        fiscal_code="FFFCST83A15L113V",
        address="Via Nazionale 1",
        city="00100 Roma (RM)",
    )
    notice = Notice(
        nav="470000008800999051",
        wallet=Wallet(household=Household(applicant=applicant)),
        amount=Decimal("1500.00"),
        subject="Avviso Pagamento di TEST",
        due_date=dt.date(2024, 12, 31),
    )
    return notice_pdf.render_for(_body(), [notice])


def _body() -> Creditor:
    return replace(
        creditor(),
        fiscal_code="99999000013",
        name="Comune di Test",
        office="Settore di Test",
        help_line="Info di Test",
        cbill="CBI1234",
        postal_account="000000123456",
        postal_authorisation="AUT. 08/5 S3/81 53079 08129.07.20211",
        simulated=False,
    )


def test_every_word_stands_where_the_model_has_it(reference: Path, official: bytes) -> None:
    drawn = list(_words(official))
    astray = [row["text"] for row in _rows(reference, "text") if not any(_same(row, word) for word in drawn)]
    assert astray == []


def _same(row: dict[str, str], word: Word) -> bool:
    """Left or right edge, line, size and weight; inside a paragraph the left edge and the line."""
    mono, bold = "RobotoMono" in row["font_or_colour"], row["font_or_colour"].endswith(("Bd", "Bold"))
    size = float(row["box_pt"])
    below = DESCENT["RobotoMono" if mono else "Titillium"] * max(size, _height(row)) / MM
    if abs(word.line - (float(row["y1_mm"]) - below)) > CLOSE:
        return False
    at_left = abs(word.left - float(row["x0_mm"])) < CLOSE
    if row["text"].startswith(CONTINUED):
        return at_left
    first, *_, last = [*row["text"].split(), row["text"].split()[-1]]
    starts, ends = word.text == _plain(first), word.text == _plain(last)
    placed = starts and at_left or ends and abs(word.right - float(row["x1_mm"])) < CLOSE
    right_font = (
        ("RobotoMono" in word.font) == mono and ("Bold" in word.font) == bold and abs(word.size - size) < 0.1
    )
    return placed and (right_font or not starts)


def _height(row: dict[str, str]) -> float:
    """Of the box, in points: where two sizes share a line it is the larger."""
    return (float(row["y1_mm"]) - float(row["y0_mm"])) * MM


def _plain(text: str) -> str:
    return text.replace("ﬁ", "fi").replace("'", "’")


def _rows(reference: Path, kind: str) -> list[dict[str, str]]:
    with open(reference / "geometry_ft_03.tsv", encoding="utf-8", newline="") as file:
        return [
            row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["kind"] == kind
        ]


def _words(document: bytes) -> Iterator[Word]:
    """Runs of characters between blanks, with the place of their first character's origin."""
    with pypdfium2.PdfDocument(document) as pages:
        text = pages[0].get_textpage()
        run: list[int] = []
        for index in range(text.count_chars() + 1):
            blank = index == text.count_chars() or chr(pdfium.FPDFText_GetUnicode(text, index)).isspace()
            if not blank and not (run and _line(text, run[0]) != _line(text, index)):
                run.append(index)
                continue
            if run:
                yield _word(text, run)
            run = [] if blank else [index]


def _word(text: pypdfium2.PdfTextPage, run: list[int]) -> Word:
    font = create_string_buffer(100)
    pdfium.FPDFText_GetFontInfo(text, run[0], font, 100, None)
    letters = "".join(chr(pdfium.FPDFText_GetUnicode(text, index)) for index in run)
    return Word(
        text=letters,
        left=_origin(text, run[0])[0] / MM,
        right=text.get_charbox(run[-1], loose=True)[2] / MM,
        line=_line(text, run[0]),
        size=pdfium.FPDFText_GetFontSize(text, run[0]),
        font=font.value.decode(),
    )


def _origin(text: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    x, y = c_double(), c_double()
    pdfium.FPDFText_GetCharOrigin(text, index, byref(x), byref(y))
    return x.value, y.value


def _line(text: pypdfium2.PdfTextPage, index: int) -> float:
    """Of the baseline, in millimetres from the top."""
    return round(PAGE - _origin(text, index)[1] / MM, 1)


def test_the_bars_are_grey_and_where_the_model_has_them(reference: Path, official: bytes) -> None:
    image = _image(official, 254)  # ten dots a millimetre
    for row in _rows(reference, "rect"):
        if not row["font_or_colour"].startswith("(0.9255"):
            continue
        left, right = max(float(row["x0_mm"]), 0.3), min(float(row["x1_mm"]), 209.7)
        top, bottom = float(row["y0_mm"]), float(row["y1_mm"])
        for x, y in (
            (left + 0.3, top + 0.4),
            (right - 0.3, top + 0.4),
            (left + 0.3, bottom - 0.4),
            (right - 0.3, bottom - 0.4),
        ):
            assert image.getpixel((int(x * 10), int(y * 10))) == (236, 236, 236)
        assert image.getpixel((int(left * 10) + 3, int(top * 10) - 4)) == (255, 255, 255)
        assert image.getpixel((int(left * 10) + 3, int(bottom * 10) + 5)) == (255, 255, 255)


def test_the_codes_have_their_size_and_place(official: bytes) -> None:
    found = {code.format.name: code.position for code in zxingcpp.read_barcodes(_image(official, 254))}
    for kind, left, top, side in (("QRCode", 10.0, 154.8, 25.0), ("DataMatrix", 177.0, 231.8, 23.1)):
        place = found[kind]
        assert place.top_left.x / 10 == pytest.approx(left, abs=0.6)
        assert place.top_left.y / 10 == pytest.approx(top, abs=0.6)
        assert (place.top_right.x - place.top_left.x) / 10 == pytest.approx(side, abs=0.8)


def _image(document: bytes, dpi: int):
    with pypdfium2.PdfDocument(document) as pages:
        return pages[0].render(scale=dpi / 72).to_pil()
