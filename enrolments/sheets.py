"""A file from outside made into rows of text, or refused with a sentence. Nothing in it is ever computed or followed."""

import csv
import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from enrolments.errors import Refused

ENDINGS = (".csv", ".txt", ".xlsx")
MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 30 * 1024 * 1024
MAX_PARTS = 500
MAX_ROWS = 5000
MAX_BLANK_ROWS = 1000
MAX_COLUMNS = 100
MAX_CELL = 2000
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
Row = tuple[int, list[str]]


class SheetRefused(Refused):
    """The file is not a list that can be read."""


def read(data: bytes, name: str, *, what: str) -> list[Row]:
    """The rows that have something in them, each with its number in the file; the content decides the type, not the name.
    ``what``: what the person was asked for ("l'elenco delle domande"), for the sentences of a refusal."""
    if not data.strip():
        raise SheetRefused(f"Il file è vuoto: scegli {what}.")
    if len(data) > MAX_BYTES:
        raise SheetRefused(f"Il file è troppo grande: al più {MAX_BYTES // 1024 // 1024} MB.")
    if not name.lower().endswith(ENDINGS):
        raise SheetRefused("Il file deve essere CSV o XLSX: nel foglio di calcolo scegli «Salva con nome».")
    if data.startswith(OLD_EXCEL):
        raise SheetRefused(
            "Il file è di un vecchio Excel o ha una password: salvalo come .xlsx, senza password."
        )
    is_book = data.startswith(b"PK\x03\x04")
    if is_book != name.lower().endswith(".xlsx"):
        raise SheetRefused("Il contenuto non corrisponde al nome del file: salvalo di nuovo come CSV o XLSX.")
    rows = _limited(_book_rows(data) if is_book else _text_rows(data))
    if not rows:
        raise SheetRefused(f"Il primo foglio del file è vuoto: metti {what} nel primo foglio.")
    return rows


def _limited(rows: Iterable[Sequence[str]]) -> list[Row]:
    kept: list[Row] = []
    blank = 0
    for number, cells in enumerate(rows, start=1):
        if not any(cell.strip() for cell in cells):
            blank += 1
            if blank > MAX_BLANK_ROWS:
                raise SheetRefused("Il file ha troppe righe vuote: cancellale e salvalo di nuovo.")
            continue
        if len(kept) > MAX_ROWS:
            raise SheetRefused(f"Il file ha troppe righe: al più {MAX_ROWS}. Dividilo in più file.")
        if len(cells) > MAX_COLUMNS:
            raise SheetRefused(f"La riga {number} ha troppe colonne: al più {MAX_COLUMNS}.")
        kept.append((number, [cell[:MAX_CELL] for cell in cells]))
    return kept


def _text_rows(data: bytes) -> Iterator[list[str]]:
    text = _decode(data)
    if "\0" in text:
        raise SheetRefused("Il file non è un testo: salvalo dal foglio di calcolo come CSV o XLSX.")
    first_line = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(";\t,", key=first_line.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise SheetRefused("Il file CSV è rovinato (virgolette non chiuse?): salvalo di nuovo.") from error


def _decode(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with its mark, else what Windows writes in Italy."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _book_rows(data: bytes) -> Iterator[list[str]]:
    import openpyxl  # by whoever reads a workbook: everybody who only needs an address would carry it
    from openpyxl.utils.exceptions import InvalidFileException

    _refuse_bomb(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and validations, which nobody reads here
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=MAX_ROWS + MAX_BLANK_ROWS + 2):
                yield _without_tail([_as_text(cell.value) for cell in row])
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        IndexError,
        SyntaxError,
        OSError,
    ) as error:
        raise SheetRefused(
            "Il file XLSX è rovinato o non è un foglio di calcolo: salvalo di nuovo."
        ) from error


def _refuse_bomb(data: bytes) -> None:
    """The sizes that the archive declares are the most that is ever unpacked (zipfile stops there)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise SheetRefused(
                    "Il file, una volta aperto, è troppo grande: copia i dati in un foglio nuovo."
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and DECLARATION.search(
                    archive.open(part).read(4096)
                ):
                    raise SheetRefused(
                        "Il file XLSX contiene dichiarazioni non ammesse: copia i dati in un foglio nuovo."
                    )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise SheetRefused("Il file XLSX è rovinato o protetto: salvalo di nuovo, senza password.") from error


def _without_tail(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _as_text(value: Any) -> str:
    """As a person would have typed it in Italy: 05/09/2019, 12345,67. A formula is shown, never computed."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "sì" if value else "no"
    if isinstance(value, dt.datetime | dt.date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    return "=" + str(getattr(value, "text", "") or "")


def _number(value: float) -> str:
    if value.is_integer():
        return str(int(value))
    return f"{Decimal(repr(round(value, 6))):f}".replace(".", ",")


def as_csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV for an Italian spreadsheet; a cell that would begin a formula gets an apostrophe in front."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([escaped(title) for title in titles])
    writer.writerows([[escaped(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def escaped(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
