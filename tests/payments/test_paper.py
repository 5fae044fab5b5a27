"""The paper notice: what it says, where it says it, and that its codes are read back by somebody who did not draw them."""

import io
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
import segno
import zxingcpp
from django.conf import settings as project
from django.core.exceptions import SuspiciousFileOperation
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from enrolments.models import HelpDesk
from identity import pdf
from payments import notice_pdf, typeset
from payments.configuration import creditor
from payments.models import Notice
from payments.rules import codes, identifiers
from payments.rules.legible import legible
from payments.typeset import NotTypeset, TypesetterMissing
from tests import cast

pytestmark = pytest.mark.django_db
DPI = 150
TEMPLATE = Path(project.BASE_DIR, "templates", "pdf", notice_pdf.TEMPLATE)


def decoded(document: bytes) -> list[tuple[str, str]]:
    """Every code of every page, read from a raster at 150 dpi."""
    with pypdfium2.PdfDocument(document) as pages:
        images = [page.render(scale=DPI / 72).to_pil() for page in pages]
    return [(code.format.name, code.text) for image in images for code in zxingcpp.read_barcodes(image)]


def words(document: bytes) -> str:
    return " ".join(pypdf.PdfReader(io.BytesIO(document)).pages[0].extract_text().split())


def page_count(document: bytes) -> int:
    return len(pypdf.PdfReader(io.BytesIO(document)).pages)


def test_the_paper_is_one_page_and_its_code_is_read_back(notice: Notice) -> None:
    document = notice_pdf.render([notice])
    assert page_count(document) == 1
    assert decoded(document) == [("QRCode", f"PAGOPA|002|{notice.nav}|99999000013|10200")]


def test_the_qr_is_version_4_m_and_25_millimetres(notice: Notice) -> None:
    with pypdfium2.PdfDocument(notice_pdf.render([notice])) as pages:
        image = pages[0].render(scale=300 / 72).to_pil()
    (code,) = zxingcpp.read_barcodes(image)
    corners = code.position
    width = (corners.top_right.x - corners.top_left.x) * 25.4 / 300
    assert (code.extra["Version"], code.extra["ECLevel"]) == ("4", "M")
    assert width == pytest.approx(25, abs=0.4)


def test_all_the_qr_is_in_byte_mode() -> None:
    text = codes.qr_text(nav="301000000000004285", fiscal_code="99999000013", amount=Decimal("102.00"))
    plain = segno.make(text, error="m", version=4, mode="byte", boost_error=False, micro=False)
    drawn = io.BytesIO()
    plain.save(drawn, kind="svg", border=0, xmldecl=False, omitsize=True)
    assert notice_pdf.qr_image(text).encode() == drawn.getvalue()


def test_the_paper_says_what_the_model_prescribes(notice: Notice, settings: Any) -> None:
    text = words(notice_pdf.render([notice]))
    for expected in (
        "AVVISO DI PAGAMENTO",
        "ENTE CREDITORE",
        "DESTINATARIO",
        "QUANTO E QUANDO PAGARE?",
        "102,00 Euro",
        "entro il",
        "24/12/2026",
        (
            "In fase di pagamento, se previsto dall’ente, l’importo potrebbe essere aggiornato automaticamente e subire variazioni in "
            "diminuzione (per sgravi, note di credito) o in aumento (per sanzioni, interessi, ecc.)."
        ),
        "DOVE PAGARE?",
        "vai su pagopa.gov.it",
        "PAGA CON L’APP IO",
        "oppure sul sito del Comune di Bitritto, dal tuo Home Banking, con la tua app di pagamento o con gli altri canali abilitati.",
        "PAGA SUL TERRITORIO",
        (
            "presso Banche e Sportelli ATM, negli Uffici Postali e Punti Postali, nei Bar, Edicole, Ricevitorie, Supermercati, "
            "Tabaccherie e altri Operatori Abilitati."
        ),
        "DATI PER IL PAGAMENTO",
        "Rata unica entro il 24/12/2026",
        "Inquadra il codice QR con la tua app di pagamento o usa i dati accanto.",
        "Anna Rossi",
        "Cod. CBILL",
        identifiers.printed(notice.nav),
        "Cod. Fiscale Ente",
        "SIMULAZIONE",
    ):
        assert expected in text
    assert "Luca" not in text
    assert "BOLLETTINO" not in text


def test_an_iban_is_never_on_it(notice: Notice, settings: Any) -> None:
    settings.PAGOPA_POSTAL_ACCOUNT = "000000123456"
    document = notice_pdf.render([notice])
    everything = words(document) + "".join(text for _, text in decoded(document))
    assert settings.PAGOPA_IBAN not in everything.replace(" ", "")
    assert settings.PAGOPA_IBAN.encode() not in document


