"""Who is told of a closure, of its undoing, and by which words."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import closure_mails, closure_notices, closures, tasks
from attendance.models import Caterer, Closure, ClosureMail, ClosureNotice
from enrolments import families
from enrolments.families import GuardianData
from enrolments.models import Diet, Guardian
from enrolments.outbox import Round
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
NOW = at("2026-11-20 10:00")


@pytest.fixture
def cook(canteen: Town) -> Caterer:
    return Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example")


def shut(town: Town, **changes: Any) -> Closure:
    asked = {
        "school": town.primaria,
        "first_day": TUESDAY,
        "last_day": TUESDAY,
        "reason": "strike",
        "act": "nota 4",
        "by": town.enzo,
        "now": NOW,
        "tell": True,
        **changes,
    }
    return closures.declare(**asked)


def told() -> dict[str, str]:
    return {message.to[0]: message.body for message in mail.outbox}


def test_both_households_of_a_child_and_the_caterer_are_told_once(canteen: Town, cook: Caterer) -> None:
    shut(canteen)
    for _ in range(3):
        closure_mails.send_some(now=NOW)
    assert sorted(message.to[0] for message in mail.outbox) == [
        "anna@posta.example",
        "bruno@posta.example",
        "carla@posta.example",
        "ordini@mense.example",
    ]
    assert "Luca: martedì 24 novembre 2026, niente mensa (sciopero, nota 4)" in told()["anna@posta.example"]
    assert "Non devi fare niente." in told()["anna@posta.example"]
    assert (
        "Scuola primaria Ulivo (demo): martedì 24 novembre 2026, nessun pasto"
        in told()["ordini@mense.example"]
    )
    assert "Pasti da non preparare, con le iscrizioni di oggi: 2." in told()["ordini@mense.example"]


def test_a_family_with_children_in_two_schools_reads_of_the_child_concerned_only(canteen: Town) -> None:
    shut(canteen)
    closure_mails.send_some(now=NOW)
    assert "Sofia" not in told()["anna@posta.example"]


def test_a_closure_of_the_town_is_one_message_about_both_children(canteen: Town) -> None:
    shut(canteen, school=None)
    closure_mails.send_some(now=NOW)
    assert len(mail.outbox) == 3
    assert "Luca e Sofia: martedì" in told()["bruno@posta.example"]


def test_no_subject_says_who_or_when(canteen: Town, cook: Caterer) -> None:
    closure = shut(canteen)
    closure_mails.send_some(now=NOW)
    closures.revoke(closure=closure, by=canteen.enzo, now=NOW)
    closure_mails.send_some(now=NOW)
    for message in mail.outbox:
        assert not any(char.isdigit() for char in message.subject)
        assert not any(word in message.subject for word in ("Luca", "Bianchi", "Ulivo", "3A", "sciopero"))


def test_the_other_household_of_a_child_of_separated_parents_is_told_too(canteen: Town) -> None:
    grandmother = GuardianData(
        fiscal_code="GLLMRA60A41Z998O", first_name="Maria", last_name="Galli", email="maria@posta.example"
    )
    household = families.register_family(
        applicant=grandmother, others=[], children=[], by=canteen.enzo, now=NOW
    )
    custody = canteen.luca.custodies.get()
    custody.friday = False
    custody.save()
    custody.pk = None
    custody.monday = custody.tuesday = custody.wednesday = custody.thursday = False
    custody.friday, custody.household = True, household
    custody.save()
    shut(canteen)
    closure_mails.send_some(now=NOW)
    assert "Luca" in told()["maria@posta.example"]


def test_undoing_it_tells_again_those_who_were_told_and_nobody_else(canteen: Town, cook: Caterer) -> None:
    closure = shut(canteen)
    closure_mails.send_some(now=NOW)
    Guardian.objects.filter(first_name="Carla").update(email="")
    mail.outbox.clear()
    for _ in range(2):
        closures.revoke(closure=closure, by=canteen.enzo, now=at("2026-11-20 11:00"))
        closure_mails.send_some(now=at("2026-11-20 11:00"))
    assert sorted(told()) == ["anna@posta.example", "bruno@posta.example", "ordini@mense.example"]
    assert "la mensa c'è di nuovo" in told()["anna@posta.example"]
    assert ClosureMail.objects.get(state="no_address").guardian.first_name == "Carla"
    assert list(ClosureNotice.objects.order_by("pk").values_list("event", flat=True)) == [
        "declared",
        "revoked",
    ]


def test_a_closure_revoked_before_its_messages_leave_disturbs_no_family(canteen: Town) -> None:
    closure = shut(canteen)
    closures.revoke(closure=closure, by=canteen.enzo, now=NOW)
    closure_mails.send_some(now=NOW)
    assert mail.outbox == []


def test_where_the_canteen_was_shut_anyway_nobody_is_disturbed(canteen: Town, cook: Caterer) -> None:
    shut(canteen, first_day=dt.date(2026, 11, 28), last_day=dt.date(2026, 11, 29))
    closure_mails.send_some(now=NOW)
    assert mail.outbox == []


def test_the_same_closure_declared_twice_is_announced_once(canteen: Town) -> None:
    assert shut(canteen) == shut(canteen)
    assert ClosureNotice.objects.count() == 1


def test_a_closure_declared_in_silence_can_be_announced_later_once(canteen: Town) -> None:
    closure = shut(canteen, tell=False)
    assert closures.tell(closures=[closure], by=canteen.enzo, now=NOW)
    assert closures.tell(closures=[closure], by=canteen.enzo, now=NOW) is None
    closure_mails.send_some(now=NOW)
    assert len(mail.outbox) == 3


def test_a_caterer_of_other_schools_is_not_told(canteen: Town, cook: Caterer) -> None:
    cook.schools.add(canteen.infanzia)
    shut(canteen)
    closure_mails.send_some(now=NOW)
    assert "ordini@mense.example" not in told()


def test_the_caterer_reads_the_diets_of_the_packed_lunches_by_code_and_no_name(
    canteen: Town, cook: Caterer
) -> None:
    Diet.objects.create(pupil=canteen.luca, code="D2", valid_from=dt.date(2026, 9, 1))
    shut(
        canteen,
        school=None,
        class_group=canteen.classes["primaria 3A"],
        reason="trip",
        meal="packed",
        act="Gita a Matera",
    )
    closure_mails.send_some(now=NOW)
    body = told()["ordini@mense.example"]
    assert "3A, Scuola primaria Ulivo (demo): 2; dieta D2: 1" in body
    assert "Pranzi al sacco, con le iscrizioni di oggi: 2." in body
    assert "Luca" not in body
    assert "costa come un pasto" in told()["anna@posta.example"]


def test_a_mail_server_that_does_not_answer_is_tried_again_and_in_the_end_a_person_is_told(
    canteen: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut(canteen)

    def silent(self: Any, fail_silently: bool = False) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", silent)
        assert closure_mails.send_some(now=NOW) == Round(taken=2, left=0, silent=True)
        assert closure_mails.send_some(now=NOW).taken == 1, "a message in somebody's hands is left there"
        for round_ in range(1, 10):
            closure_mails.send_some(now=NOW + round_ * dt.timedelta(minutes=30))
    notice = ClosureNotice.objects.get()
    far = closure_notices.how_far(notice)
    assert (far.sent, far.failed, far.busy) == (0, 3, False)
    assert closure_notices.to_reach_otherwise(notice).count() == 3
    assert closure_notices.try_again(notice=notice) == 3
    closure_mails.send_some(now=NOW + dt.timedelta(days=1))
    assert len(mail.outbox) == 3


def test_a_silent_server_is_not_asked_round_after_round(
    canteen: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next sweep tries again; meanwhile the queue has other work."""
    asked: list[str] = []

    def silent(self: Any, fail_silently: bool = False) -> int:
        asked.append(self.to[0])
        raise ConnectionRefusedError

    shut(canteen)
    clock.move_to(NOW)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", silent)
        tasks.tell_of_closures()
    assert len(asked) == 2
    tasks.tell_of_closures()
    assert len(mail.outbox) == 1


