"""The certificate for the tax return: by cash, per child, net of refunds; and the statement on paper."""

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pypdf
import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from identity import pdf
from identity.models import SensitiveView, User
from tests import cast
from tests.wallets.town import EVENING, charge_everybody, top_up, wallet_of
from wallets import certificates, ledger
from wallets.models import Wallet
from wallets.rules import tax

Browser = Callable[[User], Client]
NEXT_YEAR = dt.date(2027, 1, 15)
IN_JANUARY = "2027-01-15 10:00+01:00"


def euro(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def shared(
    own: list[str], free: str = "0", refunded: str = "0", meals: list[str] | None = None
) -> list[Decimal]:
    children = range(len(own))
    return list(
        tax.paid_per_child(
            children=children,
            own=dict(enumerate(euro(*own))),
            free=Decimal(free),
            refunded=Decimal(refunded),
            meals=dict(enumerate(euro(*(meals or [])))),
        ).values()
    )


# -- the rule ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("own", "free", "refunded", "meals", "expected"),
    [
        (["102.00", "86.70"], "0", "0", [], ["102.00", "86.70"]),
        (["0", "0"], "100.00", "0", ["30.00", "10.00"], ["75.00", "25.00"]),
        (["0", "0", "0"], "100.00", "0", ["1.00", "1.00", "1.00"], ["33.33", "33.33", "33.34"]),
        (["0", "0"], "10.00", "0", [], ["5.00", "5.00"]),
        (["0", "0"], "10.00", "0", ["8.00", "0"], ["10.00", "0"]),
        (["102.00", "0"], "50.00", "0", ["1.00", "1.00"], ["127.00", "25.00"]),
        (["60.00", "40.00"], "0", "10.00", [], ["54.00", "36.00"]),
        (["60.00", "40.00"], "0", "500.00", [], ["0", "0"]),
        (["-20.00", "40.00"], "0", "0", [], ["0", "20.00"]),
    ],
    ids=[
        "each its own notice",
        "a free top-up follows the meals",
        "the remainder to the last",
        "no meals: equal parts",
        "who ate nothing gets nothing",
        "notice and top-up",
        "a refund follows what was paid",
        "never below zero",
        "a payment taken back by the bank",
    ],
)
def test_what_was_paid_for_each_child(
    own: list[str], free: str, refunded: str, meals: list[str], expected: list[str]
) -> None:
    assert shared(own, free, refunded, meals) == euro(*expected)


cents = st.integers(0, 500_000).map(lambda number: Decimal(number) / 100)


@given(st.lists(cents, min_size=1, max_size=5), cents, cents, st.lists(cents, max_size=5))
def test_not_a_cent_is_lost_or_invented(
    own: list[Decimal], free: Decimal, refunded: Decimal, meals: list[Decimal]
) -> None:
    paid = tax.paid_per_child(
        children=range(len(own)),
        own=dict(enumerate(own)),
        free=free,
        refunded=refunded,
        meals=dict(enumerate(meals[: len(own)])),
    )
    assert sum(paid.values()) == max(sum(own) + free - refunded, Decimal(0))
    assert all(amount >= 0 and amount == amount.quantize(Decimal("0.01")) for amount in paid.values())


def test_the_limit_is_that_of_the_year() -> None:
    assert [tax.limit(year) for year in (2024, 2025, 2026)] == euro("800", "1000", "1000")


# -- the certificate -------------------------------------------------------------------------------------------------------
@pytest.fixture
def family(town: cast.Town) -> Wallet:
    """A notice paid for Luca, a free top-up, then Tuesday's two meals (3,40 and 2,89)."""
    wallet = wallet_of(town.family)
    top_up(wallet, "102.00", "receipt:town:1", pupil=town.luca)
    top_up(wallet, "62.90", "receipt:town:2")
    charge_everybody()
    return wallet


def told(wallet: Wallet, year: int = 2026, today: dt.date = NEXT_YEAR) -> dict[str, Decimal]:
    found = certificates.of(wallet, year=year, today=today)
    return {line.pupil.first_name: line.paid for line in found.lines} if found else {}


