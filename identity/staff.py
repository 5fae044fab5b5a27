"""Staff accounts: created by the administrator of the portal, never by signing up."""

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from identity.models import PANEL_ROLES, Role, User


class StaffRefused(Exception):
    """The account was not created; the text says why."""


@transaction.atomic
def create_staff_user(
    *,
    username: str,
    role: Role | str,
    password: str,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    totp_secret: str | None = None,
    superuser: bool = False,
) -> User:
    """A member of staff with a password, and with an authenticator app when its secret (base32) is given.

    Whoever works in the admin panel without one is asked to enrol it at the first login.
    """
    role = Role(role)
    if role == Role.PARENT:
        raise StaffRefused("I genitori entrano con SPID o CIE: per loro non si crea un utente con password.")
    if User.objects.filter(username=username).exists():
        raise StaffRefused(f"Il nome utente «{username}» esiste già.")
    user = User(username=username, role=role, first_name=first_name, last_name=last_name, email=email)
    user.is_staff = role in PANEL_ROLES
    user.is_superuser = superuser and user.is_staff
    _set_password(user, password)
    user.save()
    if totp_secret:
        Authenticator.objects.create(
            user=user, type=Authenticator.Type.TOTP, data={"secret": encrypt(totp_secret)}
        )
    return user


@transaction.atomic
def forget_second_factor(*, username: str) -> int:
    """Somebody lost their phone: the next login asks them to link another one. How many authenticators went."""
    deleted, _ = (
        Authenticator.objects.filter(user__username=username).exclude(user__role=Role.PARENT).delete()
    )
    if not deleted:
        raise StaffRefused(f"«{username}» non ha un secondo fattore collegato.")
    return int(deleted)


def _set_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        raise StaffRefused("La password non va bene. " + " ".join(refusal.messages)) from refusal
    user.set_password(password)
