"""Files that are not what they say, that are too much, or that want to be computed: refused with a sentence, nothing stored."""

import contextlib
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import Workbook

from enrolments import applications, sheets
from enrolments.forms import CloseYearForm, ImportForm
from enrolments.models import ApplicationBatch
from enrolments.rules.columns import COLUMNS
from tests.cast import SUMMER, Town

TITLES = [column.title for column in COLUMNS]


def book(*rows: list[Any], merge: str = "") -> bytes:
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def archive(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in parts.items():
            zipped.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def with_entities() -> bytes:
    """A workbook whose sheet declares entities that double at each step."""
    source = zipfile.ZipFile(io.BytesIO(book(TITLES)))
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        for part in source.infolist():
            data = source.read(part)
            zipped.writestr(part, bomb + data if part.filename.endswith("sheet1.xml") else data)
    return stream.getvalue()


HOSTILE = {
    "empty": (b"", "elenco.csv", "vuoto"),
    "blank": (b"  \r\n ", "elenco.csv", "vuoto"),
    "only separators": (b";;;\n;;;\n", "elenco.csv", "vuoto"),
    "an empty sheet": (book(), "elenco.xlsx", "vuoto"),
    "too large": (b"a;" * sheets.MAX_BYTES, "elenco.csv", "troppo grande"),
    "a PDF by name": (b"%PDF-1.7", "elenco.pdf", "CSV o XLSX"),
    "a PDF called csv": (b"%PDF-1.7\x00\x01", "elenco.csv", "non è un testo"),
    "an image called xlsx": (b"\x89PNG\r\n", "elenco.xlsx", "non corrisponde"),
    "a workbook called csv": (book(TITLES), "elenco.csv", "non corrisponde"),
    "an old Excel": (sheets.OLD_EXCEL + b"rest", "elenco.xlsx", "vecchio Excel"),
    "a zip bomb": (archive(xl__sheet=b"0" * (sheets.MAX_UNPACKED + 1)), "elenco.xlsx", "troppo grande"),
    "too many parts": (archive(**{f"p{n}": b"" for n in range(600)}), "elenco.xlsx", "troppo grande"),
    "not a workbook": (archive(readme=b"ciao"), "elenco.xlsx", "rovinato"),
    "half a workbook": (book(TITLES)[:2000], "elenco.xlsx", "rovinato"),
    "entities": (with_entities(), "elenco.xlsx", "dichiarazioni non ammesse"),
    "too many rows": (b"a;b\n" + b"1;2\n" * (sheets.MAX_ROWS + 1), "elenco.csv", "troppe righe"),
    "too many columns": (b";".join([b"x"] * 101), "elenco.csv", "troppe colonne"),
    "only blank rows": (b"a" + b"\n" * 3000, "elenco.csv", "righe vuote"),
    "a cell without end": (b'a;"' + b"x" * 200_000, "elenco.csv", "virgolette"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_the_file_is_refused_with_a_sentence(what: str) -> None:
    data, name, words = HOSTILE[what]
    with pytest.raises(sheets.SheetRefused, match=words):
        sheets.read(data, name, what="l'elenco")


@pytest.mark.parametrize(
    ("rows", "merge", "words"),
    [
        ([["Elenco delle domande"], TITLES], "A1:F1", "solo la riga dei titoli"),
        ([["Cognome", "Nome"]], "", "Mancano le colonne"),
        ([[*TITLES, "Sezione"]], "", "c'è due volte"),
        ([TITLES], "", "solo la riga dei titoli"),
        ([[*TITLES[:3], None, None, None, *TITLES[6:]]], "D1:F1", "togli l'unione"),
    ],
)
def test_a_wrong_header_says_what_to_mend(rows: list[Any], merge: str, words: str, town: Town) -> None:
    with pytest.raises(applications.ApplicationsRefused, match=words):
        applications.check(
            file=book(*rows, merge=merge), name="a.xlsx", year=town.year, by=town.enzo, now=SUMMER
        )
    assert not ApplicationBatch.objects.exists()


def test_a_formula_in_a_workbook_is_an_error_and_is_not_computed(town: Town) -> None:
    row = ["=1+1" if column.key == "section" else "x" for column in COLUMNS]
    batch = applications.check(
        file=book(TITLES, row), name="a.xlsx", year=town.year, by=town.enzo, now=SUMMER
    )
    found = {one["column"]: one for one in batch.report["errors"]}
    assert found["Sezione"]["problem"] == "formula"
    assert found["Sezione"]["value"] == "=1+1"


def test_the_reading_writes_numbers_and_dates_as_italians_do() -> None:
    import datetime as dt

    rows = sheets.read(
        book([1, 1.0, 12345.67, 0.1 + 0.2, True, dt.date(2019, 9, 5), None, " x "]), "a.xlsx", what="l'elenco"
    )
    assert rows == [(1, ["1", "1", "12345,67", "0,3", "sì", "05/09/2019", "", " x "])]


def test_blank_rows_are_skipped_and_the_numbers_of_the_others_stay() -> None:
    assert [number for number, _ in sheets.read(b"a;b\n;;\n1;2\n", "a.csv", what="")] == [1, 3]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_we_write_never_begins_a_formula(cell: str) -> None:
    written = sheets.as_csv(["titolo"], [[cell]]).decode("utf-8-sig")
    assert "'" + cell[0] in written


@given(data=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.xlsx", "a.txt", "a"]))
@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    with contextlib.suppress(sheets.SheetRefused):
        sheets.read(data, name, what="l'elenco")


@given(tail=st.binary(max_size=200))
def test_any_broken_archive_is_refused(tail: bytes) -> None:
    with pytest.raises(sheets.SheetRefused):
        sheets.read(b"PK\x03\x04" + tail, "a.xlsx", what="")


def test_the_form_answers_beside_the_field(town: Town) -> None:
    for name, data, words in (
        ("a.pdf", b"%PDF", "CSV o XLSX"),
        ("a.csv", b"", "vuoto"),
        ("a.csv", b"x" * (sheets.MAX_BYTES + 1), "troppo grande"),
    ):
        form = ImportForm({"year": town.year.pk}, {"file": SimpleUploadedFile(name, data)})
        assert words in str(form.errors["file"])
    assert "Scegli il file" in str(ImportForm({"year": town.year.pk}, {}).errors["file"])
    assert ImportForm().fields["year"].initial == town.year


def test_closing_a_year_asks_to_write_it(town: Town) -> None:
    assert CloseYearForm({"label": "2026/27"}, year=town.year).is_valid()
    assert "scrivilo uguale" in str(CloseYearForm({"label": "2025/26"}, year=town.year).errors)
