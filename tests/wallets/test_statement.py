"""The statement: every movement, the balance after it, and why; only for those it concerns."""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from identity.models import SensitiveView, User
from tests import cast
from tests.wallets.town import EVENING, TUESDAY, charge_everybody, top_up, wallet_of
from wallets import ledger, statement
from wallets.models import Wallet

Browser = Callable[[User], Client]


@pytest.fixture
def family(town: cast.Town) -> Wallet:
    """Anna's and Bruno's: a payment, then Tuesday's two meals."""
    wallet = wallet_of(town.family)
    top_up(wallet)
    charge_everybody()
    return wallet


def test_the_balance_runs_from_the_first_line_to_the_last(family: Wallet) -> None:
    lines = statement.movements(wallet=family, last=TUESDAY)
    assert [(line.title, line.amount, line.balance) for line in lines] == [
        ("Ricarica", Decimal("50.00"), Decimal("50.00")),
        ("Pasto di Luca", Decimal("-3.40"), Decimal("46.60")),
        ("Pasto di Sofia", Decimal("-2.89"), Decimal("43.71")),
    ]
    assert lines[-1].balance == Wallet.objects.get(pk=family.pk).balance


def test_a_charge_says_band_isee_act_rank_and_formula(family: Wallet) -> None:
    luca, sofia = statement.movements(wallet=family, last=TUESDAY)[1:]
    told = " ".join(sofia.reasons)
    assert "ISEE di 18.000,00" in told
    assert "fascia D" in told
    assert cast.ACT in told
    assert "Secondo dei 2 figli" in told
    assert sofia.formula == "3,40\N{NO-BREAK SPACE}€ − 15% = 2,89\N{NO-BREAK SPACE}€"
    assert "Primo dei 2 figli" in " ".join(luca.reasons)


def test_a_late_correction_is_a_line_of_its_day_that_names_the_meal(family: Wallet, town: cast.Town) -> None:
    thursday = TUESDAY + dt.timedelta(days=2)
    charge_everybody(without=(town.luca,), posted_on=thursday)
    last = statement.movements(wallet=family, last=thursday)[-1]
    assert (last.kind, last.recorded_on, last.day, last.amount) == (
        statement.CHARGE_REVERSAL,
        thursday,
        TUESDAY,
        Decimal("3.40"),
    )
    assert last.reasons == ("Assenza corretta dall'ufficio.",)


def test_what_happens_later_is_not_in_an_earlier_statement(family: Wallet) -> None:
    assert len(statement.movements(wallet=family, last=dt.date(2026, 11, 23))) == 1


def test_the_latest_lines_come_newest_first_with_their_balance(family: Wallet, town: cast.Town) -> None:
    other = wallet_of(town.carla_family)
    family.refresh_from_db()
    told = statement.recent(wallets=[family, other], last=TUESDAY, limit=2)
    assert [(line.title, line.balance) for line in told[family.pk]] == [
        ("Pasto di Sofia", Decimal("43.71")),
        ("Pasto di Luca", Decimal("46.60")),
    ]
    assert [line.title for line in told[other.pk]] == ["Pasto di Tommaso"]


