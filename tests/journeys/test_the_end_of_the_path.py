"""Carla's only child finishes school with credit: the year is changed, the credit goes back by bank transfer."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from attendance.models import CanteenPeriod
from enrolments import enrolling
from enrolments.models import Enrolment
from identity.models import User
from payments import notices, receipts
from payments.configuration import creditor
from payments.models import Receipt
from payments.receipts import IncomingReceipt
from tests import cast
from tests.journeys.conftest import assert_books_tally, balance, words
from wallets.models import Refund, RefundExport, Wallet

pytestmark = pytest.mark.django_db
IBAN = "IT60X0542811101000000123456"


def test_the_end_of_the_path(
    canteen: cast.Town,
    browser: Callable[[User], Client],
    at: Callable[[str], None],
    night: Callable[[str], None],
) -> None:
    _tommaso_is_in_the_last_class(canteen)
    CanteenPeriod.objects.update(valid_from="2027-06-07")
    _carla_tops_up(canteen, Decimal("60.00"))
    night("2027-06-09")
    assert balance(canteen.carla_family) == "45.00", "three meals at 5.00"

    at("2027-07-01 10:00")
    office = browser(canteen.enzo)
    assert "fine del percorso" in words(office.get("/ufficio/anno/"))
    page = words(office.post("/ufficio/anno/", {"label": "2026/27"}, follow=True))
    assert "Anno 2026/27 chiuso. Passano al 2027/28: 2. Finiscono il percorso: 1." in page
    assert "45,00 € da restituire" in page
    assert "I rimborsi si preparano dal 1º settembre" in page
    assert balance(canteen.carla_family) == "45.00", "credit survives the year"

    at("2027-09-02 10:00")
    assert "45,00 €" in words(office.get("/ufficio/anno/"))
    office.post(reverse("wallets:refund_prepare", args=[canteen.carla_family.code]), {"method": "bank"})
    refund = Refund.objects.get()
    bad = _give_account(browser(canteen.carla), canteen, IBAN.replace("60", "61"))
    assert bad.status_code == 422
    _give_account(browser(canteen.carla), canteen, IBAN)
    office.post(reverse("wallets:refund_approve", args=[refund.pk]))
    assert balance(canteen.carla_family) == "0.00"

    office.post(reverse("wallets:refund_export"))
    made = RefundExport.objects.get()
    file = browser(canteen.gino).get(reverse("wallets:refund_download", args=[made.pk])).content.decode()
    assert IBAN in file
    assert "45,00" in file
    assert not Wallet.objects.filter(household=canteen.family, refunds__isnull=False).exists()
    assert_books_tally()


def _tommaso_is_in_the_last_class(town: cast.Town) -> None:
    enrolling.change_class(
        pupil=town.tommaso,
        class_group=town.classes["primaria 5A"],
        from_day=cast.at("2026-09-02 00:00").date(),
        by=town.enzo,
        now=cast.SUMMER,
    )
    assert Enrolment.objects.filter(pupil=town.tommaso).count() == 2


def _carla_tops_up(town: cast.Town, amount: Decimal) -> None:
    now = cast.at("2027-05-03 09:00")
    notice = notices.issue(
        wallet=Wallet.objects.get(household=town.carla_family),
        pupil=None,
        amount=amount,
        subject="Mensa scolastica, ricarica",
        due_date=now.date(),
        now=now,
    )
    receipt = IncomingReceipt(
        fiscal_code=creditor().fiscal_code, receipt_id="prova-1", nav=notice.nav, amount=amount, paid_at=now
    )
    receipts.record(incoming=receipt, channel=Receipt.Channel.SOAP, now=now)


def _give_account(parent: Client, town: cast.Town, iban: str):  # type: ignore[no-untyped-def]
    address = reverse("wallets:refund_account", args=[town.carla_family.code])
    return parent.post(address, {"iban": iban, "is_mine": "on"})
