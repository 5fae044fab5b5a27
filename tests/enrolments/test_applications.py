"""The shipped list of 600 children comes out as its companion file says."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from enrolments import applications
from enrolments.models import (
    Application,
    ApplicationBatch,
    ClassGroup,
    Enrolment,
    Household,
    Level,
    Pupil,
    SchoolYear,
)
from enrolments.sample import people
from identity.models import Role, User
from tests import cast

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "esempi"
NOW = cast.SUMMER
LEVELS = {"BADEMO01": Level.INFANZIA, "BADEMO02": Level.PRIMARIA, "BADEMO03": Level.PRIMARIA}


@pytest.fixture
def office(db: None) -> User:
    return cast.staff("enzo", Role.OFFICE)


@pytest.fixture
def year(office: User) -> SchoolYear:
    """2026/27 with the classes of the demo town, empty."""
    year = cast.school_year()
    for code, classes in people.SCHOOLS.items():
        school = cast.school(code, f"Scuola {code}", LEVELS[code])
        for grade, section in classes:
            ClassGroup.objects.create(school=school, year=year, grade=grade, section=section)
    cast.adopt_fares(by=office)
    return year


def check(year: SchoolYear, office: User, name: str) -> ApplicationBatch:
    with (EXAMPLES / name).open("rb") as file:
        return applications.check(file=file, name=name, year=year, by=office, now=NOW)


def short(problems: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((one["row"], one["column"], one["value"], one["problem"]) for one in problems)


@pytest.mark.parametrize("name", ["domande-2026-27.csv", "domande-2026-27.xlsx"])
def test_the_shipped_list_comes_out_as_written_beside_it(name: str, year: SchoolYear, office: User) -> None:
    expected = json.loads((EXAMPLES / "domande-2026-27-attese.json").read_text("utf-8"))
    started = time.monotonic()
    batch = check(year, office, name)
    print("check", time.monotonic() - started)
    assert batch.report["rows"] == expected["rows"]
    assert short(batch.report["errors"]) == short(expected["errors"])
    assert short(batch.report["warnings"]) == short(expected["warnings"])
    assert batch.report["taken"] == batch.report["new"] == expected["taken"]
    assert not Pupil.objects.exists()
    started = time.monotonic()
    households = applications.apply(batch=batch, by=office, now=NOW)
    print("apply", time.monotonic() - started)
    assert len(households) == Household.objects.count() == expected["households"]
    assert Pupil.objects.count() == Application.objects.count() == expected["taken"]
    assert classes() == expected["classes"]


def classes() -> dict[str, int]:
    rows = Enrolment.objects.values_list(
        "class_group__school__code", "class_group__grade", "class_group__section"
    )
    return dict(Counter(f"{code} {grade}{section}" for code, grade, section in rows))
