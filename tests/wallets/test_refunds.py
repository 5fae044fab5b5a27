"""Refunds: only to who has left, only what is there, only to the applicant's account; what comes back is credited again."""

import csv
import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from enrolments.models import Custody, Enrolment, Guardian
from identity.models import SensitiveView, User
from tests import cast
from tests.refusing import server_down
from tests.wallets.conftest import refused, run_sql
from tests.wallets.races import together
from tests.wallets.town import top_up, wallet_of
from wallets import books, leavers, ledger, refund_mail, refunds
from wallets.errors import RefundRefused, WrongState
from wallets.models import Refund, RefundExport, Wallet
from wallets.rules import iban

Browser = Callable[[User], Client]
IBAN = "IT60 X054 2811 1010 0000 0123 456"
CLEAN = "IT60X0542811101000000123456"
NOW = cast.at("2027-07-05 10:00")
DAY = NOW.date()
END = dt.date(2027, 6, 9)


def leave(*pupils: Any) -> None:
    Enrolment.objects.filter(pupil__in=pupils).update(valid_to=END)


@pytest.fixture
def leaver(town: cast.Town) -> Wallet:
    """Carla's family: Tommaso was the last child, 50 euro are left."""
    leave(town.tommaso)
    wallet = wallet_of(town.carla_family)
    top_up(wallet)
    wallet.refresh_from_db()
    return wallet


def balance(wallet: Wallet) -> Decimal:
    return Wallet.objects.get(pk=wallet.pk).balance


def prepared(wallet: Wallet, enzo: User, **other: Any) -> Refund:
    return refunds.prepare(wallet=wallet, by=enzo, now=NOW, **{"iban": IBAN, **other})


def ask(minutes: int = 0) -> int:
    """The round that writes to the families, so many minutes later."""
    return refund_mail.send_owed(now=NOW + dt.timedelta(minutes=minutes))


def approved(wallet: Wallet, enzo: User) -> Refund:
    return refunds.approve(refund=prepared(wallet, enzo), by=enzo, now=NOW)


def exported(wallet: Wallet, enzo: User) -> Refund:
    approved(wallet, enzo)
    refunds.export(by=enzo, now=NOW)
    return Refund.objects.get(wallet=wallet)


class TestWhoIsGivenTheCreditBack:
    def test_a_family_whose_last_child_has_left(self, leaver: Wallet) -> None:
        (one,) = leavers.candidates(day=DAY)
        assert (one.wallet, one.amount, one.method, one.last_day) == (leaver, Decimal("50.00"), "bank", END)

    def test_nobody_while_a_sibling_stays(self, town: cast.Town) -> None:
        leave(town.luca)
        top_up(wallet_of(town.family))
        assert leavers.candidates(day=DAY) == []

    def test_nobody_who_comes_back_in_september(self, leaver: Wallet, town: cast.Town) -> None:
        row = Enrolment.objects.get(pupil=town.tommaso)
        Enrolment.objects.create(
            pupil=row.pupil, class_group=row.class_group, valid_from=dt.date(2027, 9, 1), valid_to=None
        )
        assert leavers.candidates(day=DAY) == []

    def test_nobody_without_credit_or_with_a_debt(self, leaver: Wallet, enzo: User) -> None:
        ledger.adjust(wallet=leaver, amount=Decimal("-50.00"), key="1", reason="prova", by=enzo, now=NOW)
        assert leavers.candidates(day=DAY) == []
        ledger.adjust(wallet=leaver, amount=Decimal("-5.00"), key="2", reason="prova", by=enzo, now=NOW)
        assert leavers.candidates(day=DAY) == []

    def test_a_small_credit_goes_to_a_sibling_or_to_the_solidarity_fund(
        self, leaver: Wallet, town: cast.Town, enzo: User
    ) -> None:
        ledger.adjust(wallet=leaver, amount=Decimal("-45.01"), key="1", reason="prova", by=enzo, now=NOW)
        assert leavers.candidates(day=DAY)[0].method == "solidarity"
        Custody.objects.filter(pupil=town.tommaso).update(friday=False)
        days = {"monday": False, "tuesday": False, "wednesday": False, "thursday": False}
        Custody.objects.create(pupil=town.tommaso, household=town.family, valid_from=END, **days)
        (one,) = leavers.candidates(day=DAY)
        assert (one.method, one.siblings) == ("sibling", (wallet_of(town.family),))