def test_the_queries_do_not_grow_with_the_history(
    family: Wallet, town: cast.Town, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        statement.movements(wallet=family, last=TUESDAY)
    for number in range(1, 8):
        charge_everybody(TUESDAY - dt.timedelta(days=number))
    with django_assert_num_queries(4):
        assert len(statement.movements(wallet=family, last=TUESDAY)) == 17


def test_a_month_adds_up(family: Wallet) -> None:
    (month,) = statement.by_month(statement.movements(wallet=family, last=TUESDAY))
    assert (month.opening, month.received, month.spent, month.closing) == (
        Decimal("0.00"),
        Decimal("50.00"),
        Decimal("6.29"),
        Decimal("43.71"),
    )


@pytest.fixture
def _on_tuesday_evening() -> Iterator[None]:
    with time_machine.travel(EVENING, tick=False):
        yield


@pytest.mark.usefixtures("_on_tuesday_evening")
class TestThePage:
    def url(self, wallet: Wallet, rest: str = "") -> str:
        return f"/borsellino/{wallet.household.code}/{rest}"

    @pytest.mark.parametrize("who", ["anna", "bruno"])
    def test_both_parents_see_it(self, family: Wallet, town: cast.Town, client_of: Browser, who: str) -> None:
        page = client_of(getattr(town, who)).get(self.url(family)).content.decode()
        assert "43,71" in page
        assert "Secondo dei 2 figli" in page
        assert "Perché?" in page
        assert "Regola: chi è iscritto mangia, se l'assenza non arriva in tempo." in page

    def test_a_stranger_does_not_know_that_it_exists(
        self, family: Wallet, carla: User, client_of: Browser
    ) -> None:
        browser = client_of(carla)
        assert browser.get(self.url(family)).status_code == 404
        assert browser.get(self.url(family, "movimenti.csv")).status_code == 404
        assert browser.get("/borsellino/NESSUNA/").status_code == 404

    @pytest.mark.parametrize("who", ["dora", "franca"])
    def test_the_school_and_the_kitchen_see_no_money(
        self, family: Wallet, town: cast.Town, client_of: Browser, who: str
    ) -> None:
        assert client_of(getattr(town, who)).get(self.url(family)).status_code == 403

    def test_a_visitor_is_sent_to_sign_in(self, family: Wallet, client: Client) -> None:
        assert client.get(self.url(family)).status_code == 302

    def test_the_office_sees_why_and_the_look_is_recorded(
        self, family: Wallet, enzo: User, client_of: Browser
    ) -> None:
        assert "ISEE di 18.000,00" in client_of(enzo).get(self.url(family)).content.decode()
        look = SensitiveView.objects.get()
        assert (look.user, look.kind, look.subject) == (enzo, "isee", f"famiglia {family.household.code}")

    def test_the_accounts_see_the_money_and_no_isee(
        self, family: Wallet, gino: User, client_of: Browser
    ) -> None:
        page = client_of(gino).get(self.url(family)).content.decode()
        assert "43,71" in page
        assert "ISEE" not in page
        assert not SensitiveView.objects.exists()

    def test_a_month_is_chosen_and_an_unknown_one_is_not_found(
        self, family: Wallet, anna: User, client_of: Browser
    ) -> None:
        charge_everybody(dt.date(2026, 10, 20))
        browser = client_of(anna)
        october = browser.get(self.url(family), {"mese": "2026-10"}).content.decode()
        assert "Movimenti di ottobre 2026" in october
        assert "Ricarica</p>" not in october
        for wrong in ("2020-01", "ieri", "2026-13"):
            assert browser.get(self.url(family), {"mese": wrong}).status_code == 404

    def test_an_empty_wallet_says_so(self, town: cast.Town, anna: User, client_of: Browser) -> None:
        page = client_of(anna).get(self.url(wallet_of(town.family))).content.decode()
        assert "Ancora nessun movimento" in page

    def test_the_chart_has_a_step_for_each_day_with_movements(
        self, family: Wallet, anna: User, client_of: Browser
    ) -> None:
        response = client_of(anna).get(self.url(family))
        assert response.context["chart"].line.count("V") == 2
        assert "style=" not in response.content.decode().split("<figure")[1].split("</figure>")[0]

    def test_the_csv_has_every_line_and_no_formula(
        self, family: Wallet, town: cast.Town, anna: User, client_of: Browser
    ) -> None:
        ledger.adjust(
            wallet=family,
            amount=Decimal("1.00"),
            key="1",
            reason='=HYPERLINK("http://x","y")',
            by=town.enzo,
            now=EVENING,
        )
        response = client_of(anna).get(self.url(family, "movimenti.csv"))
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))
        assert [row[4] for row in rows[1:]] == ["50,00", "1,00", "-3,40", "-2,89"]
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]

    def test_only_reading_is_possible(self, family: Wallet, anna: User, client_of: Browser) -> None:
        assert client_of(anna).post(self.url(family)).status_code == 405
