"""The sample written as the office would save it: CSV with semicolons, XLSX with true dates and numbers."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from enrolments.rules.columns import COLUMNS
from enrolments.sample.mess import Row, Sample, make

NAME = "domande-2026-27"


def write(folder: Path) -> list[Path]:
    """The files of docs/esempi; writing them again gives the same bytes (but for the XLSX, which carries its date)."""
    sample = make()
    paths = [folder / f"{NAME}{ending}" for ending in (".csv", "-corrette.csv", ".xlsx", "-attese.json")]
    folder.mkdir(parents=True, exist_ok=True)
    paths[0].write_bytes(as_csv(sample.rows))
    paths[1].write_bytes(as_csv(sample.mended))
    paths[2].write_bytes(as_xlsx(sample))
    paths[3].write_text(json.dumps(sample.expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return paths


def as_csv(rows: Iterable[Row]) -> bytes:
    """UTF-8 with a byte order mark and semicolons: what an Italian spreadsheet saves as "CSV UTF-8"."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.title for column in COLUMNS])
    writer.writerows([[row[column.key] for column in COLUMNS] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(sample: Sample) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Domande")
    sheet.append([column.title for column in COLUMNS])
    for row in sample.rows:
        sheet.append([_typed(column.key, row[column.key]) for column in COLUMNS])
    book.properties.created = book.properties.modified = dt.datetime(2026, 8, 31, 10)  # noqa: DTZ001 (the format has no zone)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _typed(key: str, text: str) -> Any:
    """Dates and grades as a spreadsheet types them; what cannot be a date or begins like a formula stays as it is written."""
    if key in {"born", "isee_date", "first_day"} and text:
        try:
            return dt.datetime.strptime(text, "%d/%m/%Y")  # noqa: DTZ007 (the format has no zone)
        except ValueError:
            return text
    if key == "grade":
        return int(text)
    return text or None
