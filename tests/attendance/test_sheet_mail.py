"""The mails of a sheet when the server, the addresses or the kitchen do something else in between."""

import pytest
from django.core import mail

from attendance import acknowledging, sealing, sheet_mail
from attendance.models import Caterer, KitchenSheet, SheetMessage
from enrolments.models import HelpDesk
from identity.models import Role, User
from tests.cast import Town, at
from tests.refusing import refuse, server_down

pytestmark = pytest.mark.django_db
SEALED, OVERDUE, SEEN, LATER = (at(f"2026-11-24 {hour}") for hour in ("09:45", "10:01", "10:05", "10:12"))


@pytest.fixture
def unseen(canteen: Town) -> Town:
    """Sheets sealed and not seen in time; nobody cooks by mail, so that what leaves is the alarm."""
    HelpDesk.objects.update_or_create(id=1, defaults={"email": "mensa@comune.example"})
    sealing.seal_due(now=SEALED)
    return canteen


def alarms() -> set[str]:
    return set(SheetMessage.objects.filter(kind="alarm").values_list("error", flat=True))


def test_a_sheet_seen_before_the_alarm_could_leave_alarms_nobody(unseen: Town) -> None:
    sheet_mail.owe(now=OVERDUE)
    with server_down():
        sheet_mail.send_owed(now=OVERDUE)
    assert alarms() == {"La posta non è partita: ConnectionRefusedError."}
    acknowledging.acknowledge(sheets=KitchenSheet.objects.all(), by=unseen.franca, now=SEEN)
    sheet_mail.owe(now=LATER)
    assert sheet_mail.send_owed(now=LATER) == 0
    assert mail.outbox == []
    assert alarms() == {sheet_mail.SEEN}


def test_the_alarm_still_leaves_for_the_sheet_that_nobody_has_seen(unseen: Town) -> None:
    sheet_mail.owe(now=OVERDUE)
    with server_down():
        sheet_mail.send_owed(now=OVERDUE)
    seen, other = KitchenSheet.objects.order_by("number")
    acknowledging.acknowledge(sheets=[seen], by=unseen.franca, now=SEEN)
    sheet_mail.owe(now=LATER)
    assert sheet_mail.send_owed(now=LATER) == 1
    (alarm,) = mail.outbox
    assert other.school.name in alarm.body
    assert seen.school.name not in alarm.body


def test_nobody_to_write_to_is_said_as_it_is(unseen: Town) -> None:
    HelpDesk.objects.update(email="")
    User.objects.filter(role=Role.OFFICE).update(email="")
    sheet_mail.owe(now=OVERDUE)
    sheet_mail.send_owed(now=OVERDUE)
    assert alarms() == {sheet_mail.NO_ADDRESS}


def test_a_caterer_whose_address_was_deleted_has_not_been_written_to(canteen: Town) -> None:
    cook = Caterer.objects.create(name="Cucine riunite", email="cucina@gestore.example")
    sealing.seal_due(now=SEALED)
    sheet_mail.owe(now=SEALED)
    Caterer.objects.filter(pk=cook.pk).update(email="")
    assert sheet_mail.send_owed(now=SEALED) == 0
    rows = SheetMessage.objects.filter(caterer=cook)
    assert set(rows.values_list("sent_at", "error")) == {(None, sheet_mail.NO_ADDRESS)}


def test_an_alarm_refused_by_one_mailbox_of_the_office_is_tried_again_for_that_one_alone(
    unseen: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    HelpDesk.objects.update(email="")
    User.objects.filter(pk=unseen.enzo.pk).update(email="enzo@comune.example")
    User.objects.create_user("elena", email="elena@comune.example", role=Role.OFFICE)
    sheet_mail.owe(now=OVERDUE)
    with monkeypatch.context() as patch:
        refuse(patch, "enzo@comune.example")
        sheet_mail.send_owed(now=OVERDUE)
    assert SheetMessage.objects.filter(kind="alarm", sent_at__isnull=True).exists()
    sheet_mail.send_owed(now=LATER)
    assert [message.to for message in mail.outbox] == [["elena@comune.example"], ["enzo@comune.example"]]
    assert not SheetMessage.objects.filter(sent_at__isnull=True).exists()
