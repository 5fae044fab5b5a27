"""The service of the settlement reports, judged by its published description; its answers when they are not what they should be."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from payments import gateways, settlement, settlement_polls
from payments.configuration import creditor, simulator_secret
from payments.errors import NodeUnreachable
from payments.gateways.fdr import FdrService, Published
from payments.models import Notice, SettlementLine, SettlementPoll, SettlementReport
from payments.rules.reports import WrongReport
from tests.payments.conftest import NOW, Simulator
from tests.payments.prism import prism  # noqa: F401 - fixture
from tests.payments.settled import FDR, a_line, a_report, kept

PLACE = f"/organizations/{creditor().fiscal_code}/fdrs"
ONE = f"{PLACE}/{FDR}/revisions/1/psps/BANCA"
HEAD: dict[str, Any] = {
    "fdr": FDR,
    "fdrDate": "2026-11-25T18:00:00Z",
    "published": "2026-11-25T18:00:00Z",
    "regulation": "TRN1",
    "regulationDate": "2026-11-25",
    "sender": {"pspId": "BANCA", "pspName": "Banca di prova"},
    "receiver": {"organizationId": creditor().fiscal_code},
    "totPayments": 1,
    "sumPayments": 102.00,
}
PAYMENT: dict[str, Any] = {
    "index": 1,
    "iuv": "01000000000004285",
    "iur": "iur1",
    "idTransfer": 1,
    "pay": 102.00,
    "payStatus": "EXECUTED",
    "payDate": "2026-11-24T22:30:00Z",
}


@contextmanager
def served(answers: dict[str, tuple[int, Any]], settings: Any) -> Iterator[list[str]]:
    """A service that gives these answers by path; yields the paths that were asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, content = answers.get(self.path.partition("?")[0], (404, {}))
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.PAGOPA_MODE = "gpd"
    settings.PAGOPA_URLS = {**settings.PAGOPA_URLS, "FDR": f"http://127.0.0.1:{server.server_port}"}
    settings.PAGOPA_KEYS = {name: ["key"] for name in settings.PAGOPA_PRODUCTS}
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def page(*rows: dict[str, Any], pages: int = 1) -> tuple[int, Any]:
    return 200, {"metadata": {"totPage": pages}, "count": len(rows), "data": list(rows)}


def row(revision: int = 1) -> dict[str, Any]:
    return {"fdr": FDR, "pspId": "BANCA", "revision": revision}


def service() -> FdrService:
    return FdrService(line=gateways.line("FDR"), fiscal_code=creditor().fiscal_code)


def test_a_report_is_read_with_exact_amounts_and_days_of_rome(settings: Any) -> None:
    with served({PLACE: page(row()), ONE: (200, HEAD), f"{ONE}/payments": page(PAYMENT)}, settings):
        (published,) = service().published_since(NOW)
        report = service().report(published)
    assert (report.total, report.lines[0].amount) == (Decimal("102.00"), Decimal("102.00"))
    assert report.lines[0].paid_on.isoformat() == "2026-11-24"


def test_every_page_is_asked_for(settings: Any) -> None:
    with served({PLACE: page(row(), pages=3)}, settings) as asked:
        service().published_since(NOW)
    assert [path.partition("page=")[2][0] for path in asked] == ["1", "2", "3"]
    assert "publishedGt=2026-11-24T09%3A00%3A00Z" in asked[0]


@pytest.mark.parametrize(
    "answer",
    [(500, {}), (400, {}), (200, b"<html>"), (200, []), (200, {"data": "x"}), (200, {"data": [{}]}), (200, {"data": [1]}),
     (200, {"data": [1], "metadata": "x"})],
)  # fmt: skip
def test_garbage_is_as_good_as_no_answer(settings: Any, answer: tuple[int, Any]) -> None:
    with served({PLACE: answer}, settings), pytest.raises(NodeUnreachable):
        service().published_since(NOW)


@pytest.mark.parametrize(
    "changes",
    [{"fdrDate": "ieri"}, {"sumPayments": "102"}, {"sumPayments": None}, {"totPayments": 2}, {"regulationDate": 5},
     {"sender": "BANCA"}, {"fdrDate": "9999-12-31T23:59:59Z"}, {"fdrDate": "0001-01-01T00:00:00+14:00"},
     {"published": "9999-12-31T23:59:59Z"}, {"regulationDate": "9999-12-31"}],
)  # fmt: skip
def test_a_header_that_cannot_be_read_is_the_report_s_own_fault(
    settings: Any, changes: dict[str, Any]
) -> None:
    answers = {ONE: (200, {**HEAD, **changes}), f"{ONE}/payments": page(PAYMENT)}
    with served(answers, settings), pytest.raises(WrongReport):
        service().report(Published(FDR, "BANCA", 1))


