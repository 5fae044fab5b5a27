"""pagoPA as the tests see it: notices of the cast, receipts as the node writes them, the published schemas when they are there."""

import datetime as dt
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.simple_server import make_server

import httpx
import pytest
from django.conf import settings
from django.test import Client
from lxml import etree

from enrolments.models import Pupil
from mensa import clock
from payments import gateways, notices
from payments.configuration import creditor, simulator_secret
from payments.management.commands.pagopa_simulator import Quiet, Server
from payments.models import Notice
from payments.rules import wording
from payments.simulator.node import Node
from payments.simulator.wsgi import make
from payments.soap import envelope
from payments.soap.envelope import Content
from tests import cast
from tests.payments import outside
from wallets.models import Wallet

NOW = cast.at("2026-11-24 10:00")
REFERENCE = Path(os.environ.get("PAGOPA_REFERENCE", str(settings.BASE_DIR / ".." / "shared" / "pagopa")))
ABSENT = "reference data of pagoPA not present (PAGOPA_REFERENCE)"


@pytest.fixture
def reference() -> Path:
    if not (REFERENCE / "SOURCES.md").exists():
        pytest.skip(ABSENT)
    return REFERENCE


@pytest.fixture
def wallet(town: cast.Town) -> Wallet:
    """Of Anna's and Bruno's family."""
    return Wallet.objects.get(household=town.family)


@pytest.fixture
def issue(wallet: Wallet, town: cast.Town) -> Callable[..., Notice]:
    """A notice of 102.00 euro for Luca, due on 24 December 2026, unless told otherwise."""

    def make(amount: str = "102.00", pupil: Pupil | None = town.luca, **other: Any) -> Notice:
        values: dict[str, Any] = {"wallet": wallet, "due_date": dt.date(2026, 12, 24), "now": NOW}
        values["subject"] = wording.notice_subject(pupil_code=town.luca.code, meals=30, year="2026/27")
        return notices.issue(**{**values, **other, "amount": Decimal(amount), "pupil": pupil})

    return make


@pytest.fixture
def notice(issue: Callable[..., Notice]) -> Notice:
    return issue()


def caller() -> Content:
    body = creditor()
    return [("idPA", body.fiscal_code), ("idBrokerPA", body.broker), ("idStation", body.stations[0])]


def question(name: str, nav: str) -> bytes:
    """A paVerifyPaymentNoticeReq or paGetPayment(V2) message for this number."""
    code: Content = [("fiscalCode", creditor().fiscal_code), ("noticeNumber", nav)]
    return envelope.write(name, [*caller(), ("qrCode", code)])


def receipt_message(
    nav: str,
    amount: str,
    receipt_id: str = "c110729d258c4ab1b765fe902aae41d6",
    name: str = "paSendRTV2Request",
) -> bytes:
    """A receipt complete enough for the schema."""
    fiscal_code = creditor().fiscal_code
    person: Content = [("entityUniqueIdentifierType", "F"), ("entityUniqueIdentifierValue", "ANONIMO")]
    debtor: Content = [("uniqueIdentifier", person), ("fullName", "Anonimo")]
    transfer: Content = [
        ("idTransfer", "1"),
        ("transferAmount", amount),
        ("fiscalCodePA", fiscal_code),
        ("IBAN", creditor().iban),
        ("remittanceInformation", "x"),
        ("transferCategory", "x"),
    ]
    receipt: Content = [
        ("receiptId", receipt_id),
        ("noticeNumber", nav),
        ("fiscalCode", fiscal_code),
        ("outcome", "OK"),
        ("creditorReferenceId", nav[1:]),
        ("paymentAmount", amount),
        ("description", "mensa"),
        ("companyName", "Comune"),
        ("debtor", debtor),
        ("transferList", [("transfer", transfer)]),
        ("idPSP", "BANCA"),
        ("PSPCompanyName", "Banca di prova"),
        ("idChannel", "BANCA_01"),
        ("channelDescription", "app"),
        ("fee", "1.50"),
        ("paymentDateTime", "2026-11-20T09:58:22"),
    ]
    return envelope.write(name, [*caller(), ("receipt", receipt)])


class NodeClient:
    """The node at the door of the portal, inside the test's transaction."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def post(self, message: bytes, secret: str | None = None, **options: Any) -> Any:
        headers = {settings.PAGOPA_CALLER_HEADER: simulator_secret() if secret is None else secret}
        return self._client.post("/pagopa/ws", message, content_type="text/xml", headers=headers, **options)

    def ask(self, message: bytes) -> etree._Element:
        response = self.post(message)
        assert response.status_code == 200, response.content
        return envelope.open_body(response.content)

    def outcome(self, message: bytes) -> str:
        """OK, or the fault code."""
        answer = self.ask(message)
        return envelope.text(answer, "fault", "faultCode") or envelope.text(answer, "outcome")


@pytest.fixture
def node(client: Client, monkeypatch: pytest.MonkeyPatch) -> NodeClient:
    """It calls on the morning of the cast, whatever the day of whoever runs the tests."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return NodeClient(client)


@dataclass
class Simulator:
    """The simulated node on a port of its own; its postman goes round only when asked."""

    address: str
    node: Node

    def choose(self, page: str, outcome: str) -> httpx.Response:
        """Press a button of the checkout page; the redirect back to the portal is not followed."""
        return httpx.post(page, data={"esito": outcome}, trust_env=False, follow_redirects=False)


@pytest.fixture
def simulator(
    live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """The portal on live_server, the node beside it, each knowing the other's address only.

    With more patience than a parent has: these tests are about what is said, and the machine may be busy.
    """
    monkeypatch.setattr(gateways, "PAGE_SECONDS", 30)
    settings.BASE_URL = live_server.url
    application = make(portal=live_server.url, folder=tmp_path, background=False)

    def mounted(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"].removeprefix("/node")
        return application({**environ, "SCRIPT_NAME": "/node", "PATH_INFO": path}, start_response)

    with make_server("127.0.0.1", 0, mounted, Server, Quiet) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        settings.SIMULATORS_URL = f"http://127.0.0.1:{server.server_port}"
        yield Simulator(f"{settings.SIMULATORS_URL}/node", application.node)
        server.shutdown()
        thread.join()


@pytest.fixture
def no_node(settings: Any) -> str:
    """pagoPA is down: nothing listens at its address."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.SIMULATORS_URL = f"http://127.0.0.1:{closed.getsockname()[1]}"
    return str(settings.SIMULATORS_URL)


@pytest.fixture
def pagopa(settings: Any) -> Iterator[outside.Pagopa]:
    """pagoPA in mode `gpd`, as a server that says what the test wants; one address for every product."""
    with outside.listening() as listening:
        settings.PAGOPA_MODE = "gpd"
        settings.PAGOPA_URLS = dict.fromkeys(settings.PAGOPA_PRODUCTS, listening.address)
        settings.PAGOPA_KEYS = {name: ["first-key", "second-key"] for name in settings.PAGOPA_PRODUCTS}
        yield listening
