"""One HTTP call to a product of pagoPA: bounded in time and in size, followed nowhere, repeated only where that changes nothing.

Whoever calls gets an answer to look at, or NodeUnreachable: down, slow, garbage, no right, too many calls, an error of theirs.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any

import structlog

from payments.configuration import Product
from payments.errors import NodeUnreachable, TooManyCalls

log = structlog.get_logger(__name__)
KEY_HEADER = "Ocp-Apim-Subscription-Key"
CONNECT = 2.0  # seconds
PATIENCE = 6.0  # seconds for one call when nobody waits for a page
LARGEST_ANSWER = 8 * 1024 * 1024
PAUSE = 0.2  # seconds before the one repetition
UNAUTHORISED, TOO_MANY = 401, 429
#: A server that says one of these has not done what was asked, or may be asked again for what it has done.
BROKEN = range(500, 600)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Numbers with a comma are Decimal, texts such as can be kept. Raises NodeUnreachable for what is not JSON."""
        try:
            return _keepable(json.loads(self.body, parse_float=Decimal))
        except (ValueError, RecursionError) as garbage:
            log.warning("pagopa_garbage", status=self.status)
            raise NodeUnreachable from garbage

    def text(self) -> str:
        """The body as it can be kept."""
        return plain(self.body.decode("utf-8", "replace"))


def plain(text: str) -> str:
    """Without what no column of the database takes: NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _keepable(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [_keepable(one) for one in value]
    if isinstance(value, dict):
        return {plain(name): _keepable(one) for name, one in value.items()}
    return value


class Patience:
    """How long we wait. With `seconds` all calls together may take so long; without, each call its own time."""

    def __init__(self, seconds: float | None = None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float:
        return PATIENCE if self._end is None else min(PATIENCE, self._end - time.monotonic())


class Line:
    """The way to one product."""

    def __init__(self, product: Product, patience: Patience | None = None) -> None:
        self._product = product
        self._patience = patience or Patience()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> Answer:
        """`repeat`: asking twice is asking once, so a first failure is given a second chance."""
        try:
            return self._authorised(method, path, body, params)
        except NodeUnreachable as trouble:
            told_to_wait = isinstance(trouble, TooManyCalls) and trouble.after is not None
            if not repeat or told_to_wait or self._patience.left() <= CONNECT:
                raise
        time.sleep(PAUSE)
        return self._authorised(method, path, body, params)

    def _authorised(self, method: str, path: str, body: Any, params: Mapping[str, str] | None) -> Answer:
        """With the first key; with the second where the first no longer opens."""
        for key in self._product.keys:
            answer = self._exchange(method, path, body, params, key)
            if answer.status != UNAUTHORISED:
                return self._checked(answer)
        log.error("pagopa_key_refused", product=self._product.name)
        raise NodeUnreachable

    def _checked(self, answer: Answer) -> Answer:
        if answer.status in BROKEN or answer.status == TOO_MANY:
            log.warning("pagopa_unable", product=self._product.name, status=answer.status)
            raise TooManyCalls(_wait_in(answer)) if answer.status == TOO_MANY else NodeUnreachable
        return answer

    def _exchange(
        self, method: str, path: str, body: Any, params: Mapping[str, str] | None, key: str
    ) -> Answer:
        import httpx  # by whoever calls: the workers of the night call nobody

        seconds = self._patience.left()
        request = {
            "method": method,
            "url": self._product.address + path,
            "json": body,
            "params": params,
            "headers": {KEY_HEADER: key},
        }
        try:
            return within(seconds, lambda: _ask(request, seconds))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as problem:
            log.warning("pagopa_unreachable", product=self._product.name, problem=type(problem).__name__)
            raise NodeUnreachable from problem


def _wait_in(answer: Answer) -> int | None:
    """The seconds of Retry-After; a date there, or nonsense, says nothing."""
    said = answer.headers.get("Retry-After", "").strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 7 else None


def _ask(request: dict[str, Any], seconds: float) -> Answer:
    import httpx

    end = time.monotonic() + seconds
    timeout = httpx.Timeout(seconds, connect=min(CONNECT, seconds))
    with httpx.stream(
        **request, timeout=timeout, follow_redirects=False, trust_env=False, verify=_certificates()
    ) as answer:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise ValueError("answer too large")
            if time.monotonic() > end:
                raise TimeoutError
        return Answer(answer.status_code, answer.headers, bytes(body))


def within(seconds: float, work: "Callable[[], Answer]") -> Answer:
    """The answer, or TimeoutError: a server that drips one byte at a time is given up as a silent one is."""
    if seconds <= 0:
        raise TimeoutError
    box: SimpleQueue[Answer | Exception] = SimpleQueue()

    def run() -> None:
        try:
            box.put(work())
        except Exception as problem:
            box.put(problem)

    threading.Thread(target=run, name="pagopa-call", daemon=True).start()
    try:
        got = box.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(got, Exception):
        raise got
    return got


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: reading them takes longer than the call."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)
