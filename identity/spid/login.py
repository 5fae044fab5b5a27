"""From the raw response to the person: the gate, the pending question, the signature, our own checks. Used by the page that finishes a login."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from identity.models import Outcome, SamlExchange
from identity.spid import anomalies, exchanges, gate, names, service, toolkit, verdict
from identity.spid.anomalies import Anomaly
from identity.spid.verdict import Person


class LoginRefused(Exception):
    """This answer signs nobody in; the text is for the person at the keyboard."""

    status = 403

    def __init__(self, anomaly: Anomaly = anomalies.FAULT, *, reason: str = "") -> None:
        super().__init__(anomaly.text)
        self.anomaly = anomaly
        self.reason = reason


class DocumentRefused(LoginRefused):
    """Not a response of an identity provider at all."""

    status = 400


@dataclass(frozen=True)
class Finished:
    """Who signed in, and what this browser had left in its session when it asked."""

    person: Person
    exchange: SamlExchange
    state: dict[str, object]


#: Gives back, once, what this browser's session holds for a request id, or None when another browser asked.
StateOf = Callable[[str], dict[str, object] | None]


def finish(raw: bytes | None, *, scheme: service.Scheme, state_of: StateOf, now: datetime) -> Finished:
    """The person who signed in, or `LoginRefused`. The provider is the one this browser was sent to, never one that the message names."""
    message = _through_the_gate(raw)
    request_id = message.root.get("InResponseTo") or ""
    state = state_of(request_id) if request_id else None
    if state is None:
        raise LoginRefused(reason="no such question in this browser")
    exchange = _taken(request_id, raw or b"", now)
    if message.status != names.SUCCESS:
        raise _anomaly(message, exchange)
    person = _verified(raw or b"", message, exchange, scheme, now)
    try:
        exchanges.accept(exchange, person=person)
    except exchanges.ReplayRefused:
        raise LoginRefused(reason="assertion used before") from None
    return Finished(person, exchange, state)


def _through_the_gate(raw: bytes | None) -> gate.Message:
    if not raw:
        raise DocumentRefused(reason="nothing parked")
    try:
        return gate.read(raw)
    except gate.GateRefused as refusal:
        raise DocumentRefused(reason=str(refusal)) from None


def _taken(request_id: str, raw: bytes, now: datetime) -> SamlExchange:
    try:
        return exchanges.take(request_id=request_id, response=raw, now=now)
    except exchanges.ReplayRefused:
        raise LoginRefused(reason="answered before") from None


def _anomaly(message: gate.Message, exchange: SamlExchange) -> LoginRefused:
    number = anomalies.number_in(message.root)
    reason = f"ErrorCode nr{number}" if number else "error without a number"
    exchanges.refuse(exchange, reason=reason, outcome=Outcome.ANOMALY)
    return LoginRefused(anomalies.explain(number), reason=reason)


def _verified(
    raw: bytes, message: gate.Message, exchange: SamlExchange, scheme: service.Scheme, now: datetime
) -> Person:
    sp = service.of(scheme)
    expected = verdict.Expected(
        request_id=exchange.request_id,
        requested_at=exchange.requested_at,
        provider=exchange.provider.entity_id,
        audience=sp.entity_id,
        destination=sp.acs_url,
        level=exchange.level,
        now=now,
        attributes=service.attributes_asked(scheme, exchange.provider),
        lenient_issuer=scheme == service.Scheme.CIE,
    )
    try:
        toolkit.verify_response(raw, sp=sp, provider=exchange.provider, request_id=exchange.request_id)
        return verdict.judge(message, expected)
    except (toolkit.SignatureRefused, verdict.VerdictRefused) as refusal:
        exchanges.refuse(exchange, reason=str(refusal))
        raise LoginRefused(reason=str(refusal)) from None
