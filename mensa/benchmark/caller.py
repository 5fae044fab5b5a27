"""The pagoPA node at the door of a portal of real processes: it asks, pays and delivers without a pause, and times every answer."""

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from urllib.parse import quote

import httpx
from django.conf import settings

from payments.configuration import creditor, simulator_secret
from payments.models import Notice
from payments.rules import identifiers
from payments.soap import envelope
from payments.soap.envelope import Content

QUESTIONS = ("paVerifyPaymentNoticeReq", "paGetPaymentReq", "paGetPaymentV2Request")
RECEIPTS = ("paSendRTReq", "paSendRTV2Request")
PRIMITIVES = (*QUESTIONS, *RECEIPTS)
AMOUNT = Decimal("30.00")
STARTS_WITHIN = 60  # seconds
_BATCH = 5000


def issue(count: int, families: int) -> list[str]:
    """That many payable notices, over all wallets; their numbers."""
    body = creditor()
    numbers = [
        identifiers.compose(segregation=body.segregation, system=body.iuv_system, sequence=sequence)
        for sequence in range(1, count + 1)
    ]
    rows = [
        Notice(
            nav=nav,
            wallet_id=position % families + 1,
            amount=AMOUNT,
            subject="Mensa scolastica, banco di prova",
            due_date="2027-06-30",
            issued_at="2026-09-01T10:00:00Z",
        )
        for position, nav in enumerate(numbers)
    ]
    Notice.objects.bulk_create(rows, batch_size=_BATCH)
    return numbers


@contextmanager
def portal(database: str) -> Iterator[str]:
    """Two web processes of four threads each, as in service, on the database of the benchmark; their address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with TemporaryDirectory(prefix="mensa-banco-") as folder, (Path(folder) / "log").open("w+b") as log:
        server = subprocess.Popen(
            [*_GUNICORN, "--bind", f"127.0.0.1:{port}", "mensa.wsgi:application"],
            env=_environment(database, address, folder),
            cwd=settings.BASE_DIR,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


_GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "2", "--threads", "4"),
    *("--no-control-socket", "--log-level", "warning"),
)


def _environment(database: str, address: str, folder: str) -> dict[str, str]:
    where = settings.DATABASES["default"]
    login = f"{quote(where['USER'])}:{quote(where['PASSWORD'])}"
    folder_or_host = f"{where['HOST']}/" if where["HOST"] else ""
    if folder_or_host.startswith("/"):
        folder_or_host = f"/{folder_or_host}"  # the socket's folder
    elif folder_or_host and where["PORT"]:
        folder_or_host = f"{where['HOST']}:{where['PORT']}/"
    port = {"PGPORT": str(where["PORT"])} if where["PORT"] else {}
    return {
        **os.environ,
        **port,
        "DATABASE_URL": f"postgres://{login}@{folder_or_host or '/'}{database}",
        "MENSA_MODE": "demo",
        "PAGOPA_MODE": "simulator",
        "BASE_URL": address,
        "SECRET_KEY": settings.SECRET_KEY,
        "VAR_DIR": folder,
        "LOG_LEVEL": "ERROR",
    }


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and server.poll() is None:
        try:
            if httpx.get(f"{address}/pagopa/ws", trust_env=False).status_code == 405:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("il portale del banco di prova non risponde")


class Caller:
    """Some threads that call until told to stop. `times` are seconds, by primitive; `wrong` counts answers that are not OK."""

    def __init__(self, address: str, numbers: list[str], threads: int) -> None:
        self._address = f"{address}/pagopa/ws"
        self._numbers = iter(numbers)
        self._taking = threading.Lock()
        self._stop = threading.Event()
        self._threads = threads
        self.times: dict[str, list[float]] = {}
        self.wrong = 0

    @contextmanager
    def calling(self) -> Iterator[None]:
        self.times, self.wrong = {name: [] for name in PRIMITIVES}, 0
        self._stop.clear()
        crew = [threading.Thread(target=self._call, daemon=True) for _ in range(self._threads)]
        for thread in crew:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in crew:
                thread.join(timeout=30)

    def _call(self) -> None:
        headers = {settings.PAGOPA_CALLER_HEADER: simulator_secret(), "Content-Type": "text/xml"}
        with httpx.Client(headers=headers, timeout=30, trust_env=False) as client:
            for receipt in cycle(RECEIPTS):
                with self._taking:
                    nav = next(self._numbers, None)
                if nav is None or self._stop.is_set():
                    return
                for name in (*QUESTIONS, receipt):
                    self._ask(client, name, nav)

    def _ask(self, client: httpx.Client, name: str, nav: str) -> None:
        message = _receipt(name, nav) if name in RECEIPTS else _question(name, nav)
        began = time.perf_counter()
        answer = client.post(self._address, content=message)
        self.times[name].append(time.perf_counter() - began)
        if b"<outcome>OK</outcome>" not in answer.content:
            self.wrong += 1


def percentile_95(times: list[float]) -> float | None:
    """None: too few to say."""
    return quantiles(times, n=20)[-1] if len(times) > 1 else None


def _who() -> Content:
    body = creditor()
    return [("idPA", body.fiscal_code), ("idBrokerPA", body.broker), ("idStation", body.stations[0])]


def _question(name: str, nav: str) -> bytes:
    code: Content = [("fiscalCode", creditor().fiscal_code), ("noticeNumber", nav)]
    return envelope.write(name, [*_who(), ("qrCode", code)])


def _receipt(name: str, nav: str) -> bytes:
    receipt: Content = [
        ("receiptId", uuid.uuid4().hex),
        ("noticeNumber", nav),
        ("fiscalCode", creditor().fiscal_code),
        ("outcome", "OK"),
        ("creditorReferenceId", nav[1:]),
        ("paymentAmount", f"{AMOUNT}"),
        ("PSPCompanyName", "Banco di prova"),
        ("paymentDateTime", "2026-11-24T09:58:22"),
    ]
    return envelope.write(name, [*_who(), ("receipt", receipt)])