class TestTheWayOfARefund:
    def test_the_family_is_asked_for_the_account_once(self, leaver: Wallet, enzo: User) -> None:
        refund = prepared(leaver, enzo, iban="")
        assert [ask(minutes) for minutes in (0, 5, 500)] == [1, 0, 0]
        (message,) = mail.outbox
        assert message.to == ["carla@posta.example"]
        assert "50,00" in message.body
        assert f"/borsellino/{leaver.household.code}/rimborso/" in message.body
        assert "Carla" not in message.subject
        refund.refresh_from_db()
        assert refund.asked_at == NOW

    def test_a_mail_server_that_is_down_delays_the_question_and_does_not_lose_it(
        self, leaver: Wallet, enzo: User
    ) -> None:
        prepared(leaver, enzo, iban="")
        with server_down():
            assert [ask(minutes) for minutes in (0, 61)] == [0, 0]
        assert [ask(minutes) for minutes in (90, 122, 300)] == [0, 1, 0]
        assert [message.to for message in mail.outbox] == [["carla@posta.example"]]

    def test_nobody_is_asked_for_an_account_that_is_known_or_of_no_use(
        self, leaver: Wallet, enzo: User
    ) -> None:
        refund = prepared(leaver, enzo, iban="")
        refunds.give_account(refund=refund, iban=IBAN, now=NOW)
        assert ask() == 0
        refunds.cancel(refund=refund, by=enzo, now=NOW)
        refunds.cancel(refund=prepared(leaver, enzo, iban=""), by=enzo, now=NOW)
        prepared(leaver, enzo, method="solidarity", iban="")
        assert ask() == 0

    def test_who_has_no_address_is_asked_as_soon_as_there_is_one_and_the_office_reads_it_meanwhile(
        self, leaver: Wallet, enzo: User, client_of: Browser
    ) -> None:
        carla = leaver.household.applicant
        Guardian.objects.filter(pk=carla.pk).update(email="")
        page = f"/ufficio/rimborsi/{prepared(leaver, enzo, iban='').pk}/"
        assert ask() == 0
        assert "nessuna e-mail è ancora partita" in client_of(enzo).get(page).content.decode()
        Guardian.objects.filter(pk=carla.pk).update(email="carla@posta.example")
        assert ask(5) == 1
        assert "chiesto per e-mail il" in client_of(enzo).get(page).content.decode()

    def test_it_is_to_be_paid_within_ninety_days(self, leaver: Wallet, enzo: User) -> None:
        assert prepared(leaver, enzo).due_by == dt.date(2027, 10, 3)

    def test_the_money_leaves_the_wallet_when_it_is_approved(self, leaver: Wallet, enzo: User) -> None:
        refund = prepared(leaver, enzo)
        assert balance(leaver) == Decimal("50.00")
        refund = refunds.approve(refund=refund, by=enzo, now=NOW)
        assert balance(leaver) == 0
        assert refund.entry is not None
        assert refund.entry.cause == f"refund:{refund.pk}"

    def test_without_an_account_it_is_not_approved(self, leaver: Wallet, enzo: User) -> None:
        with pytest.raises(RefundRefused, match="IBAN"):
            refunds.approve(refund=prepared(leaver, enzo, iban=""), by=enzo, now=NOW)

    def test_when_the_balance_has_changed_it_is_prepared_again(self, leaver: Wallet, enzo: User) -> None:
        refund = prepared(leaver, enzo)
        ledger.adjust(wallet=leaver, amount=Decimal("-3.40"), key="1", reason="pasto", by=enzo, now=NOW)
        with pytest.raises(RefundRefused, match="saldo è cambiato"):
            refunds.approve(refund=refund, by=enzo, now=NOW)
        assert balance(leaver) == Decimal("46.60")

    def test_a_family_has_one_refund_open(self, leaver: Wallet, enzo: User) -> None:
        prepared(leaver, enzo)
        with pytest.raises(RefundRefused, match="già un rimborso"):
            prepared(leaver, enzo)

    def test_who_has_children_at_the_canteen_gets_none(self, town: cast.Town, enzo: User) -> None:
        wallet = wallet_of(town.family)
        top_up(wallet)
        wallet.refresh_from_db()
        with pytest.raises(RefundRefused, match="figli iscritti"):
            prepared(wallet, enzo)

    def test_below_the_smallest_refund_there_is_no_transfer(self, leaver: Wallet, enzo: User) -> None:
        ledger.adjust(wallet=leaver, amount=Decimal("-45.01"), key="1", reason="prova", by=enzo, now=NOW)
        leaver.refresh_from_db()
        with pytest.raises(RefundRefused, match="rimborso minimo"):
            prepared(leaver, enzo)
        refund = prepared(leaver, enzo, method="solidarity", iban="")
        refund = refunds.approve(refund=refund, by=enzo, now=NOW)
        assert (refund.state, balance(leaver)) == ("paid", 0)

    def test_a_sibling_receives_all_of_it(self, leaver: Wallet, town: cast.Town, enzo: User) -> None:
        other = wallet_of(town.family)
        refund = prepared(leaver, enzo, method="sibling", to_wallet=other, iban="")
        refunds.approve(refund=refund, by=enzo, now=NOW)
        assert (balance(leaver), balance(other)) == (0, Decimal("50.00"))

    def test_the_list_for_the_accounts_has_a_row_for_each_transfer_and_a_total(
        self, leaver: Wallet, enzo: User
    ) -> None:
        approved(leaver, enzo)
        made = refunds.export(by=enzo, now=NOW)
        rows = list(csv.reader(io.StringIO(made.content.removeprefix("\ufeff")), delimiter=";"))
        refund = Refund.objects.get()
        assert rows[1][:4] == [f"R{refund.pk}", "Carla Verdi", CLEAN, "50,00"]
        assert rows[2][:4] == ["Totale", "1 bonifico", "", "50,00"]
        assert refund.state == "exported"
        with pytest.raises(RefundRefused):
            refunds.export(by=enzo, now=NOW)

    def test_the_list_is_kept_encrypted(self, leaver: Wallet, enzo: User) -> None:
        exported(leaver, enzo)
        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM wallets_refundexport UNION SELECT iban FROM wallets_refund")
            assert not [row for row in cursor.fetchall() if "0542811" in row[0]]
        assert CLEAN in RefundExport.objects.get().content

    def test_what_comes_back_is_credited_once_and_may_start_again(self, leaver: Wallet, enzo: User) -> None:
        refund = exported(leaver, enzo)
        refunds.mark_paid(refund=refund, paid_on=DAY, now=NOW)
        refunds.bounce(refund=refund, reason="conto chiuso", by=enzo, now=NOW)
        assert balance(leaver) == Decimal("50.00")
        with pytest.raises(WrongState):
            refunds.bounce(refund=refund, reason="conto chiuso", by=enzo, now=NOW)
        leaver.refresh_from_db()
        assert prepared(leaver, enzo).state == "prepared"

    def test_an_approved_refund_that_is_cancelled_gives_the_credit_back(
        self, leaver: Wallet, enzo: User
    ) -> None:
        refund = refunds.cancel(refund=approved(leaver, enzo), by=enzo, now=NOW)
        assert (refund.state, balance(leaver)) == ("cancelled", Decimal("50.00"))
        assert books.run(books.CHECKS) == []

    def test_a_payment_of_tomorrow_is_refused(self, leaver: Wallet, enzo: User) -> None:
        with pytest.raises(RefundRefused, match="futuro"):
            refunds.mark_paid(refund=exported(leaver, enzo), paid_on=DAY + dt.timedelta(days=1), now=NOW)


