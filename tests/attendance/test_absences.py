"""A parent marks a day or a range, takes it back, and is told exactly what happened."""

import datetime as dt

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import absences, corrections, verdicts
from attendance.errors import BadRange, NoServiceDay, TooLate, YearIsClosed
from attendance.models import Absence
from enrolments.models import SchoolYear
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
EARLY = at("2026-11-24 08:30")
WEDNESDAY = dt.date(2026, 11, 25)


def days(first: str, last: str) -> list[dt.date]:
    return absences.days_between(dt.date.fromisoformat(first), dt.date.fromisoformat(last))


def test_a_parent_marks_today_before_the_cutoff(canteen: Town) -> None:
    done = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    assert done.changed == (TUESDAY,)
    assert absences.marked_sentence(done) == "Assenza segnata per martedì 24/11. Ricevuta n. 1/2026."
    assert _eats(canteen, TUESDAY) is False


@pytest.mark.parametrize(("clock", "accepted"), [("09:00:59", True), ("09:01:00", False)])
def test_the_last_second_counts(canteen: Town, clock: str, accepted: bool) -> None:
    now = at(f"2026-11-24 {clock}")
    if accepted:
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=now)
    else:
        with pytest.raises(TooLate, match="Sono passate le 09:00"):
            absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=now)
    assert _eats(canteen, TUESDAY) is not accepted


def test_a_late_notice_is_kept_as_evidence(canteen: Town) -> None:
    with pytest.raises(TooLate):
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 09:05"))
    row = Absence.objects.get()
    assert (row.absent, row.in_time) == (True, False)
    assert (_eats(canteen, TUESDAY), _code(canteen, TUESDAY)) == (True, "eats_late_notice")


def test_a_late_tap_takes_nothing_from_a_notice_that_came_in_time(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    with pytest.raises(TooLate):
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.bruno, now=at("2026-11-24 09:30"))
    assert Absence.objects.get().in_time is True
    assert _eats(canteen, TUESDAY) is False


def test_a_range_over_holidays_takes_only_the_service_days(canteen: Town) -> None:
    asked = days("2026-12-04", "2026-12-09")  # Friday to Wednesday, with the Immacolata
    done = absences.mark(pupil=canteen.luca, days=asked, by=canteen.anna, now=EARLY)
    assert done.changed == (dt.date(2026, 12, 4), dt.date(2026, 12, 7), dt.date(2026, 12, 9))
    assert len(done.idle) == 3
    assert absences.marked_sentence(done) == (
        "Assenza segnata per 3 giorni, da venerdì 04/12 a mercoledì 09/12. "
        "Ricevute dal n. 1/2026 al n. 3/2026. 3 giorni senza mensa saltati."
    )


def test_a_range_from_today_after_the_cutoff_marks_the_later_days_and_says_so(canteen: Town) -> None:
    done = absences.mark(
        pupil=canteen.luca,
        days=days("2026-11-24", "2026-11-25"),
        by=canteen.anna,
        now=at("2026-11-24 10:00"),
    )
    assert (done.changed, done.late) == ((WEDNESDAY,), (TUESDAY,))
    assert absences.marked_sentence(done) == (
        "Assenza segnata per mercoledì 25/11. Ricevute dal n. 1/2026 al n. 2/2026. "
        "Per martedì 24/11 l'orario è passato e il pasto resta: i giorni successivi restano aperti."
    )


