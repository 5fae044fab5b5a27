"""The register of logins: every question asked and what came back, kept 24 months and then deleted."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from identity.encryption import fingerprints
from identity.models import IdentityProvider, Outcome, SamlExchange
from identity.spid import authn_request, service
from identity.spid.service import ServiceProvider
from identity.spid.verdict import Person

#: SPID, convention with service providers: the register of accesses is kept for 24 months.
KEPT_FOR = timedelta(days=731)


class ReplayRefused(Exception):
    """This answer, or this assertion, has been used already."""


def open_exchange(*, sp: ServiceProvider, provider: IdentityProvider, now: datetime) -> SamlExchange:
    request_id = authn_request.new_id()
    xml = authn_request.build(
        sp,
        request_id=request_id,
        destination=provider.sso_url,
        attribute_set=service.attribute_set(provider),
        now=now,
    )
    return SamlExchange.objects.create(
        request_id=request_id, provider=provider, level=sp.level, requested_at=now, request_xml=xml
    )


def take(*, request_id: str, response: bytes, now: datetime) -> SamlExchange:
    """The pending exchange, now answered: of any number of workers with an answer to it one gets it, once, for ever.

    It is taken before the answer is verified: a bad answer burns the question, and the person starts again.
    """
    if not SamlExchange.objects.answer_once(request_id, now=now):
        raise ReplayRefused
    exchange = SamlExchange.objects.select_related("provider").get(request_id=request_id)
    exchange.response_xml = response.decode("utf-8", "replace")
    exchange.save(update_fields=["response_xml"])
    return exchange


def refuse(exchange: SamlExchange, *, reason: str, outcome: Outcome = Outcome.REFUSED) -> None:
    exchange.outcome, exchange.reason = outcome, reason[:200]
    exchange.save(update_fields=["outcome", "reason"])


def accept(exchange: SamlExchange, *, person: Person) -> None:
    """Write who signed in. The database refuses an assertion seen before from this provider."""
    exchange.outcome = Outcome.ACCEPTED
    exchange.response_id = person.response_id
    exchange.response_issued_at = person.response_issued_at
    exchange.assertion_id = person.assertion_id
    exchange.assertion_issuer = exchange.provider.entity_id
    exchange.subject_name = f"{person.name_qualifier}\n{person.name_id}"
    exchange.subject_print = fingerprints(person.fiscal_code)[0] if person.fiscal_code else ""
    exchange.session_index = person.session_index
    try:
        with transaction.atomic():
            exchange.save()
    except IntegrityError:
        exchange.assertion_id = None
        refuse(exchange, reason="assertion used before")
        raise ReplayRefused from None


def purge(*, now: datetime) -> int:
    """Delete what is older than 24 months; how many rows went."""
    deleted, _ = SamlExchange.objects.older_than(now - KEPT_FOR).delete()
    return deleted
