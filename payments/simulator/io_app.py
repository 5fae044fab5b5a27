"""The simulated app IO: its public API (profile, message) as strict as its description, and what a telephone would show."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from payments.simulator import io_model, io_pages, io_store
from payments.simulator.day_app import Route
from payments.simulator.http import Answer, Problem, Request
from payments.simulator.node import Node

API = "/io/api/v1"


class IoViews:
    """`read`: the JSON of a REST caller with the key. A person stands in an address by a number, never by fiscal code."""

    def __init__(self, node: Node, read: Callable[[Request], dict[str, Any]], *, town: str) -> None:
        self._node, self._read, self._town = node, read, town
        self._store = io_store.IoStore(node.store)

    def routes(self) -> Iterable[Route]:
        return (
            ("GET", "/io", self.page),
            ("POST", "/io", self.find),
            ("GET", "/io/(?P<number>[0-9]{1,9})", self.person),
            ("POST", "/io/(?P<number>[0-9]{1,9})", self.set_profile),
            ("POST", f"{API}/profiles", self.profile),
            ("POST", f"{API}/messages", self.submit),
        )

    # -- what a telephone would show ---------------------------------------------------------------------------------
    def page(self, request: Request) -> Answer:
        return Answer(body=io_pages.everybody(self._store.inbox(), town=self._town))

    def find(self, request: Request) -> Answer:
        whose = request.form.get("cf", "").strip().upper()
        if io_model.wrong_profile({"fiscal_code": whose}):
            said = "Il codice fiscale non è scritto bene: controlla e riprova."
            return Answer(400, io_pages.everybody(self._store.inbox(), town=self._town, trouble=said))
        return Answer(303, location=f"{request.base}/io/{self._store.number_of(whose)}")

    def person(self, request: Request, number: str) -> Answer:
        whose = self._whose(number)
        rows, state = self._store.inbox(whose), self._store.profile(whose)
        return Answer(body=io_pages.of_person(rows, number=number, whose=whose, state=state, town=self._town))

    def set_profile(self, request: Request, number: str) -> Answer:
        state = request.form.get("stato", "")
        if state not in io_pages.STATES:
            raise Problem(400, "stato")
        self._store.set_profile(self._whose(number), state)
        return Answer(303, location=f"{request.base}/io/{number}")

    def _whose(self, number: str) -> str:
        whose = self._store.whose(number)
        if whose is None:
            raise Problem(404, "persona sconosciuta")
        return whose

    # -- REST ----------------------------------------------------------------------------------------------------------
    def profile(self, request: Request) -> Answer:
        body = self._read(request)
        if wrong := io_model.wrong_profile(body):
            raise Problem(400, wrong)
        state = self._store.profile(body["fiscal_code"])
        if state == io_store.NOBODY:
            raise Problem(404, "nessun profilo")
        return _json({"sender_allowed": state == io_store.ALLOWED, "preferred_languages": ["it_IT"]})

    def submit(self, request: Request) -> Answer:
        """Taken also for who has switched the service off, and shown to nobody: as the real one."""
        body = self._read(request)
        if wrong := io_model.wrong_message(body):
            raise Problem(400, wrong)
        allowed = self._store.profile(body["fiscal_code"]) == io_store.ALLOWED
        message_id = uuid.uuid4().hex.upper()[:26]
        self._store.add(message_id, _utc(self._node.clock()), body, "PROCESSED" if allowed else "REJECTED")
        return _json({"id": message_id}, status=201)


def _utc(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content), "application/json")
