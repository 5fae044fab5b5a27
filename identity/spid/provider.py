"""SPID and CIE as login providers of allauth (no app rows, no e-mail: the fiscal code is the only identifier)."""

from typing import TYPE_CHECKING, Any

from allauth.socialaccount.providers.base import Provider, ProviderAccount
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from identity.models import IdentityProvider

if TYPE_CHECKING:
    from identity.spid.verdict import Person


class SpidAccount(ProviderAccount):
    """A SPID identity; its data stay with the provider."""


class SpidProvider(Provider):
    id = "spid"
    name = "SPID"
    uses_apps = False
    supports_redirect = True
    account_class = SpidAccount

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("identity:login")

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        """Write the question in the register, remember it in this browser's session, and go to the identity provider."""
        # allauth reads this module in every process: XML and signatures are loaded by the one that lets people in.
        from identity.spid import authn_request, exchanges, service

        idp: IdentityProvider = kwargs["idp"]
        sp = service.of(service.Scheme(self.id))
        exchange = exchanges.open_exchange(sp=sp, provider=idp, now=kwargs["now"])
        self.stash_redirect_state(request, process, next_url, data, state_id=exchange.request_id)
        return HttpResponseRedirect(
            authn_request.redirect_url(sp, destination=idp.sso_url, xml=exchange.request_xml)
        )

    def extract_uid(self, data: "Person") -> str:
        """Empty is refused by allauth: an identity without a fiscal code never gets this far."""
        return data.fiscal_code or ""

    def extract_extra_data(self, data: "Person") -> dict[str, str]:
        return {}

    def extract_common_fields(self, data: "Person") -> dict[str, str]:
        return {"first_name": data.name[:150], "last_name": data.family_name[:150]}


class CieProvider(SpidProvider):
    id = "cie"
    name = "CIE"


provider_classes = [SpidProvider, CieProvider]
