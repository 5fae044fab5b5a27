"""The proxy of docs/esempi/nginx-pagopa.conf, for real, where nginx is installed: only the node gets through, by its certificate."""

import datetime as dt
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from payments.models import Notice
from tests.payments.conftest import question

EXAMPLE = settings.BASE_DIR / "docs" / "esempi" / "nginx-pagopa.conf"
SECRET = "un-segreto-lungo-e-casuale"
NODE, OTHER = "forwarder.platform.pagopa.it", "forwarder.platform.pagopa.it.example"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(NGINX is None, reason="nginx not installed"),
]


class Authority:
    """Signs certificates; `make` leaves <name>.crt and <name>.key in the folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = self._write(name, self._sign(self.subject, self.key.public_key(), ca=True), self.key)

    def make(self, common_name: str, file: str, organisation: str = "Prova") -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        return self._write(file, self._sign(subject, key.public_key(), ca=False), key)

    def _sign(self, subject: x509.Name, key: Any, *, ca: bool) -> x509.Certificate:
        today = dt.datetime.now(tz=dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - dt.timedelta(days=1))
            .not_valid_after(today + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def _write(self, file: str, certificate: x509.Certificate, key: Any) -> Path:
        plain = (
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (self.folder / f"{file}.key").write_bytes(key.private_bytes(*plain))
        path = self.folder / f"{file}.crt"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def proxy(live_server: Any, tmp_path: Path, authority: Authority, settings: Any) -> Iterator[str]:
    """nginx with the example of the manual: only paths, ports and the secret are put in."""
    settings.PAGOPA_MODE, settings.PAGOPA_CALLER_VALUE = "station", SECRET
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    authority.make("mensa.comune.example", "portale")
    site = EXAMPLE.read_text("utf-8")
    for written, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/nginx/tls/autorita-del-nodo.pem": str(authority.file),
        "/etc/nginx/tls/portale": str(tmp_path / "portale"),
        "http://127.0.0.1:8000": live_server.url,
        "VALORE-DI-PAGOPA_CALLER_VALUE": SECRET,
        "Host $host": "Host localhost",
    }.items():
        assert written in site
        site = site.replace(written, here)
    yield from _run(site, port, tmp_path)


def _run(site: str, port: int, folder: Path) -> Iterator[str]:
    kept = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log off;\n{kept}{site}\n}}\n",
        "utf-8",
    )
    process = subprocess.Popen([str(NGINX), "-e", str(folder / "error.log"), "-c", str(main)], cwd=folder)
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        assert process.poll() is None, (folder / "error.log").read_text("utf-8")
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def ask(proxy: str, notice: Notice, tmp_path: Path) -> Callable[..., int]:
    """The status that a caller with this certificate (or none) gets for a question."""
    message = question("paVerifyPaymentNoticeReq", notice.nav)

    def post(certificate: Path | None, path: str = "/pagopa/ws", **headers: str) -> int:
        context = ssl.create_default_context(cafile=tmp_path / "authority.crt")
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        answer = httpx.post(
            proxy + path,
            content=message,
            headers={"Content-Type": "text/xml", **headers},
            verify=context,
            trust_env=False,
        )
        return answer.status_code

    return post


def test_the_node_is_let_in_by_its_certificate(ask: Callable[..., int], authority: Authority) -> None:
    assert ask(authority.make(NODE, "node")) == 200


def test_nobody_else_is_whatever_header_he_sends(
    ask: Callable[..., int], authority: Authority, tmp_path: Path
) -> None:
    """Without a certificate, with one of the same authority for another name, with the right name of another authority."""
    for header in ({}, {"X-Pagopa-Caller": SECRET}):
        assert ask(None, **header) == 403
        assert ask(authority.make(OTHER, "other"), **header) == 403
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stranger = Authority(elsewhere, "stranger")
    assert ask(stranger.make(NODE, "node")) == 400


def test_a_name_with_the_node_s_name_inside_is_not_the_node(
    ask: Callable[..., int], authority: Authority
) -> None:
    """An organisation may be called "x,CN=forwarder..." for the same authority: it is still somebody else."""
    assert ask(authority.make(OTHER, "sly", organisation=f"x,CN={NODE}")) == 403
    assert ask(authority.make(NODE, "whole", organisation="PagoPA S.p.A., Roma")) == 200


def test_no_other_address_lets_the_header_through(ask: Callable[..., int]) -> None:
    """A parent who writes the header himself reaches the portal without it."""
    assert ask(None, path="/pagopa/ws/", **{"X-Pagopa-Caller": SECRET}) in {403, 404}
    assert ask(None, path="//pagopa/ws", **{"X-Pagopa-Caller": SECRET}) in {403, 404}
    assert ask(None, path="/pagopa/%77s", **{"X-Pagopa-Caller": SECRET}) == 403