@pytest.mark.parametrize(
    ("so_far", "change", "guard"),
    [
        (prepared, "UPDATE wallets_refund SET state = 'approved'", "refund_takes_the_money_when_approved"),
        (prepared, "UPDATE wallets_refund SET amount = 0", "refund_above_zero"),
        (approved, "UPDATE wallets_refund SET state = 'cancelled'", "money_that_came_back_is_recredited"),
        (approved, "UPDATE wallets_refund SET iban = ''", "bank_refund_has_holder_and_iban"),
        (approved, "UPDATE wallets_refund SET state = 'exported'", "only_bank_refunds_are_exported"),
        (
            prepared,
            (
                "INSERT INTO wallets_refund (wallet_id, amount, method, holder, iban, state, prepared_at, prepared_by_id,"
                " due_by, bounce_reason) SELECT wallet_id, amount, method, holder, iban, state, prepared_at, prepared_by_id,"
                " due_by, bounce_reason FROM wallets_refund"
            ),
            "one_open_refund_per_wallet",
        ),
    ],
)
def test_the_states_hold_also_for_raw_sql(
    leaver: Wallet, enzo: User, so_far: Callable[..., Refund], change: str, guard: str
) -> None:
    so_far(leaver, enzo)
    with refused(guard):
        run_sql("SET CONSTRAINTS ALL IMMEDIATE")
        run_sql(change)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (IBAN, CLEAN),
        ("it60x0542811101000000123456", CLEAN),
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ],
)
def test_an_iban_is_read_however_it_is_written(text: str, clean: str) -> None:
    assert iban.clean(text) == clean


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("IT60X0542811101000000123457", "una è sbagliata"),
        ("IT60", "27 caratteri"),
        ("=cmd|'/c calc'!A1", "27 caratteri"),
        ("BR1500000000000010932840814P2", "SEPA"),
        ("IT60X05428111010000001234560", "una è sbagliata"),
    ],
)
def test_an_iban_that_is_wrong_says_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(iban.BadIban, match=sentence):
        iban.clean(text)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_on_approve_take_the_money_once() -> None:
    town = cast.build_town()
    leave(town.tommaso)
    wallet = wallet_of(town.carla_family)
    top_up(wallet)
    wallet.refresh_from_db()
    refund = prepared(wallet, town.enzo)
    results = together(*[lambda: refunds.approve(refund=refund, by=town.enzo, now=NOW)] * 3)
    assert sorted(type(result).__name__ for result in results) == ["Refund", "WrongState", "WrongState"]
    assert balance(wallet) == 0