def test_a_body_that_is_not_a_comune_is_called_the_body(notice: Notice, settings: Any) -> None:
    settings.TOWN_NAME = "Unione dei Comuni di Prova"
    assert "oppure sul sito dell’ente, dal tuo" in words(notice_pdf.render([notice]))


def test_the_help_desk_of_the_office_is_on_it(notice: Notice) -> None:
    HelpDesk.objects.create(
        pk=1,
        office="Ufficio Mensa",
        opening_hours="giovedì 10-12 e 15-17",
        phone="080 000",
        email="m@x.example",
    )
    text = words(notice_pdf.render([notice]))
    assert "Ufficio Mensa" in text
    assert "giovedì 10-12 e 15-17, 080 000, m@x.example" in text


def test_an_address_is_whole_or_is_not_there(notice: Notice) -> None:
    HelpDesk.objects.create(
        pk=1,
        opening_hours="dalle ore 9 alle ore 12 " * 6,
        phone="080 000",
        email="mensa.scolastica@comune.example",
    )
    text = words(notice_pdf.render([notice]))
    assert "080 000" in text
    assert "mensa.scolastica" not in text


def test_a_long_town_is_the_body_where_its_name_would_take_a_third_line(
    notice: Notice, settings: Any
) -> None:
    settings.TOWN_NAME = "Comune di San Giovanni in Fiore Alto"
    text = words(notice_pdf.render([notice]))
    assert "oppure sul sito dell’ente" in text
    assert settings.TOWN_NAME in text


def test_a_word_that_never_ends_stays_on_the_paper(notice: Notice) -> None:
    notice.wallet.household.applicant.first_name = "A" * 60
    (page,) = pypdf.PdfReader(io.BytesIO(notice_pdf.render([notice]))).pages
    sizes: list[float] = []
    page.extract_text(
        visitor_text=lambda text, cm, tm, font, size: sizes.append(size) if "AAAA" in text else None
    )
    assert max(sizes) < 8.5


# -- accessible ------------------------------------------------------------------------------------------------------
def test_the_paper_is_tagged_titled_and_in_italian(notice: Notice) -> None:
    reader = pypdf.PdfReader(io.BytesIO(notice_pdf.render([notice])))
    catalog = reader.root_object
    assert catalog["/Lang"] == "it"
    assert bool(catalog["/MarkInfo"]["/Marked"])
    assert bool(catalog["/ViewerPreferences"]["/DisplayDocTitle"])
    assert reader.metadata.title == "Avviso di pagamento pagoPA"
    assert reader.xmp_metadata.dc_title == {"x-default": "Avviso di pagamento pagoPA"}
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalog["/Metadata"].get_data()


def test_sections_are_headings_and_the_code_has_a_text(notice: Notice) -> None:
    root = pypdf.PdfReader(io.BytesIO(notice_pdf.render([notice]))).root_object["/StructTreeRoot"]
    elements = list(_elements(root))
    kinds = [element.get("/S") for element in elements]
    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") == 5
    texts = [element["/Alt"] for element in elements if "/Alt" in element]
    assert texts == [f"Codice QR per pagare l’avviso {identifiers.printed(notice.nav)}"]


def _elements(node: Any) -> Iterator[Any]:
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        known = child.get_object() if hasattr(child, "get_object") else child
        if isinstance(known, dict) and "/S" in known:
            yield known
            yield from _elements(known)


# -- the postal slip ---------------------------------------------------------------------------------------------------
def test_with_a_postal_account_the_slip_has_its_data_matrix(notice: Notice, settings: Any) -> None:
    settings.PAGOPA_POSTAL_ACCOUNT = "000000123456"
    settings.PAGOPA_POSTAL_AUTHORISATION = "AUT. DB/PROVA 1"
    document = notice_pdf.render([notice])
    found = dict(decoded(document))
    assert found["DataMatrix"].startswith(f"codfase=NBPA;18{notice.nav}12000000123456100000010200")
    assert len(found["DataMatrix"]) == 256
    text = words(document)
    for expected in (
        "BOLLETTINO POSTALE PA",
        "BancoPosta",
        "sul C/C n. 000000123456",
        "Intestato a Comune di Bitritto",
        "Destinatario Anna Rossi",
        "Oggetto pagamento Mensa scolastica 2026/27",
        "Bollettino Postale pagabile in tutti gli Uffici Postali e sui canali fisici o digitali abilitati di Poste Italiane e dell’Ente Creditore",
        "Tipo",
        "P1",
        "Cod. Fiscale Ente Creditore",
        "AUT. DB/PROVA 1",
    ):
        assert expected in text


