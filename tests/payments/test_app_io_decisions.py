"""What the office decides, heard in the app IO: applications, reductions, withdrawals, diets. Each once, without saying what is private."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from enrolments import diets, enrolling, entitlements, timeline
from enrolments.models import Application, ApplicationBatch, Custody, Diet, DietRequest, Exemption, SchoolYear
from enrolments.rules.diets import NEUTRAL_CODE
from payments import io_history, io_news, receipts
from payments.models import IoMessage, IoStart, Notice
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.test_app_io import State, history_of, io, settled_long_ago, tell  # noqa: F401 - fixtures too
from tests.payments.test_receipts import incoming
from wallets.models import LowCreditAlert, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("io")]
Event = IoMessage.Event
TODAY = NOW.date()
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def office(town: cast.Town) -> dict[str, Any]:
    return {"by": town.enzo, "now": NOW}


def told(event: str) -> list[str]:
    """Who hears of it, in order; told twice, so that whoever is written to twice shows."""
    tell()
    tell()
    rows = IoMessage.objects.filter(event=event, state=State.SENT).select_related("guardian")
    return sorted(row.guardian.first_name for row in rows)


def everything() -> set[str]:
    tell()
    return set(IoMessage.objects.values_list("event", flat=True))


# -- applications -----------------------------------------------------------------------------------------------------
@pytest.fixture
def next_year(town: cast.Town) -> SchoolYear:
    year = cast.school_year("2027/28", 2027)
    SchoolYear.objects.filter(pk=year.pk).update(
        state="draft", applications_from=TODAY, applications_until=TODAY + 30 * ONE_DAY
    )
    return year


def test_when_applications_open_every_parent_of_the_canteen_hears_it_once(next_year: SchoolYear) -> None:
    assert told(Event.OPENING) == ["Anna", "Bruno", "Carla"]
    row = IoMessage.objects.filter(event=Event.OPENING)[0]
    assert "2027/28" in row.subject
    assert f"{TODAY + 30 * ONE_DAY:%d/%m/%Y}" in row.text


@pytest.mark.parametrize(
    "dates",
    [
        (None, None),
        (TODAY + ONE_DAY, None),
        (TODAY - 4 * ONE_DAY, None),
        (TODAY - 2 * ONE_DAY, TODAY - ONE_DAY),
    ],
    ids=["no date", "tomorrow", "last week", "closed already"],
)
def test_applications_that_do_not_open_now_are_not_announced(next_year: SchoolYear, dates: Any) -> None:
    SchoolYear.objects.filter(pk=next_year.pk).update(applications_from=dates[0], applications_until=dates[1])
    assert told(Event.OPENING) == []


def test_whose_child_has_left_does_not_hear_of_applications(
    next_year: SchoolYear, town: cast.Town, office: dict[str, Any]
) -> None:
    enrolling.withdraw(pupil=town.tommaso, last_day=TODAY - ONE_DAY, **office)
    assert told(Event.OPENING) == ["Anna", "Bruno"]


def test_after_the_last_class_of_all_there_is_nothing_to_apply_for(
    next_year: SchoolYear, town: cast.Town
) -> None:
    town.primaria.level = "secondaria"
    town.primaria.save(update_fields=["level"])
    assert told(Event.OPENING) == ["Anna", "Bruno"]


def test_in_summer_the_families_of_the_year_that_ended_hear_it(next_year: SchoolYear) -> None:
    august = cast.at("2027-09-05 10:00")
    SchoolYear.objects.filter(pk=next_year.pk).update(
        applications_from=august.date(), applications_until=None
    )
    tell(august)
    assert IoMessage.objects.filter(event=Event.OPENING).count() == 3


def applied(town: cast.Town) -> None:
    batch = ApplicationBatch.objects.create(
        year=town.year,
        file_name="x",
        file_digest="x",
        state="applied",
        applied_at=NOW,
        uploaded_by=town.enzo,
        uploaded_at=NOW,
    )
    for pupil, household in (
        (town.luca, town.family),
        (town.sofia, town.family),
        (town.tommaso, town.carla_family),
    ):
        Application.objects.create(year=town.year, pupil=pupil, household=household, batch=batch)


def test_who_has_declared_nothing_reads_with_the_enrolment_that_there_are_reductions(town: cast.Town) -> None:
    applied(town)
    assert told(Event.REDUCTIONS) == ["Carla"]


def test_with_two_children_the_reductions_are_said_once_to_each_parent(town: cast.Town) -> None:
    town.family.isee.all().delete()
    applied(town)
    assert told(Event.REDUCTIONS) == ["Anna", "Bruno", "Carla"]
    assert told(Event.ENROLLED) == ["Anna", "Carla"]
    texts = IoMessage.objects.filter(event=Event.ENROLLED).order_by("pk").values_list("text", flat=True)
    assert ["di 2 figli" in text for text in texts] == [True, False]


# -- withdrawals ------------------------------------------------------------------------------------------------------
def test_a_withdrawal_is_said_to_who_applied_with_the_first_day_without_meals(
    town: cast.Town, office: dict[str, Any]
) -> None:
    enrolling.withdraw(pupil=town.luca, last_day=TODAY + 4 * ONE_DAY, **office)
    assert told(Event.WITHDRAWN) == ["Anna"]
    row = IoMessage.objects.get()
    assert f"{TODAY + 5 * ONE_DAY:%d/%m/%Y}" in row.text
    assert town.luca.first_name not in row.text


def test_children_who_leave_together_are_one_message_that_says_how_many(
    town: cast.Town, office: dict[str, Any]
) -> None:
    for child in (town.luca, town.sofia):
        enrolling.withdraw(pupil=child, last_day=TODAY, **office)
    assert told(Event.WITHDRAWN) == ["Anna"]
    text = IoMessage.objects.get().text
    assert "di 2 figli" in text
    assert "non hanno più" in text


def test_a_child_who_follows_later_makes_it_one_more_and_no_message_reads_as_another(
    town: cast.Town, office: dict[str, Any]
) -> None:
    enrolling.withdraw(pupil=town.luca, last_day=TODAY, **office)
    assert told(Event.WITHDRAWN) == ["Anna"]
    settled_long_ago_now()
    enrolling.withdraw(pupil=town.sofia, last_day=TODAY, **office)
    assert told(Event.WITHDRAWN) == ["Anna", "Anna"]
    texts = IoMessage.objects.order_by("pk").values_list("text", flat=True)
    assert [" di un figlio " in text for text in texts] == [True, False]
    assert " di 2 figli " in texts[1]


def test_children_who_leave_on_different_days_are_two_messages(
    town: cast.Town, office: dict[str, Any]
) -> None:
    for child, days in ((town.luca, 1), (town.sofia, 2)):
        enrolling.withdraw(pupil=child, last_day=TODAY + days * ONE_DAY, **office)
    assert told(Event.WITHDRAWN) == ["Anna", "Anna"]
    assert all("di un figlio" in text for text in IoMessage.objects.values_list("text", flat=True))


def test_a_withdrawal_before_the_first_day_is_said_too(town: cast.Town, office: dict[str, Any]) -> None:
    enrolling.withdraw(pupil=town.tommaso, last_day=town.year.valid_from - ONE_DAY, **office)
    assert not town.tommaso.enrolments.exists()
    assert told(Event.WITHDRAWN) == ["Carla"]


@pytest.mark.parametrize("wait", [0, 7], ids=["from the first day", "from next week"])
def test_a_change_of_class_is_no_withdrawal(town: cast.Town, office: dict[str, Any], wait: int) -> None:
    day = (TODAY if wait else town.year.valid_from) + wait * ONE_DAY
    enrolling.change_class(pupil=town.luca, class_group=town.classes["primaria 4A"], from_day=day, **office)
    assert everything() == set()


def test_leaving_before_a_change_of_class_is_one_withdrawal(town: cast.Town, office: dict[str, Any]) -> None:
    enrolling.change_class(
        pupil=town.luca, class_group=town.classes["primaria 4A"], from_day=TODAY + 9 * ONE_DAY, **office
    )
    enrolling.withdraw(pupil=town.luca, last_day=TODAY, **office)
    assert told(Event.WITHDRAWN) == ["Anna"]


def test_a_class_made_by_mistake_takes_its_enrolments_with_it(
    town: cast.Town, office: dict[str, Any]
) -> None:
    enrolling.withdraw(pupil=town.sofia, last_day=town.year.valid_from - ONE_DAY, **office)
    town.classes["infanzia 2A"].delete()
    assert everything() == set()


def test_a_last_day_that_the_office_takes_back_is_no_withdrawal(
    town: cast.Town, office: dict[str, Any]
) -> None:
    row = town.luca.enrolments.get()
    enrolling.set_last_day(enrolment=row, last_day=TODAY, **office)
    enrolling.set_last_day(enrolment=row, last_day=None, **office)
    assert everything() == set()


# -- reductions -------------------------------------------------------------------------------------------------------
def exempt(
    town: cast.Town, act: str = "Det. 9", first: dt.date = TODAY, last: dt.date | None = None
) -> Exemption:
    return entitlements.exempt(
        pupil=town.luca, kind="social", act=act, from_day=first, to_day=last, by=town.enzo, now=NOW
    )


def test_an_exemption_is_said_to_both_parents(town: cast.Town) -> None:
    exempt(town)
    assert told(Event.BENEFIT) == ["Anna", "Bruno"]
    assert everything() == {Event.BENEFIT}


def test_a_family_that_had_the_child_once_hears_nothing(town: cast.Town) -> None:
    Custody.objects.filter(pupil=town.luca).update(valid_to=TODAY - ONE_DAY)
    Custody.objects.create(pupil=town.luca, household=town.carla_family, valid_from=TODAY + 9 * ONE_DAY)
    exempt(town)
    assert told(Event.BENEFIT) == ["Carla"]


def test_a_declaration_is_said_to_its_family_in_the_same_words(
    town: cast.Town, office: dict[str, Any]
) -> None:
    exempt(town)
    entitlements.declare_isee(
        household=town.carla_family, value=Decimal(9000), filed_on=TODAY, protocol="P", **office
    )
    assert told(Event.BENEFIT) == ["Anna", "Bruno", "Carla"]
    assert len(set(IoMessage.objects.values_list("subject", "text"))) == 1


def test_what_is_left_of_an_exemption_cut_in_two_is_no_new_one(town: cast.Town) -> None:
    exempt(town)
    settled_long_ago_now()
    exempt(town, act="Det. 10", first=TODAY + 30 * ONE_DAY, last=TODAY + 40 * ONE_DAY)
    assert town.luca.exemptions.count() == 3
    keys = ("pupil", "kind", "act", "pgh_created_at")
    begun = io_history.begun(Exemption.objects.all(), io_news.begin(now=NOW), *keys)
    assert [row.act for row in begun] == ["Det. 10"]
    assert everything() == {Event.BENEFIT}


def test_what_is_decided_for_the_children_of_a_family_on_one_day_is_one_message(
    town: cast.Town, office: dict[str, Any]
) -> None:
    for child in (town.luca, town.sofia):
        entitlements.exempt(
            pupil=child, kind="social", act="Det. 9", from_day=TODAY, to_day=TODAY + 9 * ONE_DAY, **office
        )
    assert told(Event.BENEFIT) == ["Anna", "Bruno"]
    assert told(Event.BENEFIT_ENDS) == ["Anna", "Bruno"]


def test_what_is_decided_on_another_day_is_another_message(town: cast.Town) -> None:
    exempt(town)
    tell()
    for history in history_of():
        history.update(pgh_created_at=Now() - 2 * ONE_DAY)
    IoMessage.objects.update(cause=f"benefit:{timezone.localdate() - 2 * ONE_DAY:%Y%m%d}")
    exempt(town, act="Det. 10", first=TODAY + 30 * ONE_DAY, last=TODAY + 40 * ONE_DAY)
    assert told(Event.BENEFIT) == ["Anna", "Anna", "Bruno", "Bruno"]


def test_an_exemption_that_ends_is_said_two_weeks_before(town: cast.Town) -> None:
    exempt(town, last=TODAY + 20 * ONE_DAY)
    assert told(Event.BENEFIT_ENDS) == []
    tell(NOW + 6 * ONE_DAY)
    rows = IoMessage.objects.filter(event=Event.BENEFIT_ENDS)
    assert {row.guardian.first_name for row in rows} == {"Anna", "Bruno"}
    assert f"{TODAY + 21 * ONE_DAY:%d/%m/%Y}" in rows[0].text


def test_an_exemption_that_goes_on_under_another_act_does_not_end(town: cast.Town) -> None:
    exempt(town, last=TODAY + 5 * ONE_DAY)
    exempt(town, act="Det. 10", first=TODAY + 6 * ONE_DAY)
    assert told(Event.BENEFIT_ENDS) == []


def test_an_exemption_that_the_office_ends_is_said_at_once(town: cast.Town, office: dict[str, Any]) -> None:
    row = exempt(town)
    entitlements.end_exemption(exemption=row, last_day=TODAY + 90 * ONE_DAY, reason="Rinuncia", **office)
    assert told(Event.BENEFIT_ENDS) == ["Anna", "Bruno"]


def test_an_exemption_taken_back_before_it_began_is_said(town: cast.Town, office: dict[str, Any]) -> None:
    row = exempt(town, first=TODAY + 9 * ONE_DAY)
    entitlements.end_exemption(exemption=row, last_day=TODAY + 8 * ONE_DAY, reason="Rinuncia", **office)
    assert told(Event.BENEFIT_ENDS) == ["Anna", "Bruno"]


def test_in_december_the_family_of_a_declaration_hears_that_it_ends_with_the_year(town: cast.Town) -> None:
    assert told(Event.BENEFIT_ENDS) == []
    for day in (16, 20):
        tell(cast.at(f"2026-12-{day} 10:00"))
    rows = IoMessage.objects.filter(event=Event.BENEFIT_ENDS)
    assert sorted(row.guardian.first_name for row in rows) == ["Anna", "Bruno"]
    assert "01/01/2027" in rows[0].text


# -- diets --------------------------------------------------------------------------------------------------------------
def asked(town: cast.Town) -> DietRequest:
    wanted = diets.Asked(kind="belief", reason="senza carne", first_day=TODAY)
    return diets.ask(pupil=town.luca, asked=wanted, by=town.bruno, now=NOW)


def test_the_answer_does_not_reach_who_asked_for_a_child_that_has_gone(town: cast.Town) -> None:
    diets.reject(request=asked(town), reason="no", by=town.enzo, now=NOW)
    cast.hand_over(town.luca, town.carla_family, TODAY)
    tell()
    assert not IoMessage.objects.filter(event=Event.DIET_REJECTED).exists()


def assigned(town: cast.Town, **other: Any) -> Diet:
    values = {"pupil": town.luca, "code": "D-03", "from_day": TODAY, "by": town.enzo, "now": NOW, **other}
    return entitlements.assign_diet(**values)


def test_a_request_taken_back_is_confirmed_to_who_had_made_it(town: cast.Town) -> None:
    diets.withdraw(request=asked(town), by=town.anna, now=NOW)
    assert told(Event.DIET_DROPPED) == ["Bruno"]
    assert everything() == {Event.DIET_DROPPED}


def test_a_diet_given_up_is_said_to_both_parents(town: cast.Town) -> None:
    timeline.end(assigned(town), TODAY + 20 * ONE_DAY)
    assert told(Event.DIET_ENDS) == ["Anna", "Bruno"]
    assert f"{TODAY + 21 * ONE_DAY:%d/%m/%Y}" in IoMessage.objects.all()[0].text


def test_a_diet_taken_back_before_it_began_is_said(town: cast.Town) -> None:
    timeline.end(assigned(town, from_day=TODAY + 9 * ONE_DAY), TODAY)
    assert told(Event.DIET_ENDS) == ["Anna", "Bruno"]


def test_a_diet_that_ends_is_said_five_days_before(town: cast.Town) -> None:
    assigned(town, to_day=TODAY + 6 * ONE_DAY)
    assert everything() == set()
    tell(NOW + ONE_DAY)
    assert IoMessage.objects.filter(event=Event.DIET_ENDS).count() == 2


def test_a_diet_with_another_after_it_or_a_new_certificate_does_not_end(
    town: cast.Town, office: dict[str, Any]
) -> None:
    row = assigned(town, to_day=TODAY + 60 * ONE_DAY, certificate_until=TODAY + 40 * ONE_DAY)
    diets.renew(diet=row, certificate_until=TODAY + 60 * ONE_DAY, from_day=TODAY, **office)
    assigned(town, code="D-04", from_day=TODAY + 3 * ONE_DAY)
    assert NEUTRAL_CODE.fullmatch("D-04")
    assert everything() == set()


# -- once, and from when --------------------------------------------------------------------------------------------------
def settled_long_ago_now() -> None:
    """What was decided until here was decided a month ago."""
    for history in history_of():
        history.update(pgh_created_at=Now() - 30 * ONE_DAY)


def test_what_was_decided_last_month_is_no_news(town: cast.Town, office: dict[str, Any]) -> None:
    exempt(town)
    enrolling.withdraw(pupil=town.tommaso, last_day=TODAY, **office)
    settled_long_ago_now()
    assert everything() == set()


def test_what_was_decided_before_the_portal_began_to_write_is_not_told(town: cast.Town) -> None:
    IoStart.objects.update(since=Now() + dt.timedelta(minutes=1))
    exempt(town)
    assert everything() == set()


@pytest.fixture
def eventful(
    town: cast.Town, next_year: SchoolYear, issue: Callable[..., Notice], office: dict[str, Any]
) -> None:
    """An hour ago, or yesterday where only a day is known, something of every kind that the portal finds by its own clock."""
    hour_ago = NOW - dt.timedelta(hours=1)
    SchoolYear.objects.filter(pk=next_year.pk).update(applications_from=TODAY - ONE_DAY)
    applied(town)
    ApplicationBatch.objects.update(applied_at=hour_ago)
    for decide in (diets.reject, diets.withdraw):
        other = {"reason": "no"} if decide is diets.reject else {}
        decide(request=asked(town), by=town.enzo if other else town.bruno, now=hour_ago, **other)
    receipts.record(incoming=incoming(issue(pupil=None).nav), channel="soap", now=hour_ago)
    for late in (False, True):
        made = issue(subject=f"Mensa scolastica {late}")
        due = TODAY - ONE_DAY if late else made.due_date
        Notice.objects.filter(pk=made.pk).update(published_at=hour_ago, due_date=due)
    for threshold in (2, -3):
        LowCreditAlert.objects.create(
            wallet=Wallet.objects.get(household=town.family), threshold=threshold, crossed_at=hour_ago
        )


FOUND_BY_THE_CLOCK = {
    Event.OPENING,
    Event.ENROLLED,
    Event.REDUCTIONS,
    Event.DIET_REJECTED,
    Event.DIET_DROPPED,
    Event.NOTICE,
    Event.UNPAID,
    Event.TOPPED_UP,
    Event.LOW_CREDIT,
    Event.DEBT,
}


@pytest.mark.usefixtures("eventful")
def test_what_happened_before_the_key_was_set_is_not_told_of_any_kind() -> None:
    IoStart.objects.update(since=Now(), by_clock=NOW)
    assert everything() == set()


@pytest.mark.usefixtures("eventful")
def test_the_control_with_the_key_set_long_ago_all_of_it_is_told() -> None:
    assert everything() == FOUND_BY_THE_CLOCK


@pytest.mark.usefixtures("eventful")
def test_the_first_round_after_the_key_is_set_begins_there(settings: Any) -> None:
    keys, settings.APP_IO_KEYS = settings.APP_IO_KEYS, []
    tell()
    settings.APP_IO_KEYS = keys
    assert everything() == set()
    assert IoStart.objects.get().by_clock == NOW


def test_a_clock_turned_back_for_a_training_begins_again_there(issue: Callable[..., Notice]) -> None:
    IoStart.objects.update(by_clock=NOW + 9 * ONE_DAY)
    tell()
    issue()
    Notice.objects.update(published_at=NOW)
    assert everything() == {Event.NOTICE}


def test_the_portal_begins_to_write_once() -> None:
    with pytest.raises(IntegrityError, match="one_start_in_the_app_io"), transaction.atomic():
        IoStart.objects.create(pk=2)


def test_without_a_key_nothing_is_even_written_down(town: cast.Town, settings: Any) -> None:
    settings.APP_IO_KEYS = []
    exempt(town)
    assert everything() == set()
    assert not IoStart.objects.exists()


#: And the mail that carries it.
ALSO_BY_MAIL = {
    Event.NOTICE: "payments/notice",
    Event.LOW_CREDIT: "wallets/low_credit",
    Event.DEBT: "wallets/low_credit",
    Event.DIET_ACCEPTED: "enrolments/diet_decided",
    Event.DIET_REJECTED: "enrolments/diet_decided",
    Event.DIET_ENDS: "enrolments/diet_ending",
}


def test_the_manual_promises_a_mail_only_where_there_is_one() -> None:
    base = Path(project.BASE_DIR)
    rows = [
        line.strip("|").split("|")
        for line in (base / "docs" / "manuale" / "pagopa.md").read_text("utf-8").splitlines()
    ]
    said = {row[1].strip(): row[-1].strip() for row in rows if len(row) == 5}
    promised = {event for event in Event if said[event.label].startswith("sì")}
    assert promised == set(ALSO_BY_MAIL)
    for template in ALSO_BY_MAIL.values():
        assert (base / "templates" / "email" / f"{template}.txt").exists()
    assert "le e-mail continuano" not in (base / "docs" / "manuale" / "famiglia.md").read_text("utf-8")


def test_the_manual_lists_every_event() -> None:
    manual = (Path(project.BASE_DIR) / "docs" / "manuale" / "pagopa.md").read_text("utf-8")
    assert [label for label in Event.labels if label not in manual] == []
