"""Notices: their numbers, their end, their paper."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pypdfium2
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from payments import notices
from payments.errors import PaymentRefused
from payments.models import Campaign, Notice
from payments.rules import identifiers
from tests import cast
from tests.payments.conftest import NOW
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


def test_a_number_carries_our_segregation_code_and_its_check_digits(notice: Notice) -> None:
    number = identifiers.parse(notice.nav)
    assert (number.aux, number.segregation) == ("3", "01")
    assert number.check_digits_hold


def test_a_notice_of_nothing_is_refused(issue: Callable[..., Notice]) -> None:
    with pytest.raises(PaymentRefused, match="maggiore di zero"):
        issue("0.00")


@pytest.mark.django_db(transaction=True)
def test_sixteen_hands_never_draw_the_same_number(issue: Callable[..., Notice]) -> None:
    def draw(_: int) -> str:
        try:
            return issue().nav
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(draw, range(48)))
    assert len(set(numbers)) == 48


def test_a_campaign_has_one_notice_per_child_whoever_asks(
    issue: Callable[..., Notice], town: cast.Town
) -> None:
    campaign = Campaign.objects.create(
        year=town.year,
        name="30 pasti",
        price_day=NOW.date(),
        due_date=NOW.date(),
        created_by=town.enzo,
        created_at=NOW,
    )
    assert issue(campaign=campaign) == issue("999.00", campaign=campaign)
    assert Notice.objects.get().amount == Decimal("102.00")


def test_top_ups_left_behind_expire_and_children_s_notices_stay_payable(issue: Callable[..., Notice]) -> None:
    child, top_up = issue(), issue(pupil=None)
    Notice.objects.update(due_date=dt.date(2026, 11, 1))
    assert notices.expire_due(now=NOW) == 1
    assert list(Notice.objects.payable()) == [child]
    top_up.refresh_from_db()
    assert top_up.state == Notice.State.EXPIRED


def test_a_paid_notice_is_not_cancelled(notice: Notice) -> None:
    Notice.objects.update(state="paid", paid_at=NOW)
    assert notices.cancel(notice=notice) is False


def test_the_family_and_the_office_download_the_notice(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    for user in (town.anna, town.bruno, town.enzo, town.gino):
        response = client_of(user).get(reverse("payments:notice_pdf", args=[notice.token]))
        assert response.status_code == 200
        assert response.content.startswith(b"%PDF-")


def test_the_family_and_the_office_download_all_that_is_open_in_one_file(
    issue: Callable[..., Notice], town: cast.Town, client_of: Callable[..., Client]
) -> None:
    papers = [issue(), issue("86.70", pupil=town.sofia)]
    issue("20.00", pupil=None)
    paid = issue("30.00")
    Notice.objects.filter(pk=paid.pk).update(state="paid", paid_at=NOW)
    address = reverse("payments:notices_pdf", args=[town.family.code])
    for user in (town.anna, town.bruno, town.enzo, town.gino):
        response = client_of(user).get(address)
        assert response["Content-Disposition"] == f'inline; filename="avvisi-{town.family.code}.pdf"'
        with pypdfium2.PdfDocument(response.content) as pages:
            assert len(pages) == len(papers)
    assert (
        "Scarica tutti in un solo file"
        in client_of(town.anna).get(reverse("payments:pay", args=[town.family.code])).content.decode()
    )


def test_the_file_of_another_family_or_of_nothing_is_not_there(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    theirs, mine = (
        reverse("payments:notices_pdf", args=[code]) for code in (town.family.code, town.carla_family.code)
    )
    carla = client_of(town.carla)
    assert carla.get(theirs).status_code == 404
    assert carla.get(mine).status_code == 404
    assert client_of(town.dora).get(theirs).status_code == 403


def test_the_wallet_of_another_family_is_another_notice(
    issue: Callable[..., Notice], town: cast.Town
) -> None:
    issue(wallet=Wallet.objects.get(household=town.carla_family))
    assert not Notice.objects.of_parent(town.anna).exists()