@pytest.mark.django_db
class TestTheCertificate:
    def test_a_notice_is_its_child_s_and_a_top_up_is_shared_by_the_meals(self, family: Wallet) -> None:
        assert told(family) == {"Luca": Decimal("136.00"), "Sofia": Decimal("28.90")}

    def test_while_the_year_runs_there_is_none(self, family: Wallet) -> None:
        assert told(family, today=dt.date(2026, 12, 31)) == {}
        assert certificates.years(family, today=dt.date(2026, 12, 31)) == []
        assert certificates.years(family, today=NEXT_YEAR) == [2026]

    def test_the_day_of_the_payment_counts_not_the_day_of_the_meal(self, family: Wallet) -> None:
        ledger.credit(
            wallet=family,
            amount=Decimal("50.00"),
            cause="receipt:town:3",
            value_day=dt.date(2027, 1, 1),
            now=cast.at("2027-01-02 10:00"),
        )
        assert sum(told(family).values()) == Decimal("164.90")

    def test_refunds_of_the_year_are_taken_off_and_come_back_if_the_bank_sends_them_back(
        self, family: Wallet, town: cast.Town
    ) -> None:
        refund = ledger.refund(
            wallet=family, amount=Decimal("16.49"), key="1", reason="Fine.", by=town.gino, now=EVENING
        )
        assert sum(told(family).values()) == Decimal("148.41")
        ledger.recredit(refund_entry=refund, reason="Conto chiuso.", by=town.gino, now=EVENING)
        assert sum(told(family).values()) == Decimal("164.90")

    def test_a_payment_that_was_revoked_was_not_made(self, family: Wallet, town: cast.Town) -> None:
        entry = family.entries.get(cause="receipt:town:1")
        ledger.reverse(entry=entry, reason="Revocato.", by=None, now=EVENING)
        assert sum(told(family).values()) == Decimal("62.90")

    def test_what_is_not_a_payment_by_pagopa_is_not_in_it(self, family: Wallet, town: cast.Town) -> None:
        ledger.adjust(
            wallet=family, amount=Decimal("99.00"), key="x", reason="Dono.", by=town.enzo, now=EVENING
        )
        assert sum(told(family).values()) == Decimal("164.90")

    def test_a_year_without_payments_has_none(self, family: Wallet, town: cast.Town) -> None:
        assert told(family, year=2025) == {}
        assert told(wallet_of(town.carla_family)) == {}


# -- on paper ------------------------------------------------------------------------------------------------------------------
def words(document: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(document)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def certificate_of(wallet: Wallet, year: int = 2026) -> str:
    return reverse("wallets:certificate", args=[wallet.household.code, year])


def month_of(wallet: Wallet, month: str = "2026-11") -> str:
    return reverse("wallets:statement_pdf", args=[wallet.household.code, month])


@pytest.mark.django_db
class TestOnPaper:
    @time_machine.travel(IN_JANUARY, tick=False)
    def test_the_certificate_says_who_how_much_and_how(
        self, family: Wallet, town: cast.Town, client_of: Browser
    ) -> None:
        anna = client_of(town.anna)
        page = anna.get(reverse("wallets:statement", args=[family.household.code])).content.decode()
        assert "Spese 2026 per il 730" in page
        document = anna.get(certificate_of(family)).content
        text = words(document)
        for expected in (
            "Anno 2026",
            "Anna Rossi",
            family.household.applicant.fiscal_code,
            "Luca Bianchi",
            town.luca.fiscal_code,
            "136,00",
            "28,90",
            "164,90",
            "strumenti tracciabili",
            "al netto di quelle rimborsate",
            "1000,00",
            "SIMULAZIONE",
        ):
            assert expected in text.replace("1.000,00", "1000,00")
        catalog = pypdf.PdfReader(io.BytesIO(document)).root_object
        assert (catalog["/Lang"], "/StructTreeRoot" in catalog) == ("it", True)

    @time_machine.travel(IN_JANUARY, tick=False)
    def test_the_statement_of_a_month_has_every_line_its_balance_and_its_reason(
        self, family: Wallet, town: cast.Town, client_of: Browser
    ) -> None:
        text = words(client_of(town.anna).get(month_of(family)).content)
        for expected in (
            "Estratto conto di novembre 2026",
            "Pasto di Luca",
            "Pasto di Sofia",
            "158,61",
            "fascia D",
            family.household.code,
        ):
            assert expected in text

    @time_machine.travel(IN_JANUARY, tick=False)
    def test_strangers_other_roles_and_other_months_get_nothing(
        self, family: Wallet, town: cast.Town, client_of: Browser
    ) -> None:
        for address in (certificate_of(family), month_of(family)):
            assert client_of(town.bruno).get(address).status_code == 200
            assert client_of(town.carla).get(address).status_code == 404
            assert client_of(town.dora).get(address).status_code == 403
        anna = client_of(town.anna)
        for address in (
            certificate_of(family, 2027),
            certificate_of(family, 2025),
            month_of(family, "2026-01"),
        ):
            assert anna.get(address).status_code == 404

    @time_machine.travel(IN_JANUARY, tick=False)
    def test_the_accounts_office_reads_amounts_and_no_isee_and_a_look_of_the_office_is_recorded(
        self, family: Wallet, town: cast.Town, client_of: Browser
    ) -> None:
        assert "ISEE" not in words(client_of(town.gino).get(month_of(family)).content)
        assert not SensitiveView.objects.exists()
        assert "ISEE" in words(client_of(town.enzo).get(month_of(family)).content)
        assert SensitiveView.objects.count() == 1

    @time_machine.travel(IN_JANUARY, tick=False)
    def test_without_pango_the_page_says_what_to_install(
        self, family: Wallet, town: cast.Town, client_of: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def missing() -> Any:
            raise pdf.PdfUnavailable

        monkeypatch.setattr(pdf, "_weasyprint", missing)
        page = client_of(town.anna).get(month_of(family))
        assert page.status_code == 503
        assert "apt-get install libpango" in page.content.decode()
