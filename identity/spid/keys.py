"""The town's signing key, its certificate, and the next certificate while the key is being changed."""

import os
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from identity.spid import certificate

KEY, CERTIFICATE = "sp.key", "sp.crt"
NEXT_KEY, NEXT_CERTIFICATE = "next.key", "next.crt"


class KeyMissing(Exception):
    """There is no key to sign with."""

    def __init__(self) -> None:
        super().__init__("Manca la chiave SPID del Comune: si crea con il comando «spid_certificate».")


@dataclass(frozen=True)
class KeyPair:
    """PEM texts. `next_certificate` is empty except while the key is being changed."""

    key: str
    certificate: str
    next_certificate: str = ""

    @property
    def certificates(self) -> list[str]:
        return [pem for pem in (self.certificate, self.next_certificate) if pem]


def load(directory: Path) -> KeyPair:
    """From the files of the directory, read again when they change."""
    try:
        stamp = (directory / KEY).stat().st_mtime_ns, (directory / CERTIFICATE).stat().st_mtime_ns
    except FileNotFoundError:
        raise KeyMissing from None
    following = directory / NEXT_CERTIFICATE
    return _read(directory, (*stamp, following.stat().st_mtime_ns if following.exists() else 0))


@lru_cache(maxsize=4)
def _read(directory: Path, stamp: tuple[int, ...]) -> KeyPair:
    following = directory / NEXT_CERTIFICATE
    return KeyPair(
        key=(directory / KEY).read_text(),
        certificate=(directory / CERTIFICATE).read_text(),
        next_certificate=following.read_text() if following.exists() else "",
    )


def create(directory: Path, subject: certificate.Subject, *, now: datetime, following: bool = False) -> Path:
    """Write a new pair (`following`: the next one, for a change of key). Existing files are never overwritten."""
    key_file = directory / (NEXT_KEY if following else KEY)
    certificate_file = directory / (NEXT_CERTIFICATE if following else CERTIFICATE)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    key, pem = certificate.make(subject, now=now)
    _write_new(key_file, key, 0o600)
    _write_new(certificate_file, pem, 0o644)
    return certificate_file


def promote(directory: Path) -> None:
    """The next pair becomes the current one: the last step of a change of key, when every provider knows both."""
    if not (directory / NEXT_KEY).exists():
        raise KeyMissing
    (directory / NEXT_KEY).replace(directory / KEY)
    (directory / NEXT_CERTIFICATE).replace(directory / CERTIFICATE)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)


def sign(data: bytes, key_pem: str) -> bytes:
    """RSA-SHA256, PKCS #1 v1.5: the detached signature of the HTTP-Redirect binding."""
    return _private(key_pem).sign(data, padding.PKCS1v15(), hashes.SHA256())


@lru_cache(maxsize=4)
def _private(key_pem: str) -> rsa.RSAPrivateKey:
    """Reading a key checks its primes, which takes longer than a hundred signatures."""
    key = serialization.load_pem_private_key(key_pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("the SPID key must be RSA")
    return key


def base64_of(pem: str) -> str:
    """The certificate as XML carries it: base64 of the DER, without header lines."""
    return "".join(line for line in pem.strip().splitlines() if not line.startswith("-----"))


def fingerprint_of(pem: str) -> str:
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()


def end_of(pem: str) -> datetime:
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc


def pem_of(base64_text: str) -> str:
    compact = "".join(base64_text.split())
    lines = [compact[start : start + 64] for start in range(0, len(compact), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
