"""The list of applications as an office really gets it, and what must come out of it.

What is broken is written down while it is broken, so that the expected outcome does not come from the code that reads the file.
"""

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from stdnum.it import codicefiscale

from enrolments.rules.columns import BY_KEY
from enrolments.sample.people import SEED, Child, Family, families

Row = dict[str, str]
WRONG_CODES, DUPLICATES, SPELLINGS, SILENT_FAMILIES = 4, 6, 5, 14


@dataclass
class Sample:
    """Rows of the messy file, the same children mended, and the outcome."""

    rows: list[Row] = field(default_factory=list)
    mended: list[Row] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    expected: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Break:
    """One cell made wrong: column, what is written instead, and the code of the error that must be found."""

    key: str
    value: str
    problem: str


BREAKS = (
    Break("applicant_code", "wrong check letter", "fiscal_code"),
    Break("address", "=HYPERLINK(\"http://sito.example\";\"Via Roma 1\")", "formula"),
    Break("child_first", "=2+5", "formula"),
    Break("section", "@A", "formula"),
    Break("born", "31/02/2021", "date"),
    Break("school", "BADEMO09", "school"),
    Break("section", "Z", "class"),
    Break("isee", "dodicimila", "euro"),
)  # fmt: skip


def make() -> Sample:
    """The whole sample; no argument: it is the same every time."""
    dice = random.Random(SEED + 1)  # noqa: S311 (an invented list, not a secret)
    made = families()
    pairs = [(family, child) for family in made for child in family.children]
    dice.shuffle(pairs)
    sample = Sample(rows=[row_of(family, child, number) for number, (family, child) in enumerate(pairs, 1)])
    clean = [dict(row) for row in sample.rows]
    free = _Free(dice, len(pairs))
    _silence(sample, free, pairs)
    _spell(sample, free, pairs)
    _break_codes(sample, clean, free)
    _break_cells(sample, clean, free)
    _shift_birthdays(sample, free)
    _decorate(sample, free)
    _duplicate(sample, free)
    sample.errors.sort(key=_place)
    sample.warnings.sort(key=_place)
    sample.expected = _expected(sample, made)
    return sample


def row_of(family: Family, child: Child, number: int) -> Row:
    """The row of a child, as the office would write it."""
    applicant, other = family.applicant, family.other
    row = {
        "protocol": f"2026/{number + 3000}",
        "child_code": child.code,
        "child_last": child.last,
        "child_first": child.first,
        "born": _date(child.born),
        "school": child.school,
        "grade": str(child.grade),
        "section": child.section,
        "applicant_code": applicant.code,
        "applicant_last": applicant.last,
        "applicant_first": applicant.first,
        "email": applicant.email,
        "phone": applicant.phone,
        "address": family.address,
        "city": family.city,
        "other_code": other.code if other else "",
        "other_last": other.last if other else "",
        "other_first": other.first if other else "",
        "other_email": other.email if other else "",
        "resident": "sì" if family.resident else "no",
        "exemption": child.exemption,
        "exemption_act": f"Determina n. {100 + family.number} del 01/07/2026" if child.exemption else "",
        "diet": child.diet,
        "first_day": _date(family.first_day) if family.first_day else "",
    }
    return row | _isee(family)


def _isee(family: Family) -> Row:
    if family.isee is None or family.isee_date is None:
        return dict.fromkeys(("isee", "isee_protocol", "isee_date", "isee_omissions"), "")
    return {
        "isee": f"{family.isee:,.2f}".translate(str.maketrans(",.", ".,")),
        "isee_protocol": f"INPS-ISEE-2026-{family.number:08d}X-00",
        "isee_date": _date(family.isee_date),
        "isee_omissions": "sì" if family.omissions else "no",
    }


class _Free:
    """Row indexes that nothing has touched yet, drawn by chance."""

    def __init__(self, dice: random.Random, how_many: int) -> None:
        self.dice = dice
        self.indexes = list(range(how_many))
        dice.shuffle(self.indexes)

    def draw(self, how_many: int = 1, among: list[int] | None = None) -> list[int]:
        wanted = [index for index in self.indexes if among is None or index in among][:how_many]
        self.take(wanted)
        return wanted

    def take(self, indexes: list[int]) -> None:
        self.indexes = [index for index in self.indexes if index not in indexes]


def _silence(sample: Sample, free: _Free, pairs: list[tuple[Family, Child]]) -> None:
    """Families that wrote no e-mail."""
    alone = [index for index, (family, _) in enumerate(pairs) if len(family.children) == 1]
    for index in free.draw(SILENT_FAMILIES, alone):
        sample.rows[index]["email"] = ""
        sample.warnings.append(_problem(index, "email", "", "no_email"))


