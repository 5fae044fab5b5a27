"""Exactly once: the same payment told by the node, the list, Biz-Events, a settlement report and a paper, in every order, twice,
sixteen at once, with connections cut. One receipt, one credit; and a naive twin for which the same storm is too much.
"""

import datetime as dt
import json
import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from django.db import DatabaseError, connection

from enrolments.errors import Refused
from payments import books, polling, receipts, reconciliation, recovery, settlement, uploads
from payments.models import Notice, Receipt, SettlementReport, UploadedReceipt
from payments.rules.reports import IncomingLine, IncomingReport
from tests import cast
from tests.payments.conftest import NOW, receipt_message
from tests.payments.test_polling import stored
from tests.payments.test_receipts import incoming
from tests.payments.test_recovery import IUR, told
from tests.wallets.races import WAIT, together
from wallets import books as wallet_books
from wallets import ledger
from wallets.models import Entry, Wallet

pytestmark = pytest.mark.django_db(transaction=True)
PAID = Decimal("102.00")
SIXTEEN = 16
SECRET = "a-secret-of-twenty-four"
Channel = Callable[[], object]


@dataclass
class Payment:
    """One payment of one notice, and the five ways in which we may hear of it."""

    notice: Notice
    town: cast.Town
    door: str
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1000)))
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def channels(self) -> dict[str, Channel]:
        return {
            "soap": self.soap,
            "list": lambda: polling.poll(now=NOW),
            "biz-events": lambda: recovery.recover(iur=IUR, iuv=self.notice.iuv, now=NOW),
            "report": self.report,
            "paper": self.paper,
        }

    def soap(self) -> object:
        """The node, over a real connection; it would knock again if we did not say OK."""
        answer = httpx.post(
            self.door + "/pagopa/ws",
            content=self._message(),
            headers=self._headers(),
            timeout=WAIT,
            trust_env=False,
        )
        assert answer.status_code == 200
        assert b"<outcome>OK</outcome>" in answer.content
        return answer

    def cut_before_the_answer(self) -> None:
        """All is said, nobody listens: the node knows nothing of our OK."""
        self._whisper(self._request())

    def cut_in_the_middle(self) -> None:
        self._whisper(self._request()[:-200])

    def report(self) -> object:
        """A settlement report names it; the reconciliation finds the receipt missing and asks for it."""
        line = IncomingLine(self.notice.iuv, IUR, 1, PAID, "9", NOW.date())
        settlement.keep(incoming=_report(line), channel=SettlementReport.Channel.REST, now=NOW)
        reconciliation.sync(now=NOW)
        return reconciliation.follow_up(now=NOW)

    def paper(self) -> object:
        """A parent sends the paper, the office reads its id and accepts."""
        with self.one_at_a_time:
            number = next(self.numbers)
        upload = UploadedReceipt.objects.create(
            household=self.town.family,
            file=f"ricevute/{number}.pdf",
            file_digest=f"{number:064d}",
            content_type="application/pdf",
            declared_amount=PAID,
            declared_paid_on=NOW.date(),
            uploaded_by=self.town.anna,
            uploaded_at=NOW,
        )
        decision = uploads.Decision(PAID, NOW.date(), receipt_id=IUR, nav=self.notice.nav)
        return uploads.accept(upload=upload, decision=decision, by=self.town.enzo, now=NOW)

    def _message(self) -> bytes:
        return receipt_message(self.notice.nav, f"{PAID}", receipt_id=IUR)

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "text/xml", "X-Pagopa-Caller": SECRET}

    def _request(self) -> bytes:
        host = self.door.removeprefix("http://")
        lines = [f"POST /pagopa/ws HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(self._message())}"]
        lines += [f"{name}: {value}" for name, value in self._headers().items()]
        return "\r\n".join([*lines, "", ""]).encode() + self._message()

    def _whisper(self, request: bytes) -> None:
        host, _, port = self.door.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=WAIT) as line:
            line.sendall(request)


def _report(line: IncomingLine) -> IncomingReport:
    return IncomingReport(
        fdr="2026-11-24BPPIITRRXXX-0001",
        psp="BPPIITRRXXX",
        psp_name="Banca di prova",
        revision=1,
        flow_date=NOW,
        regulation="TRN1",
        regulation_date=NOW.date(),
        total=line.amount,
        payments=1,
        lines=(line,),
        receiver="99999000013",
        published_at=None,
        raw="",
    )


