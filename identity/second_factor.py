"""The second factor (TOTP or security key) of the roles that work with everybody's data."""

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from identity.models import User


def is_required(user: User) -> bool:
    """Office, accounts and auditor always; a town may add the schools and the kitchen (SECOND_FACTOR_ROLES)."""
    return user.role in settings.SECOND_FACTOR_ROLES or user.is_superuser


def is_shown(request: HttpRequest, user: User) -> bool:
    """This very session has passed a code or a key of this very user."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))


def is_missing(request: HttpRequest, user: User) -> bool:
    return is_required(user) and not is_shown(request, user)


def is_enrolled(user: User) -> bool:
    """Recovery codes alone do not count: they come with a first authenticator."""
    return bool(
        Authenticator.objects.filter(
            user=user, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        ).exists()
    )