def test_the_data_matrix_of_the_longest_slip_has_48_modules(notice: Notice) -> None:
    slip = codes.Slip(
        notice.nav,
        "999999999999",
        Decimal("99999.99"),
        "99999000013",
        "RSSNNA85A41A893X",
        "Ñandù " * 12,
        "Mensà " * 23,
    )
    drawn = notice_pdf.matrix_image(codes.data_matrix_text(slip))
    assert '<svg width="48" height="48"' in drawn


def test_without_a_postal_account_there_is_no_band_and_no_mark_of_poste(
    notice: Notice, settings: Any
) -> None:
    settings.PAGOPA_MODE = "gpd"
    text = words(notice_pdf.render([notice]))
    assert "BOLLETTINO" not in text
    assert "BancoPosta" not in text


# -- one file for the family ---------------------------------------------------------------------------------------------
def test_a_family_s_notices_in_one_file_are_a_page_each(issue: Callable[..., Notice]) -> None:
    papers = [issue(), issue("86.70"), issue("1500.00")]
    document = notice_pdf.render(papers)
    assert page_count(document) == 3
    assert [text.split("|")[2] for _, text in decoded(document)] == [paper.nav for paper in papers]


def test_a_real_notice_does_not_say_simulazione(notice: Notice, settings: Any) -> None:
    settings.PAGOPA_MODE = "gpd"
    assert "SIMULAZIONE" not in words(notice_pdf.render([notice]))


# -- names are data ------------------------------------------------------------------------------------------------------
HOSTILE = [
    "#panic() Rossi",
    '#read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0"',
    "$x^2$ *grassetto* _corsivo_ `raw` <etichetta> @rif",
    'O\'Brien "Il Duca" \\ // /* commento */',
    "= Titolo\n- elenco ~ -- ---",
    "مريم بنت علي",
    "שרה כהן",
    "Ωμέγα Παπαδόπουλος",
    "Юлия Ковальчук",
    "Nguyễn Thị Minh Khai",
    "Anna 😀🎉 Rossi",
    "李小龙",
    "\u202emario rossi\u202c",
    "Maria Immacolata Concetta Addolorata Degli Uberti Della Gherardesca Di Pietro"[:70],
    "",
]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:20] or "empty")
def test_a_hostile_name_is_printed_as_a_name(notice: Notice, settings: Any, name: str) -> None:
    settings.PAGOPA_POSTAL_ACCOUNT = "000000123456"
    applicant = notice.wallet.household.applicant
    applicant.first_name, applicant.last_name = name, "Verdi"
    applicant.address = applicant.city = name
    document = notice_pdf.render([notice])
    assert page_count(document) == 1
    assert [kind for kind, _ in sorted(decoded(document))] == ["DataMatrix", "QRCode"]
    if name.isascii():
        assert legible(f"{name} Verdi", longest=70) in words(document)


def test_the_widest_name_gets_smaller_and_stays_on_its_lines(notice: Notice) -> None:
    applicant = notice.wallet.household.applicant
    applicant.first_name, applicant.last_name = "W" * 35, "W" * 34
    document = notice_pdf.render([notice])
    assert page_count(document) == 1
    assert [kind for kind, _ in decoded(document)] == ["QRCode"]
    assert "W" * 34 in words(document)


def test_long_and_strange_names_stay_on_their_page(notice: Notice) -> None:
    applicant = notice.wallet.household.applicant
    applicant.first_name = "Maria Immacolata Concetta"
    applicant.last_name = "D'Àngelo & <b>Figli</b> Degli Uberti Ω"
    applicant.address = "Via " + "lunghissima " * 12
    document = notice_pdf.render([notice])
    assert page_count(document) == 1
    assert len(decoded(document)) == 1


@pytest.mark.parametrize("block", range(0, 0x2100, 0x100), ids=hex)
def test_every_character_that_passes_is_drawn(notice: Notice, block: int) -> None:
    """PDF/UA refuses a page with a character that no font draws: the list of alphabets is right if this does not."""
    characters = [chr(code) for code in range(block, block + 0x100) if not 0xD800 <= code < 0xE000]
    text = "".join(legible(character) or "-" for character in characters)
    town = replace(creditor(), name="Comune di Prova")
    rows = [text[first : first + 70] for first in range(0, len(text), 70)]
    for row in rows:
        notice.wallet.household.applicant.address = row
        assert page_count(notice_pdf.render_for(town, [notice])) == 1


