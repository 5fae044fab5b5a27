"""The taps: what a phone sends when a thumb marks an absence or takes it back, at a rate that does not wait for the answers.

A tap that starts late because the others are slow counts its wait: the time is measured from when it was due.
"""

import datetime as dt
import http.client
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from mensa import clock
from mensa.benchmark.parents import Family

#: More thumbs in the air than the server has hands.
THUMBS = 64
PATIENCE = 30.0
#: A connection kept open that the server has closed meanwhile: browsers try once more on a new one, and so do we.
STALE = (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected)
#: One tap in five speaks of tomorrow, which stays open after the cut-off.
TOMORROW = 0.2


class Answer(StrEnum):
    ACCEPTED = "accettato"
    REFUSED = "rifiutato"
    ERROR = "errore"


@dataclass(frozen=True)
class Tap:
    """``asked_at`` and ``answered_at`` on the portal's clock; ``took`` in seconds, from when it was due."""

    day: dt.date
    mark: bool
    asked_at: dt.datetime
    answered_at: dt.datetime
    took: float
    answer: Answer
    receipt: str = ""
    detail: str = ""


class Phones:
    """All the families, tapping in turn: mark, take back, mark again."""

    def __init__(self, port: int, families: Sequence[Family], today: dt.date, tomorrow: dt.date) -> None:
        self._port, self._days = port, (today, tomorrow)
        self._rng = random.Random(7)  # noqa: S311 - who taps when is no secret
        self._families = self._turns(families)
        self._marked: set[tuple[str, dt.date]] = set()
        self._local = threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._opened:
            connection.close()

    def _turns(self, families: Sequence[Family]) -> Iterator[Family]:
        while True:
            yield from self._rng.sample(families, len(families))

    def one_by_one(self, count: int, pause: float) -> list[Tap]:
        """At rest: nobody else is at the server."""
        taps = []
        for _ in range(count):
            taps.append(self._tap(*self._next(), due=time.perf_counter()))
            time.sleep(pause)
        return taps

    def crowd(self, rate: float, seconds: float) -> list[Tap]:
        """So many taps a second for so long, whatever the answers do."""
        began, count = time.perf_counter(), int(rate * seconds)
        waiting: list[Future[Tap]] = []
        with ThreadPoolExecutor(THUMBS) as thumbs:
            for step in range(count):
                due = began + step / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                waiting.append(thumbs.submit(self._tap, *self._next(), due=due))
        return [future.result() for future in waiting]

    def _next(self) -> tuple[Family, str, dt.date, bool]:
        family = next(self._families)
        code, day = (
            self._rng.choice(family.children),
            self._days[1 if self._rng.random() < TOMORROW else 0],
        )
        mark = (code, day) not in self._marked
        (self._marked.add if mark else self._marked.discard)((code, day))
        return family, code, day, mark

    def _tap(self, family: Family, code: str, day: dt.date, mark: bool, *, due: float) -> Tap:
        asked_at = clock.now()
        try:
            status, page = self._post(family, code, day, mark)
            answer, detail = _read(status, page)
        except (OSError, http.client.HTTPException) as error:
            self._local.connection = None
            answer, detail, page = Answer.ERROR, type(error).__name__, ""
        took = time.perf_counter() - due
        return Tap(day, mark, asked_at, clock.now(), took, answer, _receipt(page), detail)

    def _post(self, family: Family, code: str, day: dt.date, mark: bool) -> tuple[int, str]:
        body = urlencode(
            {"csrfmiddlewaretoken": family.csrf, "day": day.isoformat(), "scheda": family.household}
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"sessionid={family.session}; csrftoken={family.csrf}",
            "HX-Request": "true",
        }
        address = f"/presenze/{code}/{'assente' if mark else 'annulla'}/"
        try:
            return self._send(address, body, headers)
        except STALE:
            self._local.connection = None
            return self._send(address, body, headers)

    def _send(self, address: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
        connection = self._connection()
        connection.request("POST", address, body, headers)
        response = connection.getresponse()
        page = response.read().decode()
        if response.will_close:
            self._local.connection = None
        return response.status, page

    def _connection(self) -> http.client.HTTPConnection:
        """One per thumb, kept open as a browser does."""
        found: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if found is None:
            found = http.client.HTTPConnection("localhost", self._port, timeout=PATIENCE)
            self._local.connection = found
            self._opened.append(found)
        return found


def _read(status: int, page: str) -> tuple[Answer, str]:
    """What the card says. A page that says neither yes nor no is an error."""
    if status != 200:
        return Answer.ERROR, f"HTTP {status}"
    if "Sono passate le" in page:
        return Answer.REFUSED, ""
    said = ("Assenza segnata", "era già segnata", "Assenza annullata", "Nessuna assenza da annullare")
    if any(sentence in page.replace("&#x27;", "'") for sentence in said):
        return Answer.ACCEPTED, ""
    return Answer.ERROR, "la pagina non dice né sì né no"


def _receipt(page: str) -> str:
    """ "Ricevuta n. 12/2026." in the message of the card (a link has no full stop)."""
    for piece in page.split("Ricevuta n. ")[1:]:
        label = piece[:16].split("<")[0]
        if "." in label:
            return label.split(".")[0]
    return ""
