"""A diet from the request to the plate: encrypted, weighed by the office, held while it is not safe."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from enrolments import certificates, diet_holds, diet_mail, diets, entitlements
from enrolments.diets import Asked, Decision, DietRefused
from enrolments.models import (
    Diet,
    DietConfirmation,
    DietHold,
    Dietician,
    DietReminder,
    DietRequest,
    DietRules,
)
from enrolments.rules import diets as rule
from enrolments.rules.documents import LARGEST, NotADocument, kind_of
from mensa import clock
from tests.cast import Town, at, client_of, hand_over
from tests.refusing import refuse

pytestmark = pytest.mark.django_db
NOW = at("2026-11-24 08:00")
TODAY, TOMORROW = dt.date(2026, 11, 24), dt.date(2026, 11, 25)
PDF = b"%PDF-1.4 certificato di celiachia %%EOF"
CELIAC = Asked(kind="health", reason="celiachia diagnosticata", first_day=TOMORROW, certificate=PDF)


def ask(town: Town, asked: Asked = CELIAC, now: dt.datetime = NOW) -> DietRequest:
    return diets.ask(pupil=town.luca, asked=asked, by=town.anna, now=now)


def accept(town: Town, request: DietRequest, now: dt.datetime = NOW, **decided: Any) -> Diet:
    decision = Decision(**{"code": "D-03", "first_day": TOMORROW, **decided})
    return diets.accept(request=request, decision=decision, by=town.enzo, now=now)


def holds(town: Town) -> list[tuple[str, dt.date, dt.date | None]]:
    rows = DietHold.objects.filter(pupil=town.luca).order_by("valid_from")
    return [(row.cause, row.valid_from, row.valid_to) for row in rows]


# -- the request ----------------------------------------------------------------------------------------------


def test_what_a_parent_writes_is_unreadable_in_the_database(town: Town) -> None:
    asked = ask(town)
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind || reason FROM enrolments_dietrequest")
        stored = cursor.fetchone()[0]
    assert "celiachia" not in stored
    assert "health" not in stored
    asked.refresh_from_db()
    assert (asked.kind, asked.reason) == ("health", "celiachia diagnosticata")


def test_the_history_of_a_request_keeps_neither_reason_nor_kind(town: Town) -> None:
    ask(town)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM enrolments_dietrequestevent")
        names = [column.name for column in cursor.description]
    assert not {"kind", "reason", "answer"} & set(names)


def test_the_certificate_on_the_disk_is_unreadable_and_comes_back_whole(town: Town) -> None:
    paper = ask(town).certificate
    with paper.file.open("rb") as opened:
        stored = opened.read()
    assert b"celiachia" not in stored
    assert b"%PDF" not in stored
    assert certificates.read(paper) == PDF
    assert paper.file.name.endswith(".bin")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(kind="health", reason="x", first_day=TOMORROW), "serve il certificato"),
        (Asked(kind="belief", reason=" ", first_day=TOMORROW), "scrivi che cosa serve"),
        (Asked(kind="vegan", reason="x", first_day=TOMORROW), "Scegli il tipo"),
        (Asked(kind="other", reason="x", first_day=dt.date(2026, 11, 23)), "già passato"),
        (Asked(kind="other", reason="x", first_day=TOMORROW, last_day=TODAY), "prima del primo"),
        (
            Asked(
                kind="health",
                reason="x",
                first_day=TOMORROW,
                certificate=PDF,
                certificate_until=dt.date(2026, 11, 1),
            ),
            "già scaduto",
        ),
        (Asked(kind="health", reason="x", first_day=TOMORROW, certificate=b"MZ virus"), "non è un PDF"),
    ],
)
def test_a_request_that_cannot_be_is_refused_with_its_remedy(town: Town, asked: Asked, said: str) -> None:
    with pytest.raises(DietRefused, match=said):
        ask(town, asked)
    assert not DietRequest.objects.exists()


def test_the_content_says_what_a_file_is(town: Town) -> None:
    assert kind_of(b"\x89PNG\r\n\x1a\n...") == "image/png"
    assert kind_of(b"\xff\xd8\xff...") == "image/jpeg"
    for wrong in (b"", b"%PDF-" + b"x" * LARGEST, b"<html>", b"GIF89a"):
        with pytest.raises(NotADocument):
            kind_of(wrong)


def test_one_request_at_a_time_and_a_withdrawn_one_makes_room(town: Town) -> None:
    first = ask(town)
    with pytest.raises(DietRefused, match="sta valutando"):
        ask(town)
    diets.withdraw(request=first, by=town.bruno, now=NOW)
    diets.withdraw(request=first, by=town.bruno, now=NOW)
    assert ask(town).state == "received"


def test_the_database_itself_refuses_a_second_request(town: Town) -> None:
    ask(town)
    with pytest.raises(IntegrityError, match="one_diet_request_at_a_time"), transaction.atomic():
        DietRequest.objects.create(
            pupil=town.luca,
            kind="other",
            reason="x",
            first_day=TODAY,
            requested_by=town.anna,
            requested_at=NOW,
        )


# -- the decision ---------------------------------------------------------------------------------------------


def test_an_accepted_request_gives_the_kitchen_a_code_from_a_day_to_a_day(town: Town) -> None:
    request = ask(town)
    diet = accept(town, request, last_day=dt.date(2026, 12, 18))
    assert (diet.code, diet.valid_from, diet.valid_to) == ("D-03", TOMORROW, dt.date(2026, 12, 18))
    request.refresh_from_db()
    assert (request.state, request.decided_by) == ("accepted", town.enzo)
    assert holds(town) == []


@pytest.mark.parametrize("code", ["CELIACO", "HALAL", "d-03", "D3", "", "D-GLUTINE"])
def test_a_code_that_says_why_is_refused(town: Town, code: str) -> None:
    request = ask(town)
    with pytest.raises(DietRefused, match="neutro"):
        accept(town, request, code=code)


def test_a_request_is_decided_once(town: Town) -> None:
    request = ask(town)
    accept(town, request)
    with pytest.raises(DietRefused, match="già stata valutata"):
        diets.reject(request=request, reason="no", by=town.enzo, now=NOW)
    with pytest.raises(DietRefused, match="già stata valutata"):
        diets.withdraw(request=request, by=town.anna, now=NOW)


def test_a_rejection_has_a_reason_and_the_database_insists(town: Town) -> None:
    request = ask(town)
    with pytest.raises(DietRefused, match="Scrivi il motivo"):
        diets.reject(request=request, reason="  ", by=town.enzo, now=NOW)
    rejected = DietRequest.objects.filter(pk=request.pk)
    with pytest.raises(IntegrityError, match="rejected_says_why"), transaction.atomic():
        rejected.update(state="rejected", decided_by=town.enzo, decided_at=NOW)


def test_the_family_is_told_by_mail_without_a_word_about_the_diet(town: Town) -> None:
    request = ask(town)
    diets.reject(request=request, reason="il certificato è illeggibile", by=town.enzo, now=NOW)
    assert diet_mail.tell_decisions(now=NOW) == 1
    assert diet_mail.tell_decisions(now=NOW) == 0
    assert sorted(message.to[0] for message in mail.outbox) == ["anna@posta.example", "bruno@posta.example"]
    for message in mail.outbox:
        assert "Luca" not in message.subject
        assert "celiachia" not in message.body + message.subject
        assert "illeggibile" not in message.body


def test_what_the_mails_about_diets_say_is_true_for_the_parent_who_asked_nothing(town: Town) -> None:
    diets.reject(request=ask(town), reason="no", by=town.enzo, now=NOW)
    DietReminder.objects.create(pupil=town.luca, certificate_until=TOMORROW)
    assert (diet_mail.tell_decisions(now=NOW), diet_mail.send_reminders(now=NOW)) == (1, 1)
    for message in mail.outbox:
        assert not re.search(r"\bhai\b|\btu[ao]?\b(?! accesso)", message.subject + message.body)


def test_a_parent_from_whom_the_child_has_gone_is_told_nothing_of_its_diet(town: Town) -> None:
    diets.reject(request=ask(town), reason="no", by=town.enzo, now=NOW)
    DietReminder.objects.create(pupil=town.luca, certificate_until=TOMORROW)
    hand_over(town.luca, town.carla_family, TODAY)
    assert (diet_mail.tell_decisions(now=NOW), diet_mail.send_reminders(now=NOW)) == (1, 1)
    assert [message.to for message in mail.outbox] == [["carla@posta.example"]] * 2


def test_a_parent_whose_child_goes_later_and_one_who_will_have_it_are_both_told(town: Town) -> None:
    DietReminder.objects.create(pupil=town.luca, certificate_until=TOMORROW)
    hand_over(town.luca, town.carla_family, TOMORROW)
    diet_mail.send_reminders(now=NOW)
    names = ("anna", "bruno", "carla")
    assert sorted(message.to[0] for message in mail.outbox) == [f"{name}@posta.example" for name in names]


def test_a_mail_that_does_not_leave_is_sent_by_the_next_sweep(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    diets.reject(request=ask(town), reason="no", by=town.enzo, now=NOW)

    def broken(*args: object, **kwargs: object) -> None:
        raise OSError("no mail server")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.message.EmailMessage.send", broken)
        assert diet_mail.tell_decisions(now=NOW) == 0
    assert diet_mail.tell_decisions(now=NOW + dt.timedelta(minutes=1)) == 0  # in the hands of who has tried
    assert diet_mail.tell_decisions(now=NOW + dt.timedelta(minutes=10)) == 1


def test_a_refused_address_neither_silences_nor_repeats_the_mail_to_the_other_parent(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    diets.reject(request=ask(town), reason="no", by=town.enzo, now=NOW)
    refuse(monkeypatch, "bruno@posta.example")
    assert [diet_mail.tell_decisions(now=NOW) for _ in range(3)] == [1, 0, 0]
    assert [message.to for message in mail.outbox] == [["anna@posta.example"]]


def test_an_answer_that_nobody_could_be_told_makes_room_after_some_days(town: Town) -> None:
    diets.reject(request=ask(town), reason="no", by=town.enzo, now=NOW)
    assert diet_mail.tell_decisions(now=NOW + dt.timedelta(days=6)) == 0
    assert diet_mail.tell_decisions(now=NOW + dt.timedelta(days=4)) == 1


# -- severe allergies -----------------------------------------------------------------------------------------


@pytest.fixture
def dietician(town: Town) -> None:
    Dietician.objects.create(user=town.enzo, qualification="dietista, incarico n. 12/2026")


def severe(town: Town, **decided: Any) -> DietConfirmation:
    accept(town, ask(town), severe=True, **decided)
    return DietConfirmation.objects.waiting().get()


def dietician_says_yes(town: Town, one: DietConfirmation, now: dt.datetime = NOW) -> DietConfirmation:
    return diet_holds.confirm_as_dietician(confirmation=one, by=town.enzo, now=now, today=now.date())


def kitchen_says_yes(
    town: Town, one: DietConfirmation, ready: dt.date = TOMORROW, now: dt.datetime = NOW
) -> DietConfirmation:
    return diet_holds.confirm_as_kitchen(
        confirmation=one, ready_from=ready, by=town.franca, now=now, today=now.date()
    )


def test_a_severe_allergy_is_on_hold_until_both_have_confirmed(town: Town, dietician: None) -> None:
    one = severe(town)
    assert holds(town) == [("severe", TOMORROW, None)]
    dietician_says_yes(town, one)
    assert holds(town) == [("severe", TOMORROW, None)]
    done = kitchen_says_yes(town, one, ready=dt.date(2026, 11, 30))
    assert holds(town) == [("severe", TOMORROW, dt.date(2026, 11, 29))]
    assert (done.dietician, done.kitchen, done.released_at) == (town.enzo, town.franca, NOW)


def test_the_order_of_the_two_does_not_matter_and_twice_is_once(town: Town, dietician: None) -> None:
    one = severe(town)
    kitchen_says_yes(town, one)
    kitchen_says_yes(town, one, ready=dt.date(2026, 12, 24))
    dietician_says_yes(town, one)
    dietician_says_yes(town, one, now=at("2026-12-01 08:00"))
    assert holds(town) == []  # ready from the first day of the diet: nothing was ever held
    one.refresh_from_db()
    assert (one.ready_from, one.dietician_at) == (TOMORROW, NOW)


def test_a_dietician_who_comes_last_frees_the_day_after(town: Town, dietician: None) -> None:
    one = severe(town, first_day=TODAY)
    kitchen_says_yes(town, one, ready=TODAY)
    dietician_says_yes(town, one)
    assert holds(town) == [("severe", TODAY, TODAY)]


def test_only_a_dietician_and_only_the_kitchen_may_confirm(town: Town) -> None:
    one = severe(town)
    for by in (town.enzo, town.gino, town.franca):
        with pytest.raises(diet_holds.ConfirmationRefused, match="dietista"):
            diet_holds.confirm_as_dietician(confirmation=one, by=by, now=NOW, today=TODAY)
    with pytest.raises(diet_holds.ConfirmationRefused, match="cucina"):
        diet_holds.confirm_as_kitchen(
            confirmation=one, ready_from=TOMORROW, by=town.enzo, now=NOW, today=TODAY
        )
    with pytest.raises(diet_holds.ConfirmationRefused, match="già passato"):
        kitchen_says_yes(town, one, ready=dt.date(2026, 11, 23))


def test_the_database_releases_nothing_without_both(town: Town) -> None:
    one = severe(town)
    with pytest.raises(IntegrityError, match="severe_diet_released_by_both"), transaction.atomic():
        DietConfirmation.objects.filter(pk=one.pk).update(released_at=NOW)


def test_renewing_the_certificate_does_not_free_what_nobody_has_confirmed(town: Town) -> None:
    severe(town, certificate_until=dt.date(2026, 12, 31))
    diets.renew(
        diet=Diet.objects.get(),
        certificate_until=dt.date(2027, 12, 31),
        from_day=TOMORROW,
        by=town.enzo,
        now=NOW,
    )
    assert holds(town) == [
        ("severe", TOMORROW, dt.date(2027, 12, 31)),
        ("expired", dt.date(2028, 1, 1), None),
    ]


def test_a_confirmed_diet_that_is_renewed_is_served_without_asking_again(town: Town, dietician: None) -> None:
    one = severe(town)
    kitchen_says_yes(town, one)
    dietician_says_yes(town, one)
    later = at("2027-01-11 08:00")
    entitlements.assign_diet(
        pupil=town.luca, code="D-03", from_day=dt.date(2027, 1, 12), severe=True, by=town.enzo, now=later
    )
    assert holds(town) == []
    entitlements.assign_diet(
        pupil=town.luca, code="D-09", from_day=dt.date(2027, 1, 20), severe=True, by=town.enzo, now=later
    )
    assert holds(town) == [("severe", dt.date(2027, 1, 20), None)]


def test_when_the_diet_ends_nobody_is_waited_for(town: Town, dietician: None) -> None:
    one = severe(town)
    clock.move_to(NOW)
    diet = Diet.objects.get(pupil=town.luca)
    form = {"reason": diet.reason, "valid_to": "27/11/2026"}
    done = client_of(town.enzo).post(reverse("admin:enrolments_diet_change", args=[diet.pk]), form)
    assert done.status_code == 302
    assert holds(town) == [("severe", TOMORROW, dt.date(2026, 11, 27))]
    diet_holds.tidy(today=dt.date(2026, 11, 28), now=at("2026-11-28 08:00"))
    with pytest.raises(diet_holds.ConfirmationRefused, match="niente da confermare"):
        dietician_says_yes(town, one)


# -- certificates that end ------------------------------------------------------------------------------------


def rules(**chosen: Any) -> DietRules:
    return DietRules.objects.create(act="det. n. 8/2026", valid_from=dt.date(2026, 9, 1), **chosen)


CHRISTMAS = dt.date(2026, 12, 25)


def test_an_expired_certificate_keeps_the_diet_until_the_school_year_ends(town: Town) -> None:
    accept(town, ask(town), certificate_until=CHRISTMAS)
    assert holds(town) == [("expired", dt.date(2027, 9, 1), None)]


def test_an_expired_certificate_holds_the_meal_where_the_town_says_so(town: Town) -> None:
    rules(when_expired="hold")
    accept(town, ask(town), certificate_until=CHRISTMAS)
    assert holds(town) == [("expired", dt.date(2026, 12, 26), None)]


def test_a_new_certificate_brings_the_meal_back_from_its_day(town: Town) -> None:
    rules(when_expired="hold")
    diet = accept(town, ask(town), certificate_until=CHRISTMAS)
    now, back = at("2027-01-11 10:00"), dt.date(2027, 1, 12)
    diets.renew(diet=diet, certificate_until=dt.date(2027, 12, 31), from_day=back, by=town.enzo, now=now)
    assert holds(town) == [
        ("expired", dt.date(2026, 12, 26), dt.date(2027, 1, 11)),
        ("expired", dt.date(2028, 1, 1), None),
    ]


def test_a_change_of_the_rule_moves_the_days_to_come(town: Town) -> None:
    accept(town, ask(town), certificate_until=CHRISTMAS)
    rules(when_expired="hold")
    diet_holds.follow_rules(today=TODAY)
    assert holds(town) == [("expired", dt.date(2026, 12, 26), None)]
    diet_holds.follow_rules(today=TODAY)
    assert len(holds(town)) == 1


def test_a_diet_that_ends_before_its_certificate_is_never_on_hold(town: Town) -> None:
    rules(when_expired="hold")
    accept(town, ask(town), certificate_until=CHRISTMAS, last_day=dt.date(2026, 12, 18))
    assert holds(town) == []


def test_the_family_is_reminded_once_before_the_certificate_ends(town: Town) -> None:
    rules(reminder_days=20)
    accept(town, ask(town), certificate_until=CHRISTMAS)
    for day, expected in ((dt.date(2026, 12, 4), 0), (dt.date(2026, 12, 5), 1), (dt.date(2026, 12, 6), 0)):
        diet_mail.note_reminders(today=day)
        assert diet_mail.send_reminders(now=at(f"{day} 08:00")) == expected
    assert DietReminder.objects.count() == 1
    assert "25 dicembre 2026" in mail.outbox[0].body
    assert "celiachia" not in mail.outbox[0].body


def test_the_dates_of_the_rule() -> None:
    assert rule.expires_on(CHRISTMAS, keep_until=None) == dt.date(2026, 12, 26)
    assert rule.expires_on(CHRISTMAS, keep_until=dt.date(2027, 8, 31)) == dt.date(2027, 9, 1)
    assert rule.served_from(ready_from=TODAY, last_confirmed_on=TODAY, kitchen_was_last=True) == TODAY
    assert rule.served_from(ready_from=TODAY, last_confirmed_on=TODAY, kitchen_was_last=False) == TOMORROW


def test_a_diet_still_to_begin_and_one_already_renewed_are_told_apart(town: Town) -> None:
    """The reminder is for certificates after which something has to happen."""
    accept(town, ask(town), certificate_until=CHRISTMAS)
    assert [diet.code for diet in Diet.objects.with_certificate(TODAY)] == ["D-03"]
    entitlements.assign_diet(
        pupil=town.luca, code="D-03", from_day=dt.date(2026, 12, 10), by=town.enzo, now=NOW
    )
    assert not Diet.objects.with_certificate(TODAY)
    assert holds(town) == []
