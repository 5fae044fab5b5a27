"""allauth's pages that the staff uses, under their own names (allauth looks them up by these), at /accesso/personale/.

Each one guards itself: the first three are for signing in, the others want a signed-in user.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path

urlpatterns = [
    path("", account.login, name="account_login"),
    path("codice/", mfa.authenticate, name="mfa_authenticate"),
    path("sospeso/", account.account_inactive, name="account_inactive"),
    path("esci/", account.logout, name="account_logout"),
    path("conferma/", account.reauthenticate, name="account_reauthenticate"),
    path("conferma-codice/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("password/", account.password_change, name="account_change_password"),
    path("sicurezza/", mfa.index, name="mfa_index"),
    path("sicurezza/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("sicurezza/app/disattiva/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("sicurezza/recupero/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("sicurezza/recupero/nuovi/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("sicurezza/recupero/scarica/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("sicurezza/chiavi/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("sicurezza/chiavi/nuova/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("sicurezza/chiavi/conferma/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("sicurezza/chiavi/<int:pk>/rinomina/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("sicurezza/chiavi/<int:pk>/elimina/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
]

STAFF_PAGES = frozenset(str(pattern.name) for pattern in urlpatterns)
