"""CSV as Italian spreadsheets open it: semicolons, decimal comma, UTF-8 with its mark; a text never becomes a formula."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

Cell = str | int | Decimal | dt.date | None
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def render(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return "\N{BYTE ORDER MARK}" + out.getvalue()


def _written(cell: Cell) -> str:
    """Numbers and dates are ours and are written plainly; a text that a spreadsheet would compute gets an apostrophe."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:.2f}".replace(".", ",")
    if isinstance(cell, dt.date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, int):
        return str(cell)
    text = " ".join(cell.split())
    return f"'{text}" if text.startswith(FORMULA) or cell.startswith(FORMULA) else text
