"""Absences out of an electronic register: checked row by row, registered once, own schools only."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from attendance import absences, electronic, registers
from attendance.errors import BadList
from attendance.models import Absence, ClassRegister, RegisterImport
from attendance.rules import absence_rows
from attendance.rules.absence_rows import Asked, Problem
from enrolments.errors import Refused
from enrolments.models import School
from identity.models import User
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
NINE = at("2026-11-24 09:00")
HEADER = "Giorno;Classe;Codice alunno;Cognome;Nome;Evento\n"
SAMPLE = Path(__file__).parents[2] / "docs" / "esempi" / "assenze-registro.csv"


def check(town: Town, text: str, now: dt.datetime = NINE) -> RegisterImport:
    schools = School.objects.of_staff(town.dora)
    return electronic.check(data=text.encode(), name="assenze.csv", schools=schools, by=town.dora, now=now)


def apply(
    town: Town, batch: RegisterImport, *, whole: bool = False, now: dt.datetime = NINE
) -> RegisterImport:
    schools = School.objects.of_staff(town.dora)
    return electronic.apply(batch=batch, schools=schools, whole=whole, by=town.dora, now=now)


def found(batch: RegisterImport) -> list[list[int]]:
    return [asked["pupils"] for asked in batch.absent.values()]


def absent_now() -> list[str]:
    rows = Absence.objects.filter(source="school", absent=True).order_by("pupil__sort_key")
    return [row.pupil.first_name for row in rows.select_related("pupil")]


def test_a_pupil_is_found_by_class_and_name_or_by_code_never_by_fiscal_code(canteen: Town) -> None:
    batch = check(
        canteen,
        f"{HEADER}24/11/2026;3^a;;BIANCHI;  luca ;A\n2026-11-24;;{canteen.tommaso.code.lower()};;;\n",
    )
    assert (batch.problems, found(batch)) == (
        [],
        [sorted([canteen.luca.pk, canteen.tommaso.pk])],
    )
    assert apply(canteen, batch).outcome[0]["done"]
    assert absent_now() == ["Luca", "Tommaso"]


def test_the_dry_run_changes_nothing_and_keeps_no_name(canteen: Town) -> None:
    batch = check(canteen, f"{HEADER}24/11/2026;3A;;Bianchi;Luca;A\n24/11/2026;3A;;Ignoto;Pino;A\n")
    assert not Absence.objects.exists()
    assert not ClassRegister.objects.exists()
    assert "Ignoto" not in str(batch.problems) + str(batch.absent)


def test_each_wrong_row_says_what_is_wrong_and_the_others_are_good(canteen: Town) -> None:
    batch = check(
        canteen,
        HEADER
        + "24/11/2026;3A;;Bianchi;Luca;A\n"
        + "23/11/2026;3A;;Bianchi;Luca;A\n"
        + "ieri;3A;;Bianchi;Luca;A\n"
        + "24/11/2026;9Z;;Bianchi;Luca;A\n"
        + "24/11/2026;3A;;Verdi;Pia;A\n"
        + "24/11/2026;3A;;Neri;Tommaso;R\n"
        + "24/11/2026;3A;;Bianchi;Luca;A\n"
        + "24/11/2026;;;Bianchi;;A\n"
        + "24/11/2026;3A;;Neri;Tommaso;boh\n",
    )
    problems = [(one["row"], one["column"], one["error"]) for one in batch.problems]
    assert problems == [
        (3, "Giorno", True),
        (4, "Giorno", True),
        (5, "Classe", True),
        (6, "Cognome", True),
        (7, "Evento", False),
        (8, "Cognome", False),
        (9, "Cognome", True),
        (10, "Evento", True),
    ]
    assert found(batch) == [[canteen.luca.pk]]


def test_a_pupil_of_another_school_is_not_there(canteen: Town) -> None:
    """Sofia is in the infanzia; Dora works for the primaria alone."""
    batch = check(canteen, f"{HEADER}24/11/2026;;{canteen.sofia.code};;;A\n24/11/2026;2A;;Bianchi;Sofia;A\n")
    assert [one["row"] for one in batch.problems] == [2, 3]
    assert batch.absent == {}
    for whole in (False, True):
        with pytest.raises(BadList, match="nessuna riga"):
            apply(canteen, batch, whole=whole)


def test_registering_twice_is_registering_once(canteen: Town) -> None:
    batch = check(canteen, f"{HEADER}24/11/2026;3A;;Bianchi;Luca;A\n")
    first = apply(canteen, batch)
    registers.confirm(
        class_group=canteen.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[],
        by=canteen.dora,
        now=at("2026-11-24 09:10"),
    )
    again = apply(canteen, batch, now=at("2026-11-24 09:20"))
    assert (again.applied_at, again.outcome) == (first.applied_at, first.outcome)
    assert absent_now() == []


def test_a_file_of_the_whole_school_confirms_also_the_classes_it_does_not_name(canteen: Town) -> None:
    from enrolments import enrolling

    enrolling.change_class(
        pupil=canteen.tommaso,
        class_group=canteen.classes["primaria 4A"],
        from_day=dt.date(2026, 11, 1),
        by=canteen.enzo,
        now=at("2026-10-31 10:00"),
    )
    text = f"{HEADER}24/11/2026;3A;;Bianchi;Luca;A\n"
    assert [row["label"] for row in apply(canteen, check(canteen, text)).outcome] == ["3A"]
    done = apply(canteen, check(canteen, text), whole=True, now=at("2026-11-24 09:05"))
    assert [(row["label"], row["absent"]) for row in done.outcome] == [("3A", 1), ("4A", 0)]
    assert ClassRegister.objects.count() == 2


def test_a_class_that_can_no_longer_be_changed_says_why_and_stops_no_other(canteen: Town) -> None:
    registers.confirm(
        class_group=canteen.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[],
        by=canteen.dora,
        now=NINE,
    )
    batch = check(canteen, f"{HEADER}24/11/2026;3A;;Bianchi;Luca;A\n")
    (row,) = apply(canteen, batch, now=at("2026-11-24 09:45")).outcome
    assert not row["done"]
    assert "09:30" in row["why"]
    assert absent_now() == []


def test_a_roll_call_confirmed_after_the_dry_run_is_not_overwritten(canteen: Town) -> None:
    batch = check(canteen, f"{HEADER}24/11/2026;3A;;Bianchi;Luca;A\n")
    registers.confirm(
        class_group=canteen.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[canteen.tommaso.pk],
        by=canteen.enzo,
        now=at("2026-11-24 09:05"),
    )
    (row,) = apply(canteen, batch, now=at("2026-11-24 09:06")).outcome
    assert "collega" in row["why"]
    assert absent_now() == ["Tommaso"]
    again = check(canteen, f"{HEADER}24/11/2026;3A;;Bianchi;Luca;A\n", now=at("2026-11-24 09:07"))
    assert apply(canteen, again, now=at("2026-11-24 09:08")).outcome[0]["done"]
    assert absent_now() == ["Luca"]


def test_the_families_absences_are_beside_those_of_the_file(canteen: Town) -> None:
    absences.mark(pupil=canteen.tommaso, days=[TUESDAY], by=canteen.carla, now=at("2026-11-24 08:00"))
    batch = check(canteen, f"{HEADER}24/11/2026;3A;;Bianchi;Luca;A\n")
    schools = School.objects.of_staff(canteen.dora)
    (row,) = [
        row for row in electronic.rows(batch=batch, schools=schools, now=NINE) if row.absent is not None
    ]
    assert (row.absent, row.today.announced, row.replaces) == (1, 1, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "vuoto"),
        ("Classe;Cognome;Nome\n3A;Bianchi;Luca\n", "Giorno"),
        ("Giorno;Cognome\n24/11/2026;Bianchi\n", "Codice alunno.*c'è: «Giorno», «Cognome»"),
        ("Codice;Cognome\n24/11/2026;Bianchi\n", "Manca la colonna «Giorno».*c'è: «Codice», «Cognome»"),
        ("Giorno;Giorno;Codice\n24/11/2026;;X\n", "due volte"),
    ],
)
def test_a_file_that_is_not_a_list_of_absences_is_refused(canteen: Town, text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check(canteen, text)
    assert not RegisterImport.objects.exists()


def test_the_example_of_the_manual_is_read_as_the_manual_says(canteen: Town) -> None:
    batch = check(canteen, SAMPLE.read_text("utf-8"))
    assert found(batch) == [[canteen.luca.pk]]
    assert [(one["row"], one["error"]) for one in batch.problems] == [(3, False), (4, True)]


@pytest.mark.parametrize(
    ("cell", "label"), [("3A", "3A"), ("3 a", "3A"), ("3^A", "3A"), ("3ªA", "3A"), ("3°-A", "3A")]
)
def test_a_class_is_written_in_many_ways(cell: str, label: str) -> None:
    assert absence_rows.label(cell) == label


def test_what_looks_like_a_formula_is_only_text() -> None:
    columns = absence_rows.header(["Giorno", "Classe", "Cognome", "Nome"])
    read = absence_rows.read(2, ["24/11/2026", "3A", '=HYPERLINK("x")', "+Luca"], columns, TUESDAY)
    assert isinstance(read, Asked)
    assert (read.last_name, read.first_name) == ('HYPERLINK("x")', "Luca")
    assert isinstance(absence_rows.read(3, ["2026-13-40", "3A", "a", "b"], columns, TUESDAY), Problem)


@pytest.mark.parametrize("rows", ["", "24/11/2026;3A;;Verdi;Pia;A\n", "24/11/2026;3A;;Neri;Tommaso;R\n"])
def test_a_file_without_any_absence_says_what_was_expected_and_offers_nothing_to_confirm(
    canteen: Town, rows: str, client_of: Callable[[User], Client]
) -> None:
    clock.move_to(NINE)
    batch = check(canteen, HEADER + rows)
    url = reverse("attendance:absence_list", args=[batch.pk])
    page = client_of(canteen.dora).get(url).content.decode()
    assert "non c'è niente da confermare" in page
    assert "Nella prima riga del file c&#x27;è: «Giorno», «Classe», «Codice alunno»" in page
    assert reverse("attendance:absence_list_apply", args=[batch.pk]) not in page