def test_two_workers_at_once_take_different_messages(canteen: Town) -> None:
    shut(canteen)
    assert closure_mails.send_some(now=NOW, limit=2).taken == 2
    assert closure_mails.send_some(now=NOW, limit=2).taken == 1
    assert len({message.to[0] for message in mail.outbox}) == 3


def test_the_queries_of_a_round_do_not_grow_with_the_families(canteen: Town) -> None:
    def queries(number: int) -> int:
        for index in range(number):
            Guardian.objects.filter(pk=canteen.family.applicant_id).update(phone=str(index))
        with CaptureQueriesContext(connection) as found:
            closure_mails.send_some(now=NOW)
        return len(found)

    shut(canteen, class_group=canteen.classes["infanzia 2A"], school=None)
    few = queries(1)
    shut(canteen, first_day=TUESDAY + dt.timedelta(days=1), last_day=TUESDAY + dt.timedelta(days=1))
    assert queries(1) <= few + 3  # one update for each message, nothing else
    assert len(mail.outbox) == 5


def test_the_database_refuses_to_announce_a_closure_twice(canteen: Town) -> None:
    from django.db import IntegrityError, transaction

    closure = shut(canteen)
    effect = closures.preview_revocation(closures=[closure], now=NOW)
    with pytest.raises(IntegrityError, match="announced_once"), transaction.atomic():
        closure_notices.announce(
            closures=[closure], event="declared", effect=effect, by=canteen.enzo, now=NOW
        )


def test_what_undoing_costs_is_shown_before(canteen: Town, balances: Callable[[], dict[str, str]]) -> None:
    from attendance import night

    closure = shut(canteen, school=None)
    canteen.primaria.canteen_periods.update(valid_from=TUESDAY)
    canteen.infanzia.canteen_periods.update(valid_from=TUESDAY)
    night.run(now=at("2026-11-24 20:05"))
    assert set(balances().values()) == {"0.00"}
    effect = closures.preview_revocation(closures=[closure], now=at("2026-11-25 09:00"))
    assert (effect.meals, effect.families, str(effect.euro)) == (3, 2, "11.29")
    assert effect.already_debited == [TUESDAY]
    closures.revoke(closure=closure, by=canteen.enzo, now=at("2026-11-25 09:00"))
    night.run(now=at("2026-11-25 09:05"))
    assert balances() == {"Bianchi": "-6.29", "Neri": "-5.00"}


def test_undoing_one_of_two_closures_of_a_day_brings_nothing_back(canteen: Town) -> None:
    first = shut(canteen)
    shut(canteen, school=None, reason="ordinance")
    effect = closures.preview_revocation(closures=[first], now=NOW)
    assert (effect.meals, effect.families) == (0, 0)