def test_what_no_font_draws_is_folded_or_asked() -> None:
    assert legible("ﬁore ⅣＡ") == "fiore IVA"
    assert legible("Anna 😀") == "Anna ?"
    assert legible("a\u200bb\u202ec\x00d") == "abcd"
    assert legible("  due\n righe\t") == "due righe"
    assert legible("x" * 80, longest=70) == "x" * 69 + "…"


def test_the_template_without_its_control_would_run_a_name_as_a_programme(tmp_path: Path) -> None:
    """The naive twin splices the name into the markup: a name with #panic() stops it. Ours gets it as data."""
    import typst

    naive = tmp_path / "naive.typ"
    naive.write_text("Gentile #panic()", encoding="utf-8")
    with pytest.raises(typst.TypstError, match="panicked"):
        typst.compile(str(naive), format="pdf")


# -- nothing comes in, nothing goes out ------------------------------------------------------------------------------------
def test_the_template_imports_nothing_and_reads_no_file() -> None:
    source = TEMPLATE.read_text("utf-8")
    for forbidden in ("@preview", "#import", "#include", "read(", "eval("):
        assert forbidden not in source


def test_a_notice_opens_no_connection(notice: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a notice reached for the network")

    typeset._compiler.cache_clear()
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert notice_pdf.render([notice]).startswith(b"%PDF-")


def test_only_our_fonts_are_in_it(notice: Notice) -> None:
    document = pypdf.PdfReader(io.BytesIO(notice_pdf.render([notice])))
    fonts = document.pages[0]["/Resources"]["/Font"].values()
    names = {font.get_object()["/BaseFont"].split("+")[1] for font in fonts}
    assert names == {"TitilliumWeb-Regular", "TitilliumWeb-Bold", "RobotoMono-Regular", "RobotoMono-Bold"}


def test_a_refusal_of_the_typesetter_says_nothing_of_the_people() -> None:
    with pytest.raises(NotTypeset) as refusal:
        typeset.render(
            notice_pdf.TEMPLATE, notices={"title": "x", "body": {"name": "Anna Rossi"}}, pictures={}
        )
    assert "Anna" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:1/x.png", "static:../../etc/passwd"]
)
def test_a_document_reaches_nothing_but_its_own_files(address: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError, SuspiciousFileOperation)):
        pdf._fetcher().fetch(address)


@pytest.mark.parametrize("name", ["../../etc/passwd", "payments/nothing.svg"])
def test_a_logo_is_one_of_our_static_files(name: str) -> None:
    with pytest.raises((FileNotFoundError, SuspiciousFileOperation)):
        typeset.picture(name)


def test_the_town_s_logos_are_drawn(
    notice: Notice, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TOWN_LOGO, settings.PAGOPA_LOGO = "logo/stemma.svg", "logo/pagopa.png"
    (tmp_path / "stemma.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    )
    with pypdfium2.PdfDocument.new() as empty:
        empty.new_page(20, 20).render().to_pil().save(tmp_path / "pagopa.png")
    monkeypatch.setattr(typeset.finders, "find", _found_in(tmp_path, typeset.finders.find))
    root = pypdf.PdfReader(io.BytesIO(notice_pdf.render([notice]))).root_object["/StructTreeRoot"]
    texts = [element["/Alt"] for element in _elements(root) if "/Alt" in element]
    assert texts[:2] == ["pagoPA", "Comune di Bitritto"]


def _found_in(folder: Path, otherwise: Callable[[str], Any]) -> Callable[[str], Any]:
    def find(name: str) -> Any:
        return str(folder / Path(name).name) if name.startswith("logo/") else otherwise(name)

    return find


def test_without_typst_the_page_says_what_to_install(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise TypesetterMissing

    typeset._compiler.cache_clear()
    monkeypatch.setattr(typeset, "_typst", missing)
    page = client_of(town.anna).get(reverse("payments:notice_pdf", args=[notice.token]))
    assert page.status_code == 503
    assert "pip install --require-hashes" in page.content.decode()
    assert notice.nav in page.content.decode()


# -- the benchmark -----------------------------------------------------------------------------------------------------------
def test_the_benchmark_prints_ratios_and_fails_below_the_least(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("benchmark_notices", notices=4, least=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "WeasyPrint come da manuale",
        "WeasyPrint con stile preparato",
        "un avviso per file",
        "3 avvisi per file, ciascuno",
    ]
    assert lines[0].endswith("1.0x")
    with pytest.raises(CommandError, match="meno di 100000"):
        call_command("benchmark_notices", notices=4, least=100000)
