"""A request, an answer, a problem: what the views of the simulated node speak."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from payments.simulator.uploads import multipart

LARGEST_BODY = 4 * 1024 * 1024  # a photograph of a QR code


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    base: str
    environ: dict[str, Any] = field(repr=False)

    @property
    def form(self) -> dict[str, str]:
        """One value per name."""
        return {key: values[0] for key, values in self.fields.items()}

    @property
    def fields(self) -> dict[str, list[str]]:
        """Every value of every name."""
        return parse_qs(self.body.decode("utf-8", "replace"))

    @property
    def file(self) -> bytes:
        """The first file of a form with files; empty when there is none."""
        return multipart(self.environ.get("CONTENT_TYPE", ""), self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: str | bytes = ""
    kind: str = "text/html; charset=utf-8"
    location: str = ""
    file_name: str = ""


class Problem(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def read(environ: dict[str, Any]) -> Request:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise Problem(413, "messaggio troppo grande")
    query = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    base = f"{environ['wsgi.url_scheme']}://{host}{environ.get('SCRIPT_NAME', '')}"
    body = environ["wsgi.input"].read(int(length))
    return Request(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), query, body, base, environ)
