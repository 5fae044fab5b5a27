"""The regulation as tables: service days, cut-offs, the verdict."""

import datetime as dt

import pytest

from attendance.calendar import national_holidays
from attendance.rules import cutoff
from attendance.rules.cutoff import DEFAULT_HOURS, Hours
from attendance.rules.service_days import ClassFacts, Patron, Shut, Span, Week, service
from attendance.rules.verdict import ALL, Case, Office, Parent, Phase, School, decide, every_case
from tests.cast import at

PERIOD = Span(dt.date(2026, 10, 1), dt.date(2027, 6, 9))
BITRITTO = Patron("Madonna di Costantinopoli", month=3, weekday=1, nth=1)
HOLIDAYS = national_holidays(dt.date(2026, 9, 1), dt.date(2027, 8, 31))
WEEK = (dt.date(2026, 9, 1), dt.date(2027, 1, 31))
TUESDAY_THURSDAY = Week(Span(*WEEK), (False, True, False, True, False))
FROM_FEBRUARY = Week(Span(dt.date(2027, 2, 1), None), (True, False, True, False, False))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("2026-09-30", "out_of_period"),
        ("2026-10-01", "open"),
        ("2026-10-03", "weekend"),
        ("2026-10-04", "weekend"),  # Sunday, and the feast of San Francesco
        ("2026-12-08", "holiday"),
        ("2026-12-25", "holiday"),
        ("2027-01-06", "holiday"),
        ("2027-03-02", "patron"),  # first Tuesday of March
        ("2027-03-09", "open"),
        ("2027-03-29", "holiday"),  # Easter Monday
        ("2027-06-02", "holiday"),
        ("2027-06-09", "open"),
        ("2027-06-10", "out_of_period"),
    ],
)
def test_a_full_time_class_eats_when_the_calendar_says(when: str, code: str) -> None:
    found = service(day(when), ClassFacts(periods=(PERIOD,), patron=BITRITTO), HOLIDAYS)
    assert (found.code, found.open) == (code, code == "open")


@pytest.mark.parametrize(
    ("year", "patron"), [(2026, "2026-03-03"), (2027, "2027-03-02"), (2028, "2028-03-07")]
)
def test_the_patron_of_bitritto_is_the_first_tuesday_of_march(year: int, patron: str) -> None:
    days = [dt.date(year, 1, 1) + dt.timedelta(days=step) for step in range(365)]
    assert [found for found in days if BITRITTO.falls_on(found)] == [day(patron)]


def test_a_patron_may_be_a_date() -> None:
    nicholas = Patron("San Nicola", month=12, day=6)
    assert nicholas.falls_on(day("2026-12-06"))
    assert not nicholas.falls_on(day("2026-12-07"))


@pytest.mark.parametrize(
    ("when", "eats"),
    [
        ("2026-11-23", False),  # Monday
        ("2026-11-24", True),
        ("2026-11-26", True),
        ("2027-01-28", True),  # last Thursday of the old week
        ("2027-02-01", True),  # Monday: the week has changed
        ("2027-02-02", False),
    ],
)
def test_a_class_eats_on_its_weekdays_which_may_change_on_a_date(when: str, eats: bool) -> None:
    facts = ClassFacts(periods=(PERIOD,), weeks=(TUESDAY_THURSDAY, FROM_FEBRUARY))
    assert service(day(when), facts, HOLIDAYS).open is eats


def test_a_closure_says_why_and_a_packed_lunch_is_a_meal() -> None:
    when = day("2026-11-24")
    strike = Shut(Span(when, when), "sciopero")
    trip = Shut(Span(when, when), "uscita didattica", packed=True)
    shut = service(when, ClassFacts((PERIOD,), closures=(trip, strike)), HOLIDAYS)
    packed = service(when, ClassFacts((PERIOD,), closures=(trip,)), HOLIDAYS)
    assert (shut.open, shut.sentence) == (False, "Mensa chiusa: sciopero.")
    assert (packed.open, packed.packed, packed.sentence) == (True, True, "Pranzo al sacco: uscita didattica.")


@pytest.mark.parametrize("when", ["2026-11-24", "2026-10-25", "2027-03-28", "2026-12-31", "2028-02-29"])
@pytest.mark.parametrize(
    ("clock", "in_time"),
    [
        ("00:00:00", True),
        ("08:59:59", True),
        ("09:00:00", True),
        ("09:00:59", True),
        ("09:00:59.999999", True),
        ("09:01:00", False),
        ("09:01:01", False),
        ("23:59:59", False),
    ],
)
def test_a_parent_is_in_time_until_the_end_of_the_minute_on_the_wall(
    when: str, clock: str, in_time: bool
) -> None:
    assert cutoff.parent_in_time(day(when), DEFAULT_HOURS, at(f"{when} {clock}")) is in_time


@pytest.mark.parametrize(
    ("when", "utc"), [("2026-10-24", 7), ("2026-10-25", 8), ("2027-03-27", 8), ("2027-03-28", 7)]
)
def test_the_cutoff_follows_the_wall_clock_on_the_days_the_hour_changes(when: str, utc: int) -> None:
    """The naive reckoning in UTC would be an hour off on two of these days."""
    limit = cutoff.parent_deadline(day(when), DEFAULT_HOURS)
    assert (limit.hour, limit.minute, limit.tzinfo) == (utc, 1, dt.UTC)


