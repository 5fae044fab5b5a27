"""The address that the pagoPA node calls."""

import hmac

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from identity.access import public
from mensa import clock
from payments.configuration import caller_secret
from payments.soap import answers, envelope

log = structlog.get_logger(__name__)
LARGEST_BODY = 1024 * 1024
XML = "text/xml; charset=utf-8"


@public
@csrf_exempt
@require_POST
def soap(request: HttpRequest) -> HttpResponse:
    """200 with an outcome for whatever can be read; a SOAP Fault for the rest. Anybody but the node gets 403."""
    if not _is_the_node(request):
        log.warning("pagopa_stranger_refused")
        return _fault("Caller not authorised", status=403)
    declared = request.headers.get("Content-Length", "")
    if not declared.isdecimal():  # the node always says it
        return _fault("Content-Length required")
    if int(declared) > LARGEST_BODY:
        return _fault("Message too large")
    try:
        answer = answers.reply(envelope.open_body(request.body), now=clock.now())
    except envelope.UnreadableEnvelope:
        log.warning("pagopa_unreadable_message")
        return _fault("Unreadable message")
    return HttpResponse(answer, content_type=XML)


def _is_the_node(request: HttpRequest) -> bool:
    """Mutual TLS ends in the proxy, which sets this header for the node's certificate and strips it from everybody else."""
    told, expected = request.headers.get(settings.PAGOPA_CALLER_HEADER, ""), caller_secret()
    return bool(expected) and hmac.compare_digest(told.encode(), expected.encode())


def _fault(reason: str, status: int = 500) -> HttpResponse:
    """500 is what SOAP 1.1 wants of every fault over HTTP."""
    return HttpResponse(envelope.write_fault(reason), status=status, content_type=XML)
