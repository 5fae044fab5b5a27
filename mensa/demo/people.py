"""Who can sign in to the demo, and as what."""

from dataclasses import dataclass

from django.conf import settings

from identity import totp
from identity.models import Role, User
from identity.staff import create_staff_user
from mensa import clock

#: The secret of every demo authenticator (base32): a demo that hides its second factor cannot be tried.
TOTP_SECRET = "MENSADEMOMENSADEMOMENSADEMOMENSA"  # noqa: S105 - valid only where mensa.settings.DEMO is true


@dataclass(frozen=True)
class Staff:
    username: str
    first_name: str
    last_name: str
    role: Role
    what: str

    @property
    def needs_code(self) -> bool:
        return self.role in settings.SECOND_FACTOR_ROLES


STAFF = (
    Staff("dora", "Dora", "Demo", Role.SECRETARY, "segreteria: appello del primo plesso"),
    Staff("enzo", "Enzo", "Demo", Role.OFFICE, "ufficio mensa: tutto, pannello compreso"),
    Staff("franca", "Franca", "Demo", Role.KITCHEN, "cucina: foglio di oggi"),
    Staff("gino", "Gino", "Demo", Role.ACCOUNTS, "ragioneria: pagamenti e rimborsi"),
    Staff("revisore", "Renata", "Demo", Role.AUDITOR, "revisore: legge tutto, non cambia nulla"),
)


def create_staff() -> None:
    """The five accounts of the demo, each once."""
    present = set(
        User.objects.filter(username__in=[one.username for one in STAFF]).values_list("username", flat=True)
    )
    for one in STAFF:
        if one.username not in present:
            create_staff_user(
                username=one.username,
                role=one.role,
                password=settings.DEMO_STAFF_PASSWORD,
                first_name=one.first_name,
                last_name=one.last_name,
                email=f"{one.username}@comune.example",
                totp_secret=TOTP_SECRET if one.needs_code else None,
            )


def office() -> User:
    return User.objects.get(username="enzo")


def secretary() -> User:
    return User.objects.get(username="dora")


def accounts() -> User:
    return User.objects.get(username="gino")


def kitchen() -> User:
    return User.objects.get(username="franca")
