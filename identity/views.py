"""The door: entry page, SPID and CIE, the second factor of the staff."""

import base64
import binascii
import logging
import secrets
from dataclasses import replace
from typing import Any, cast

from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib.auth import logout as end_session
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity import parents, rate, second_factor
from identity.access import public, roles
from identity.models import Role, SamlExchange, User
from identity.spid import gate, parking, publishing, service, state
from identity.spid import login as spid_login
from identity.spid import logout as spid_logout
from identity.spid.provider import SpidProvider
from mensa import clock

logger = logging.getLogger(__name__)

#: In the session of a parent: which exchange opened it, and the name that the identity provider gave it.
SAML_SESSION = "saml"
#: Base64 of the largest document that passes the gate.
MAX_FORM_TEXT = gate.MAX_BYTES * 4 // 3 + 4


@public
@never_cache
@require_safe
def login(request: HttpRequest) -> HttpResponse:
    """The entry page: the whole list of providers in random order, as SPID's rules want, so that none is favoured."""
    if request.user.is_authenticated:
        return redirect("mensa:home")
    return render(request, "identity/login.html", _entry(request))


def _entry(request: HttpRequest) -> dict[str, Any]:
    next_url = get_next_redirect_url(request)
    spid = list(service.providers(service.Scheme.SPID))
    secrets.SystemRandom().shuffle(spid)
    return {
        "spid_providers": spid,
        "cie_provider": service.providers(service.Scheme.CIE).first(),
        "query": f"?{urlencode({'next': next_url})}" if next_url else "",
    }


@public
@never_cache
@require_safe
def start(request: HttpRequest, scheme: service.Scheme, code: str) -> HttpResponse:
    """Off to the identity provider, with a signed question."""
    idp = get_object_or_404(service.providers(scheme), code=code)
    if not _within_rate(request):
        return _too_many(request)
    return _provider(request, scheme).redirect(
        request, AuthProcess.LOGIN, next_url=get_next_redirect_url(request), idp=idp, now=clock.outside_now()
    )


@public
@csrf_exempt
@require_POST
def acs(request: HttpRequest, scheme: service.Scheme) -> HttpResponse:
    """The identity provider's answer. No session cookie comes with it: park it and come back with a GET of our own."""
    if not _within_rate(request):
        return _too_many(request)
    encoded = request.POST.get("SAMLResponse", "")
    try:
        if len(encoded) > MAX_FORM_TEXT:
            raise ValueError("too large")
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except (ValueError, binascii.Error):
        return _refused(request, spid_login.DocumentRefused(reason="not base64 or too large"))
    response = HttpResponseRedirect(reverse("identity:acs_finish", args=[scheme]))
    parking.park(response, raw, path=response.url)
    return response


@public
@never_cache
@require_safe
def acs_finish(request: HttpRequest, scheme: service.Scheme) -> HttpResponse:
    provider = _provider(request, scheme)

    def state_of(request_id: str) -> dict[str, object] | None:
        try:
            return cast(dict[str, object], provider.unstash_redirect_state(request, request_id))
        except (PermissionDenied, UpdateError):
            return None  # not in this session, or the session has just ended in another tab

    try:
        finished = spid_login.finish(
            parking.collect(request), scheme=scheme, state_of=state_of, now=clock.outside_now()
        )
    except spid_login.LoginRefused as refusal:
        return _refused(request, refusal)
    return _signed_in(request, provider, finished)


def _signed_in(request: HttpRequest, provider: SpidProvider, finished: spid_login.Finished) -> HttpResponse:
    """A session of its own: nothing of the visitor's one survives, whoever it belonged to."""
    person = finished.person
    end_session(request)
    if person.fiscal_code is None:
        european = parents.known_european(person=person, now=clock.now())
        if european.fiscal_code is None:
            return render(request, "identity/european.html", {"person": european})
        person = replace(person, fiscal_code=european.fiscal_code)
    social = provider.sociallogin_from_response(request, person)
    social.state = finished.state
    response = cast(HttpResponse, complete_social_login(request, social))
    if request.user.is_authenticated:
        request.session[SAML_SESSION] = {"exchange": finished.exchange.pk, "index": person.session_index}
    return response


def _refused(request: HttpRequest, refusal: spid_login.LoginRefused) -> HttpResponse:
    logger.warning("login refused: %s", refusal.reason)
    return render(request, "identity/refused.html", {"anomaly": refusal.anomaly}, status=refusal.status)


def _within_rate(request: HttpRequest) -> bool:
    return rate.within(request, action="spid", limit=settings.SPID_REQUESTS_PER_MINUTE)


def _too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=429)


def _provider(request: HttpRequest, scheme: service.Scheme) -> SpidProvider:
    return cast(SpidProvider, get_adapter(request).get_provider(request, scheme.value))


@public
@require_safe
def metadata(request: HttpRequest, scheme: service.Scheme) -> HttpResponse:
    return HttpResponse(publishing.signed_metadata(scheme), content_type="application/samlmetadata+xml")


@never_cache
@roles(*(role for role in Role if role != Role.PARENT), before_second_factor=True)
@require_safe
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Where a member of staff without the second factor is sent: to show it, or to enrol it the first time."""
    user = cast(User, request.user)
    next_url = get_next_redirect_url(request) or reverse("mensa:home")
    if second_factor.is_shown(request, user):
        return HttpResponseRedirect(next_url)
    if second_factor.is_enrolled(user):
        return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': next_url})}")
    return render(request, "identity/second_factor.html", {"next": next_url})


@public
@never_cache
@require_http_methods(["GET", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        end_session(request)
        return redirect("mensa:home")
    if not request.user.is_authenticated:
        return redirect("mensa:home")
    return render(request, "identity/logout.html")


@public
@never_cache
@require_safe
def slo(request: HttpRequest, scheme: service.Scheme) -> HttpResponse:
    """The identity provider asks to close the session that it opened in this browser."""
    opened = request.session.get(SAML_SESSION)
    if not opened:
        return redirect("mensa:home")
    idp = SamlExchange.objects.select_related("provider").get(pk=opened["exchange"]).provider
    sp, now = service.of(scheme), clock.outside_now()
    try:
        question = spid_logout.read(
            request.META.get("QUERY_STRING", ""),
            sp=sp,
            provider=idp.entity_id,
            certificates=idp.certificates,
            now=now,
        )
    except spid_logout.LogoutRefused as refusal:
        return _refused(request, spid_login.DocumentRefused(reason=f"logout: {refusal}"))
    if question.session_index != opened["index"]:
        return _refused(request, spid_login.DocumentRefused(reason="logout of another session"))
    end_session(request)
    if not idp.slo_url:
        return redirect("mensa:home")
    return HttpResponseRedirect(spid_logout.answer_url(question, sp=sp, destination=idp.slo_url, now=now))


@never_cache
@roles(Role.PARENT)
@require_safe
def unknown(request: HttpRequest) -> HttpResponse:
    """Signed in, but no family in the canteen has this fiscal code: whom to call."""
    return render(request, "identity/unknown.html")


@never_cache
@roles(Role.OFFICE, Role.AUDITOR)
@require_safe
def spid_state(request: HttpRequest) -> HttpResponse:
    """For the office: certificates, providers, how logins go."""
    return render(request, "identity/spid_state.html", {"state": state.look(now=clock.outside_now())})


@public
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What SPID's button must link to: what it is, how to get one, whom to ask."""
    return render(request, "identity/help.html")
