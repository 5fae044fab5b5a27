"""Who can sign in to the demo, and as what."""

from dataclasses import dataclass

from django.conf import settings

from identity.local_idp import people as register
from identity.local_idp.people import DemoPerson
from identity.models import Role, User
from identity.staff import create_staff_user

#: The secret of every demo authenticator (base32): a demo that hides its second factor cannot be tried.
TOTP_SECRET = "MENSADEMOMENSADEMOMENSADEMOMENSA"  # noqa: S105 - valid only where mensa.settings.DEMO is true


CODE = " (il codice dell'app è scritto nella pagina)"


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
    Staff(
        "dora",
        "Dora",
        "Demo",
        Role.SECRETARY,
        "segreteria: appello dell'infanzia e della primaria «Il Girasole»",
    ),
    Staff("enzo", "Enzo", "Demo", Role.OFFICE, "ufficio mensa: tutto, pannello compreso"),
    Staff("franca", "Franca", "Demo", Role.KITCHEN, "cucina: foglio di oggi"),
    Staff("gino", "Gino", "Demo", Role.ACCOUNTS, "ragioneria: pagamenti e rimborsi"),
    Staff("revisore", "Renata", "Demo", Role.AUDITOR, "revisore: legge i conti, non cambia nulla"),
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


def lines() -> list[str]:
    """What to print when the town stands: where to sign in, as whom, with what."""
    return [
        "",
        "Chi può entrare:",
        f"  genitori   {settings.BASE_URL}/accesso/ con SPID, nel gestore di prova scegli una di queste persone",
        *(f"    {person.first_name} {person.last_name}: {person.note}" for person in _register()),
        f"  personale  {settings.BASE_URL}/accesso/personale/ password {settings.DEMO_STAFF_PASSWORD}",
        *(f"    {one.username}: {one.what}{CODE if one.needs_code else ''}" for one in STAFF),
    ]


def _register() -> list[DemoPerson]:
    return register.read(register.directory())


def office() -> User:
    return User.objects.get(username="enzo")


def secretary() -> User:
    return User.objects.get(username="dora")


def accounts() -> User:
    return User.objects.get(username="gino")


def kitchen() -> User:
    return User.objects.get(username="franca")