@pytest.mark.parametrize("day", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_payment_of_an_impossible_day_is_the_report_s_own_fault(settings: Any, day: str) -> None:
    answers = {ONE: (200, HEAD), f"{ONE}/payments": page({**PAYMENT, "payDate": day})}
    with served(answers, settings), pytest.raises(WrongReport):
        service().report(Published(FDR, "BANCA", 1))


def test_an_unknown_outcome_is_refused_with_its_name(settings: Any) -> None:
    strange = {**PAYMENT, "payStatus": "PERHAPS"}
    answers = {ONE: (200, HEAD), f"{ONE}/payments": page(strange)}
    with served(answers, settings), pytest.raises(WrongReport, match="PERHAPS"):
        service().report(Published(FDR, "BANCA", 1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bad",
    [
        {"fdrDate": "ieri"},
        {"totPayments": 7},
        {"sumPayments": None},
        {"sender": ["BANCA"]},
        {"totPayments": -1, "computedTotPayments": 1},
    ],
)
def test_a_report_that_is_broken_for_ever_does_not_hide_those_that_come_after_it(
    settings: Any, notice: Notice, bad: dict[str, Any]
) -> None:
    second = ONE.replace("/1/", "/2/")
    answers = {
        PLACE: page(row(1), row(2)),
        ONE: (200, {**HEAD, **bad}),
        f"{ONE}/payments": page(PAYMENT),
        second: (200, HEAD),
        f"{second}/payments": page(PAYMENT),
    }
    with served(answers, settings):
        poll = settlement_polls.run(poll=settlement_polls.ask(now=NOW), now=NOW)
    assert (poll.taken, poll.failed, poll.is_running) == (1, 1, False)


@pytest.mark.django_db
def test_what_is_here_already_is_not_asked_for_again_and_a_bad_one_stops_no_other(
    settings: Any, notice: Notice
) -> None:
    kept(a_report(a_line(notice.iuv)))
    second, third = ONE.replace("/1/", "/2/"), ONE.replace("/1/", "/3/")
    answers = {
        PLACE: page(row(1), row(2), row(3)),
        second: (200, HEAD),
        f"{second}/payments": page({**PAYMENT, "payStatus": "PERHAPS"}),
        third: (200, HEAD),
        f"{third}/payments": page(PAYMENT),
    }
    with served(answers, settings) as asked:
        poll = settlement_polls.run(poll=settlement_polls.ask(now=NOW), now=NOW)
    assert (poll.total, poll.done, poll.taken, poll.failed) == (2, 2, 1, 1)
    assert "1 flusso non si legge" in poll.problem
    assert not [path for path in asked if path.startswith(f"{ONE}/") or path == ONE]
    assert set(SettlementReport.objects.values_list("revision", flat=True)) == {1, 3}


@pytest.mark.django_db
def test_a_round_that_breaks_is_over_all_the_same_and_says_so(settings: Any, notice: Notice) -> None:
    def breaks(**_: object) -> None:
        raise LookupError

    answers = {PLACE: page(row(1)), ONE: (200, HEAD), f"{ONE}/payments": page(PAYMENT)}
    begun = settlement_polls.ask(now=NOW)
    with served(answers, settings), pytest.MonkeyPatch.context() as patched:
        patched.setattr(settlement, "keep", breaks)
        with pytest.raises(LookupError):
            settlement_polls.run(poll=begun, now=NOW)
    poll = SettlementPoll.objects.get()
    assert not poll.is_running
    assert "si è interrotta" in poll.problem


# -- against the published description -----------------------------------------------------------------------------


def test_what_we_ask_is_what_the_description_says(
    prism: Callable[[str], str],  # noqa: F811
    settings: Any,
) -> None:
    settings.PAGOPA_MODE = "gpd"
    settings.PAGOPA_URLS = {**settings.PAGOPA_URLS, "FDR": prism("fdr_organization")}
    settings.PAGOPA_KEYS = {name: ["key"] for name in settings.PAGOPA_PRODUCTS}
    line = gateways.line("FDR")
    good = {"publishedGt": "2026-11-24T09:00:00Z", "page": "1", "size": "1000"}
    assert line.call("GET", PLACE, params=good).status == 200
    assert line.call("GET", ONE).status == 200
    assert line.call("GET", f"{ONE}/payments", params={"page": "1", "size": "1000"}).status == 200
    assert line.call("GET", PLACE, params={**good, "page": "0"}).status in {400, 422}, "the control"
    assert line.call("GET", PLACE, params={**good, "publishedGt": "ieri"}).status in {400, 422}


@contextmanager
def judged(description: Path, upstream: str) -> Iterator[str]:
    """Prism between us and the simulated node: an answer that is not as described becomes an error."""
    program = shutil.which("prism")
    if program is None:
        pytest.skip("prism not installed (npm install --global @stoplight/prism-cli)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        program,
        "proxy",
        "--errors",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        str(description),
        upstream,
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(httpx.HTTPError):
            httpx.get(address, trust_env=False, timeout=5)
            break
        time.sleep(0.2)
    yield address
    process.terminate()
    process.wait(timeout=10)


@pytest.mark.django_db(transaction=True)
def test_the_simulated_service_answers_as_described(
    simulator: Simulator, reference: Path, issue: Callable[..., Notice], settings: Any
) -> None:
    simulator.node.clock = lambda: NOW
    form = {"numero": issue().nav, "esito": "pay"}
    httpx.post(f"{simulator.address}/sportello", data=form, trust_env=False, timeout=30)
    httpx.post(
        f"{simulator.address}/giornata",
        data={"difetto": ["revoked", "duplicate"]},
        trust_env=False,
        timeout=30,
    )
    upstream = f"{simulator.address}/fdr-org/service/v1"
    with judged(reference / "openapi" / "fdr_organization.json", upstream) as address:
        settings.PAGOPA_MODE = "gpd"
        settings.PAGOPA_URLS = {**settings.PAGOPA_URLS, "FDR": address}
        settings.PAGOPA_KEYS = {name: [simulator_secret()] for name in settings.PAGOPA_PRODUCTS}
        poll = settlement_polls.run(poll=settlement_polls.ask(now=NOW), now=NOW)
    assert (poll.taken, poll.problem) == (1, "")
    assert SettlementLine.objects.count() == 3