def test_a_double_tap_changes_nothing(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    again = absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:31"))
    assert (again.changed, again.already) == ((), (TUESDAY,))
    assert absences.marked_sentence(again) == "L'assenza era già segnata per martedì 24/11."
    assert Absence.objects.get().marked_at == EARLY


def test_between_two_parents_the_last_in_time_wins(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    absences.withdraw(pupil=canteen.luca, days=[TUESDAY], by=canteen.bruno, now=at("2026-11-24 08:40"))
    assert _eats(canteen, TUESDAY) is True
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:50"))
    assert _eats(canteen, TUESDAY) is False


def test_a_notice_in_time_counts_also_when_the_late_one_of_the_other_parent_is_written_first(
    canteen: Town,
) -> None:
    with pytest.raises(TooLate):
        absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.bruno, now=at("2026-11-24 09:01:00"))
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 09:00:59"))
    assert _eats(canteen, TUESDAY) is False


def test_undo_before_the_cutoff_gives_the_meal_back_and_after_it_is_refused(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY, WEDNESDAY], by=canteen.anna, now=EARLY)
    done = absences.withdraw(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    assert absences.withdrawn_sentence(done) == (
        "Assenza annullata per martedì 24/11: il pasto c'è di nuovo. Ricevuta n. 3/2026."
    )
    with pytest.raises(TooLate):
        absences.withdraw(
            pupil=canteen.luca, days=[WEDNESDAY], by=canteen.anna, now=at("2026-11-25 09:01:00")
        )
    assert _eats(canteen, WEDNESDAY) is False


def test_a_day_without_canteen_is_refused_with_its_reason(canteen: Town) -> None:
    with pytest.raises(NoServiceDay, match=r"martedì 08/12 non c'è un pasto: festa nazionale: Immacolata"):
        absences.mark(pupil=canteen.luca, days=[dt.date(2026, 12, 8)], by=canteen.anna, now=EARLY)


def test_a_backwards_or_endless_range_is_refused(canteen: Town) -> None:
    with pytest.raises(BadRange, match="viene prima"):
        days("2026-11-25", "2026-11-24")
    with pytest.raises(BadRange, match="troppo lungo"):
        days("2026-11-25", "2027-11-24")


def test_every_change_is_in_the_history(canteen: Town) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=EARLY)
    absences.withdraw(pupil=canteen.luca, days=[TUESDAY], by=canteen.bruno, now=at("2026-11-24 08:40"))
    history = apps.get_model("attendance", "AbsenceEvent")._default_manager
    events = history.order_by("pgh_id").values_list("absent", "marked_by_id")
    assert list(events) == [(True, canteen.anna.pk), (False, canteen.bruno.pk)]


def test_the_office_corrects_at_any_time_but_not_a_closed_year(canteen: Town) -> None:
    late = at("2026-12-20 17:00")
    assert corrections.correct(
        pupil=canteen.luca, day=TUESDAY, absent=True, reason="febbre", by=canteen.enzo, now=late
    )
    assert not corrections.correct(
        pupil=canteen.luca, day=TUESDAY, absent=True, reason="febbre", by=canteen.enzo, now=late
    )
    assert _code(canteen, TUESDAY) == "absent_office"
    with pytest.raises(BadRange, match="motivo"):
        corrections.correct(
            pupil=canteen.luca, day=TUESDAY, absent=True, reason=" ", by=canteen.enzo, now=late
        )
    with pytest.raises(NoServiceDay, match="non c'è un pasto da correggere: di sabato e domenica"):
        corrections.correct(
            pupil=canteen.luca, day=dt.date(2026, 11, 22), absent=True, reason="x", by=canteen.enzo, now=late
        )
    SchoolYear.objects.update(state=SchoolYear.State.CLOSED)
    with pytest.raises(YearIsClosed, match="rettifica"):
        corrections.correct(
            pupil=canteen.luca, day=TUESDAY, absent=False, reason="x", by=canteen.enzo, now=late
        )


def test_the_queries_do_not_depend_on_how_many_pupils_and_days(canteen: Town) -> None:
    with CaptureQueriesContext(connection) as one:
        verdicts.of_pupils(pupils=[canteen.luca], days=[TUESDAY])
    with CaptureQueriesContext(connection) as many:
        verdicts.of_pupils(
            pupils=[canteen.luca, canteen.sofia, canteen.tommaso], days=days("2026-09-01", "2027-06-30")
        )
    assert len(one) == len(many) <= 12


def _eats(town: Town, day: dt.date) -> bool:
    return verdicts.of_pupils(pupils=[town.luca], days=[day])[town.luca.pk, day].eats


def _code(town: Town, day: dt.date) -> str:
    return verdicts.of_pupils(pupils=[town.luca], days=[day])[town.luca.pk, day].code