@pytest.fixture
def payment(live_server: Any, settings: Any, notice: Notice, town: cast.Town) -> Iterator[Payment]:
    """pagoPA answers by address: the list, the document, Biz-Events. The portal's own door is on live_server."""
    answers = {
        f"/payments/99999000013/receipts/{notice.iuv}": stored(notice, receipt_id=IUR),
        "/payments/99999000013/receipts": json.dumps({"receipts_list": [{"iuv": notice.iuv}]}).encode(),
        f"/organizations/99999000013/receipts/{IUR}": json.dumps(told(notice)).encode(),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = [body for path, body in answers.items() if self.path.startswith(path)]
            body = known[0] if known else b"{}"
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        settings.PAGOPA_MODE, settings.PAGOPA_POLL_RECEIPTS = "gpd", True
        settings.PAGOPA_CALLER_VALUE = SECRET
        settings.PAGOPA_URLS = dict.fromkeys(settings.PAGOPA_PRODUCTS, address)
        settings.PAGOPA_KEYS = {name: ["key"] for name in settings.PAGOPA_PRODUCTS}
        yield Payment(notice, town, live_server.url)
        server.shutdown()
        thread.join()


def is_credited_once(payment: Payment) -> None:
    wallet = Wallet.objects.get(household=payment.town.family)
    (receipt,), (entry,) = Receipt.objects.all(), Entry.objects.all()
    payment.notice.refresh_from_db()
    assert (wallet.balance, entry.amount, receipt.entry) == (PAID, PAID, entry)
    assert (receipt.state, receipt.flag) == (Receipt.State.CREDITED, "")
    assert payment.notice.state == Notice.State.PAID
    assert wallet_books.run(wallet_books.CHECKS + books.CHECKS) == []


NAMES = ["soap", "list", "biz-events", "report", "paper"]


@pytest.mark.parametrize("name", NAMES)
def test_each_channel_by_itself_credits_it_and_twice_is_once(payment: Payment, name: str) -> None:
    for _ in range(2):
        payment.channels()[name]()
    is_credited_once(payment)


@pytest.mark.parametrize("seed", range(6))
def test_all_channels_twice_in_any_order_are_one_credit(payment: Payment, seed: int) -> None:
    order = NAMES * 2
    random.Random(seed).shuffle(order)
    for name in order:
        payment.channels()[name]()
    is_credited_once(payment)


@pytest.mark.parametrize("turn", range(2))
def test_sixteen_at_once_over_all_channels_are_one_credit(payment: Payment, turn: int) -> None:
    channels = payment.channels()
    names = (NAMES * 4)[turn : turn + SIXTEEN]
    said = together(*[channels[name] for name in names])
    troubles = [one for one in said if isinstance(one, Exception) and not isinstance(one, Refused)]
    assert troubles == []
    is_credited_once(payment)


def test_a_node_that_never_hears_our_ok_knocks_again_and_it_is_one_credit(payment: Payment) -> None:
    together(*[payment.cut_before_the_answer] * 6, *[payment.cut_in_the_middle] * 6)
    payment.soap()
    is_credited_once(payment)


def test_when_the_database_cuts_connections_in_the_middle_it_is_one_credit_in_the_end(
    payment: Payment,
) -> None:
    """What was stored and not yet placed is placed by the sweep, or by the next delivery."""

    def deliver() -> object:
        return receipts.record(
            incoming=incoming(payment.notice.nav, receipt_id=IUR), channel=Receipt.Channel.SOAP, now=NOW
        )

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND query ILIKE '%%payments_receipt%%'"
                " AND (state = 'active' OR state LIKE 'idle in%%')"
            )

    cuts = 0
    for _ in range(4):
        said = together(*[deliver] * 12, *[cut] * 4)
        broken = [one for one in said if isinstance(one, DatabaseError)]
        assert len([one for one in said if isinstance(one, Exception)]) == len(broken)
        cuts += len([one for one in said[:12] if isinstance(one, DatabaseError)])
    assert cuts, "no delivery was cut: the test proves nothing"
    receipts.settle_owed(limit=10, now=NOW)
    deliver()
    is_credited_once(payment)


def test_killed_between_storing_and_placing_any_channel_finishes_it(payment: Payment) -> None:
    for name in NAMES:
        receipts.keep(
            incoming=incoming(payment.notice.nav, receipt_id=IUR), channel=Receipt.Channel.SOAP, now=NOW
        )
        payment.channels()[name]()
    receipts.settle_owed(limit=10, now=NOW)
    is_credited_once(payment)


def test_two_payments_of_one_notice_are_two_credits_however_they_come(payment: Payment) -> None:
    """Exactly once is not at most one per notice: the second money is the family's too."""
    second = incoming(payment.notice.nav, receipt_id="another-payment")
    jobs: list[Channel] = [payment.soap] * 8
    jobs += [lambda: receipts.record(incoming=second, channel=Receipt.Channel.SOAP, now=NOW)] * 8
    assert not [one for one in together(*jobs) if isinstance(one, Exception)]
    assert Wallet.objects.get(household=payment.town.family).balance == 2 * PAID
    assert Receipt.objects.exclude(flag="").count() == 1


def test_the_naive_twin_credits_it_many_times(payment: Payment) -> None:
    """It looks whether the notice is paid, then credits under a key of its own channel: the storm above must show it."""
    looked = threading.Barrier(SIXTEEN)
    wallet = Wallet.objects.get(household=payment.town.family)

    def naive(channel: str, number: int) -> None:
        is_paid = Notice.objects.get(pk=payment.notice.pk).state == Notice.State.PAID
        looked.wait(WAIT)
        if not is_paid:
            ledger.credit(
                wallet=wallet, amount=PAID, cause=f"receipt:{channel}:{number}", value_day=NOW.date(), now=NOW
            )

    jobs = [
        lambda name=name, number=number: naive(name, number)
        for number, name in enumerate((NAMES * 4)[:SIXTEEN])
    ]
    together(*jobs)
    assert Entry.objects.count() > 1
    with pytest.raises((AssertionError, ValueError)):
        is_credited_once(payment)


def test_reordered_and_late_by_days_it_is_still_one_credit(payment: Payment) -> None:
    payment.paper()
    for days in (1, 3, 40):
        receipts.record(
            incoming=incoming(payment.notice.nav, receipt_id=IUR),
            channel=Receipt.Channel.SOAP,
            now=NOW + dt.timedelta(days=days),
        )
    is_credited_once(payment)