def _spell(sample: Sample, free: _Free, pairs: list[tuple[Family, Child]]) -> None:
    """The applicant of a second row is written in another way: the stored spelling, the first, stays."""
    by_family: dict[int, list[int]] = {}
    for index, (family, _) in enumerate(pairs):
        by_family.setdefault(family.number, []).append(index)
    several = [indexes for indexes in by_family.values() if len(indexes) == 2]
    for style, indexes in enumerate(several[:SPELLINGS]):
        free.take(indexes)
        row = sample.rows[max(indexes)]
        last = row["applicant_last"]
        row["applicant_last"] = (last.upper(), last + last[-1], last[:-1], last.replace("a", "à", 1) + "'", last.lower())[
            style
        ]  # fmt: skip
        sample.warnings.append(_problem(max(indexes), "applicant_last", row["applicant_last"], "spelling"))


def _break_codes(sample: Sample, clean: list[Row], free: _Free) -> None:
    """Children whose fiscal code has a wrong check letter."""
    for index in free.draw(WRONG_CODES):
        row = sample.rows[index]
        row["child_code"] = _wrong_letter(row["child_code"])
        sample.errors.append(_problem(index, "child_code", row["child_code"], "fiscal_code"))
        sample.mended.append(clean[index])


def _break_cells(sample: Sample, clean: list[Row], free: _Free) -> None:
    for broken in BREAKS:
        among = [i for i, row in enumerate(sample.rows) if row[broken.key]]
        (index,) = free.draw(1, among)
        row = sample.rows[index]
        wrong = _wrong_letter(row[broken.key]) if broken.problem == "fiscal_code" else broken.value
        row[broken.key] = wrong
        sample.errors.append(_problem(index, broken.key, wrong, broken.problem))
        sample.mended.append(clean[index])


def _shift_birthdays(sample: Sample, free: _Free) -> None:
    """The date in the file and the one in the fiscal code differ by a day: a person has to look, the row is taken."""
    for index in free.draw(2):
        row = sample.rows[index]
        born = dt.datetime.strptime(row["born"], "%d/%m/%Y").date()  # noqa: DTZ007 (a date, no time)
        row["born"] = _date(born + dt.timedelta(days=1))
        sample.warnings.append(_problem(index, "born", row["born"], "born"))


def _decorate(sample: Sample, free: _Free) -> None:
    """Harmless habits that are read without a word: small letters, spaces, a euro sign, other separators in dates."""
    for index in free.draw(20):
        row = sample.rows[index]
        row["child_code"] = row["child_code"].lower()
        row["child_last"] = f"  {row['child_last']} "
        row["born"] = row["born"].replace("/", "-")
        if row["isee"]:
            row["isee"] = f"€ {row['isee']}"


def _duplicate(sample: Sample, free: _Free) -> None:
    """The same row twice (the second is left out, with a warning), and the same child twice with two classes (an error)."""
    for index in free.draw(DUPLICATES):
        sample.rows.append(dict(sample.rows[index]))
        copy = len(sample.rows) - 1
        sample.warnings.append(_problem(copy, "child_code", sample.rows[copy]["child_code"], "repeated"))
    two_sections = [
        i for i, row in enumerate(sample.rows) if row["school"] == "BADEMO02" and row["section"] == "A"
    ]
    (index,) = free.draw(1, two_sections)
    sample.rows.append(sample.rows[index] | {"section": "B"})
    copy = len(sample.rows) - 1
    sample.errors.append(_problem(copy, "child_code", sample.rows[copy]["child_code"], "contradiction"))


def _expected(sample: Sample, made: list[Family]) -> dict[str, Any]:
    broken = {error["row"] for error in sample.errors}
    warned = {one["row"] for one in sample.warnings if one["problem"] == "repeated"}
    taken = [row for number, row in enumerate(sample.rows, 2) if number not in broken | warned]
    return {
        "rows": len(sample.rows),
        "taken": len(taken),
        "households": len({row["applicant_code"] for row in taken}),
        "errors": sample.errors,
        "warnings": sample.warnings,
        "classes": dict(sorted(Counter(f"{r['school']} {r['grade']}{r['section']}" for r in taken).items())),
        "with_the_mended_rows": {
            "pupils": sum(len(family.children) for family in made),
            "households": len(made),
        },
    }


def _problem(index: int, key: str, value: str, problem: str) -> dict[str, Any]:
    """Row 1 is the header, so the first application stands on row 2."""
    return {"row": index + 2, "column": BY_KEY[key].title, "value": value, "problem": problem}


def _place(problem: dict[str, Any]) -> tuple[int, str]:
    return problem["row"], problem["column"]


def _wrong_letter(code: str) -> str:
    right = codicefiscale.calc_check_digit(code[:-1])
    return code[:-1] + chr((ord(right) - ord("A") + 1) % 26 + ord("A"))


def _date(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