@pytest.mark.parametrize(
    ("moment", "confirmed", "allowed"),
    [
        ("2026-11-23 23:59:59", False, False),
        ("2026-11-24 07:45", False, True),
        ("2026-11-24 09:30:59", True, True),
        ("2026-11-24 09:31:00", True, False),
        ("2026-11-24 09:31:00", False, True),
        ("2026-11-24 19:59:59", False, True),
        ("2026-11-24 20:00:00", False, False),
        ("2026-11-25 08:00", True, False),
    ],
)
def test_the_school_changes_a_register_until_its_deadline_and_a_missing_one_until_the_debit(
    moment: str, confirmed: bool, allowed: bool
) -> None:
    found = cutoff.school_may_confirm(day("2026-11-24"), DEFAULT_HOURS, at(moment), confirmed=confirmed)
    assert found is allowed


@pytest.mark.parametrize(("clock", "due"), [("19:59:59", False), ("20:00:00", True), ("20:00:01", True)])
def test_the_debit_is_due_at_its_hour(clock: str, due: bool) -> None:
    assert cutoff.night_is_due(day("2026-11-24"), DEFAULT_HOURS, at(f"2026-11-24 {clock}")) is due


def test_the_office_may_adopt_other_hours() -> None:
    early = Hours(parent_cutoff=dt.time(8, 30))
    assert cutoff.parent_in_time(day("2026-11-24"), early, at("2026-11-24 08:30:59"))
    assert not cutoff.parent_in_time(day("2026-11-24"), early, at("2026-11-24 08:31:00"))


NONE, ABSENT, LATE = Parent.NOTHING, Parent.ABSENT, Parent.LATE
NOT_TAKEN, PRESENT, AWAY = School.NOT_TAKEN, School.PRESENT, School.ABSENT
EATS, FREE = (True, True), (False, False)
CHARGED = (False, True)
#: parent, school, then (eats, charged) in phases A, B and C: domain.md, section 5, line by line.
TABLE = [
    (NONE, PRESENT, EATS, EATS, EATS),
    (NONE, NOT_TAKEN, EATS, EATS, EATS),
    (NONE, AWAY, FREE, FREE, CHARGED),
    (ABSENT, AWAY, FREE, FREE, FREE),
    (ABSENT, NOT_TAKEN, FREE, FREE, FREE),
    (ABSENT, PRESENT, EATS, EATS, EATS),
    (LATE, AWAY, FREE, FREE, CHARGED),
    (LATE, PRESENT, EATS, EATS, EATS),
    (LATE, NOT_TAKEN, EATS, EATS, EATS),
]


@pytest.mark.parametrize(("parent", "school", "a", "b", "c"), TABLE)
def test_the_table_of_the_two_sources(
    parent: Parent, school: School, a: tuple[bool, bool], b: tuple[bool, bool], c: tuple[bool, bool]
) -> None:
    found = [decide(Case(phase, parent, school, Office.NOTHING)) for phase in Phase]
    assert [(verdict.eats, verdict.charged) for verdict in found] == [a, b, c]


@pytest.mark.parametrize("phase", Phase)
def test_parent_absent_and_school_present_is_a_conflict_that_the_parent_may_dispute(phase: Phase) -> None:
    verdict = decide(Case(phase, ABSENT, PRESENT, Office.NOTHING))
    assert verdict.conflict
    assert verdict.disputable


def test_only_where_both_speak_the_parent_gets_a_note_of_what_the_school_saw() -> None:
    told = {phase: decide(Case(phase, NONE, AWAY, Office.NOTHING)).tell_parent for phase in Phase}
    assert told == {Phase.SCHOOL: False, Phase.BOTH: True, Phase.PARENTS: False}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(("parent", "school"), [(parent, school) for parent in Parent for school in School])
def test_every_cell_of_the_table_says_who_hears_of_it(phase: Phase, parent: Parent, school: School) -> None:
    """Conflict, kind note and dispute of each cell of domain.md section 5, as the page says them."""
    verdict = decide(Case(phase, parent, school, Office.NOTHING))
    assert verdict.conflict is (parent is ABSENT and school is PRESENT)
    assert verdict.tell_parent is (phase is Phase.BOTH and parent is NONE and school is AWAY)
    stays = phase is Phase.PARENTS and school is AWAY and parent is not ABSENT
    assert verdict.disputable is (stays or verdict.conflict or (parent is LATE and school is not AWAY))


def test_the_table_names_every_pair_of_words() -> None:
    assert {(row[0], row[1]) for row in TABLE} == {(parent, school) for parent in Parent for school in School}


def test_a_debit_without_a_meal_can_always_be_disputed() -> None:
    assert all(verdict.disputable for _, verdict in every_case() if verdict.charged and not verdict.eats)


def test_the_office_has_the_last_word() -> None:
    for case, verdict in every_case():
        if case.office is Office.ABSENT:
            assert (verdict.eats, verdict.charged) == FREE
        if case.office is Office.PRESENT:
            assert (verdict.eats, verdict.charged) == EATS


def test_the_table_is_whole_and_every_code_means_one_thing() -> None:
    cases = dict(every_case())
    assert len(cases) == 81
    assert {verdict.code for verdict in cases.values()} == {verdict.code for verdict in ALL}
    assert len({verdict.code for verdict in ALL}) == len(ALL)
    assert all(len(verdict.code) <= 24 for verdict in ALL)
