"""allauth's pages that the staff uses, under their own names (allauth looks them up by these), at /accesso/personale/.

Each one guards itself: the first three are for signing in, the others want a signed-in user. A parent, who has neither a
password nor a second factor here, is refused where they would be changed.
"""

from collections.abc import Callable
from functools import wraps

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

View = Callable[..., HttpResponseBase]


def staff_only(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if getattr(request.user, "is_parent", False):
            raise PermissionDenied("Questa pagina è per il personale: tu entri con SPID o CIE.")
        return view(request, *args, **kwargs)

    return guarded


urlpatterns = [
    path("", account.login, name="account_login"),
    path("codice/", mfa.authenticate, name="mfa_authenticate"),
    path("sospeso/", account.account_inactive, name="account_inactive"),
    path("esci/", account.logout, name="account_logout"),
    path("conferma/", staff_only(account.reauthenticate), name="account_reauthenticate"),
    path("conferma-codice/", staff_only(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("password/", staff_only(account.password_change), name="account_change_password"),
    path("sicurezza/", staff_only(mfa.index), name="mfa_index"),
    path("sicurezza/app/", staff_only(totp.activate_totp), name="mfa_activate_totp"),
    path("sicurezza/app/disattiva/", staff_only(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("sicurezza/recupero/", staff_only(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "sicurezza/recupero/nuovi/",
        staff_only(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "sicurezza/recupero/scarica/",
        staff_only(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("sicurezza/chiavi/", staff_only(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("sicurezza/chiavi/nuova/", staff_only(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path(
        "sicurezza/chiavi/conferma/",
        staff_only(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("sicurezza/chiavi/<int:pk>/rinomina/", staff_only(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "sicurezza/chiavi/<int:pk>/elimina/", staff_only(webauthn.remove_webauthn), name="mfa_remove_webauthn"
    ),
]

STAFF_PAGES = frozenset(str(pattern.name) for pattern in urlpatterns)
