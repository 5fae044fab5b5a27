"""The simulated app IO: its public API (profile, message, status) as strict as its description, and what a telephone would show."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from payments.simulator import io_model, io_pages, io_store
from payments.simulator.day_app import Route
from payments.simulator.http import Answer, Problem, Request
from payments.simulator.node import Node

API = "/io/api/v1"
SERVICE = "01SIMULAZIONEMENSASCOLASTI"


class IoViews:
    """`read`: the JSON of a REST caller with the key; `authorise` refuses one without it."""

    def __init__(
        self,
        node: Node,
        read: Callable[[Request], dict[str, Any]],
        authorise: Callable[[Request], None],
        *,
        town: str,
    ) -> None:
        self._node, self._read, self._authorise, self._town = node, read, authorise, town
        self._store = io_store.IoStore(node.store)

    def routes(self) -> Iterable[Route]:
        return (
            ("GET", "/io", self.page),
            ("POST", "/io", self.set_profile),
            ("POST", f"{API}/profiles", self.profile),
            ("POST", f"{API}/messages", self.submit),
            ("GET", f"{API}/messages/(?P<cf>[A-Z0-9]{{16}})/(?P<message_id>[0-9A-Z]{{26}})", self.status),
        )

    # -- what a telephone would show ---------------------------------------------------------------------------------
    def page(self, request: Request) -> Answer:
        whose = request.query.get("cf", "").strip().upper()
        state = self._store.profile(whose)
        return Answer(
            body=io_pages.inbox(self._store.inbox(whose), whose=whose, state=state, town=self._town)
        )

    def set_profile(self, request: Request) -> Answer:
        whose, state = request.form.get("cf", ""), request.form.get("stato", "")
        if io_model.wrong_profile({"fiscal_code": whose}) or state not in io_pages.STATES:
            raise Problem(400, "cf e stato")
        self._store.set_profile(whose, state)
        return Answer(303, location=f"{request.base}/io?{urlencode({'cf': whose})}")

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
        """Taken also for who has switched the service off, and then rejected: as the real one, it says so in the status only."""
        body = self._read(request)
        if wrong := io_model.wrong_message(body):
            raise Problem(400, wrong)
        allowed = self._store.profile(body["fiscal_code"]) == io_store.ALLOWED
        message_id = uuid.uuid4().hex.upper()[:26]
        self._store.add(message_id, _utc(self._node.clock()), body, "PROCESSED" if allowed else "REJECTED")
        return _json({"id": message_id}, status=201)

    def status(self, request: Request, cf: str, message_id: str) -> Answer:
        self._authorise(request)
        row = self._store.message(cf, message_id)
        if row is None:
            raise Problem(404, "messaggio sconosciuto")
        body = json.loads(row["body"])
        message = {
            "id": row["id"],
            "fiscal_code": cf,
            "created_at": row["created_at"],
            "content": body["content"],
            "sender_service_id": SERVICE,
        }
        return _json({"message": message, "status": row["status"]})


def _utc(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content), "application/json")