class TestThePages:
    @pytest.fixture(autouse=True)
    def summer(self, time_machine: Any) -> None:
        time_machine.move_to(NOW, tick=False)

    def test_from_the_list_to_the_accounts(self, leaver: Wallet, town: cast.Town, client_of: Browser) -> None:
        office, accounts, parent = client_of(town.enzo), client_of(town.gino), client_of(town.carla)
        code = leaver.household.code
        assert code in office.get("/ufficio/rimborsi/").content.decode()
        office.post(f"/ufficio/rimborsi/prepara/{code}/", {"method": "bank", "iban": ""})
        refund = Refund.objects.get()
        parent.post(f"/borsellino/{code}/rimborso/", {"iban": IBAN, "is_mine": "on"})
        page = office.get(f"/ufficio/rimborsi/{refund.pk}/").content.decode()
        assert "IT60 •••• 3456" in page
        assert CLEAN not in page
        office.post(f"/ufficio/rimborsi/{refund.pk}/approva/")
        office.post("/ufficio/rimborsi/elenchi/")
        made = RefundExport.objects.get()
        text = accounts.get(f"/ufficio/rimborsi/elenchi/{made.pk}.csv").content.decode()
        assert CLEAN in text
        accounts.post(f"/ufficio/rimborsi/{refund.pk}/pagato/", {"paid_on": "2027-07-05"})
        refund.refresh_from_db()
        assert refund.state == "paid"
        assert SensitiveView.objects.filter(kind="bank", user=town.gino).count() == 1

    def test_seeing_the_whole_iban_is_recorded(self, leaver: Wallet, enzo: User, client_of: Browser) -> None:
        refund = prepared(leaver, enzo)
        page = client_of(enzo).get(f"/ufficio/rimborsi/{refund.pk}/?iban").content.decode()
        assert CLEAN in page
        assert SensitiveView.objects.get().subject == f"rimborso R{refund.pk}"

    def test_a_wrong_iban_writes_nothing_and_says_why(
        self, leaver: Wallet, town: cast.Town, client_of: Browser
    ) -> None:
        prepared(leaver, town.enzo, iban="")
        answer = client_of(town.carla).post(
            f"/borsellino/{leaver.household.code}/rimborso/",
            {"iban": "IT60X054281110100000012345", "is_mine": "on"},
        )
        assert answer.status_code == 422
        assert "una è sbagliata" in answer.content.decode()
        assert Refund.objects.get().iban == ""

    def test_another_family_does_not_find_the_page(
        self, leaver: Wallet, anna: User, client_of: Browser
    ) -> None:
        assert client_of(anna).get(f"/borsellino/{leaver.household.code}/rimborso/").status_code == 404

    @pytest.mark.parametrize(
        ("who", "status"), [("enzo", 200), ("gino", 200), ("auditor", 200), ("dora", 403), ("anna", 403)]
    )
    def test_who_may_look_at_the_refunds(
        self, leaver: Wallet, town: cast.Town, client_of: Browser, who: str, status: int
    ) -> None:
        assert client_of(getattr(town, who)).get("/ufficio/rimborsi/").status_code == status

    @pytest.mark.parametrize("who", ["gino", "auditor", "dora", "carla"])
    def test_only_the_office_approves(
        self, leaver: Wallet, town: cast.Town, client_of: Browser, who: str
    ) -> None:
        refund = prepared(leaver, town.enzo)
        assert (
            client_of(getattr(town, who)).post(f"/ufficio/rimborsi/{refund.pk}/approva/").status_code == 403
        )
        assert balance(leaver) == Decimal("50.00")
