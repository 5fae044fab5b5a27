"""The people of the tests and the small town they live in, built by the same operations as the real one.

Anna and Bruno are the parents of Luca (primaria) and Sofia (infanzia); Carla is a stranger with a child of her own, Tommaso.
Dora is the secretary of the primaria, Enzo works in the office, Franca in the kitchen, Gino in the accounts.
Fiscal codes are valid but belong to nobody: Z998 is no place of birth.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from allauth.account.internal.flows import login as allauth_login
from django.test import Client

from enrolments import enrolling, entitlements, families, fares, pricing
from enrolments.families import ChildData, GuardianData
from enrolments.models import ClassGroup, Custody, Household, Level, Pupil, School, SchoolStaff, SchoolYear
from identity.models import Role, User

ROME = ZoneInfo("Europe/Rome")
ANNA = GuardianData(
    fiscal_code="RSSNNA85M41Z998J",
    first_name="Anna",
    last_name="Rossi",
    email="anna@posta.example",
    phone="3330000001",
    city="Bitritto",
)
BRUNO = GuardianData(
    fiscal_code="BNCBRN82A01Z998G", first_name="Bruno", last_name="Bianchi", email="bruno@posta.example"
)
CARLA = GuardianData(
    fiscal_code="VRDCRL80B42Z998B", first_name="Carla", last_name="Verdi", email="carla@posta.example"
)
LUCA = ChildData(
    fiscal_code="BNCLCU18C10Z998N", first_name="Luca", last_name="Bianchi", birth_date=dt.date(2018, 3, 10)
)
SOFIA = ChildData(
    fiscal_code="BNCSFO22E55Z998P", first_name="Sofia", last_name="Bianchi", birth_date=dt.date(2022, 5, 15)
)
TOMMASO = ChildData(
    fiscal_code="NRETMS18H20Z998V", first_name="Tommaso", last_name="Neri", birth_date=dt.date(2018, 6, 20)
)
#: The demo table of domain.md, section 3: letter, ISEE up to, price.
BANDS = [
    ("A", Decimal("5000.00"), Decimal("1.00")),
    ("B", Decimal("10000.00"), Decimal("1.80")),
    ("C", Decimal("15000.00"), Decimal("2.60")),
    ("D", Decimal("20000.00"), Decimal("3.40")),
    ("E", Decimal("30000.00"), Decimal("4.20")),
    ("F", None, Decimal("5.00")),
]
ACT = "Delibera G.C. n. 12 del 03/02/2026"


def at(moment: str) -> dt.datetime:
    """ "2026-11-24 08:30" on the wall clock of Rome, aware."""
    return dt.datetime.fromisoformat(moment).replace(tzinfo=ROME)


SUMMER = at("2026-08-31 10:00")


def staff(username: str, role: Role, **names: str) -> User:
    return User.objects.create_user(
        username=username,
        password="una-parola-lunga-12",
        role=role,
        is_staff=role in {Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR},
        **names,
    )


def parent(person: GuardianData) -> User:
    """The user that a SPID login of this person would make."""
    return User.objects.create_user(
        username=f"genitore-{person.fiscal_code[:6].lower()}",
        role=Role.PARENT,
        fiscal_code=person.fiscal_code,
        first_name=person.first_name,
        last_name=person.last_name,
    )


def client_of(user: User) -> Client:
    """A browser in which this person has signed in, second factor included."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[allauth_login.AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": 0.0, "type": "totp"}]
    session[allauth_login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
    return client


@dataclass
class Town:
    """2026/27 in a town of two schools; everything is a row made by an operation on 31 August 2026."""

    enzo: User
    dora: User
    franca: User
    gino: User
    auditor: User
    anna: User
    bruno: User
    carla: User
    year: SchoolYear
    infanzia: School
    primaria: School
    classes: dict[str, ClassGroup] = field(default_factory=dict)  # "infanzia 1A", "primaria 3A" ...
    family: Household = None  # type: ignore[assignment]  # Anna's and Bruno's
    carla_family: Household = None  # type: ignore[assignment]
    luca: Pupil = None  # type: ignore[assignment]
    sofia: Pupil = None  # type: ignore[assignment]
    tommaso: Pupil = None  # type: ignore[assignment]


def hand_over(pupil: Pupil, household: Household, first_day: dt.date) -> None:
    """From that day the child is another family's."""
    Custody.objects.filter(pupil=pupil).update(valid_to=first_day - dt.timedelta(days=1))
    Custody.objects.create(pupil=pupil, household=household, valid_from=first_day)


def build_town() -> Town:
    """Luca eats at 3.40 (band D), Sofia at 2.89 (second child), Tommaso at 5.00 (no ISEE)."""
    town = Town(
        enzo=staff("enzo", Role.OFFICE, first_name="Enzo", last_name="Ufficio"),
        dora=staff("dora", Role.SECRETARY, first_name="Dora", last_name="Segreteria"),
        franca=staff("franca", Role.KITCHEN, first_name="Franca", last_name="Cucina"),
        gino=staff("gino", Role.ACCOUNTS, first_name="Gino", last_name="Ragioneria"),
        auditor=staff("revisore", Role.AUDITOR),
        anna=parent(ANNA),
        bruno=parent(BRUNO),
        carla=parent(CARLA),
        year=school_year(),
        infanzia=school("BADEMO01", "Scuola dell'infanzia Girasole (demo)", Level.INFANZIA),
        primaria=school("BADEMO02", "Scuola primaria Ulivo (demo)", Level.PRIMARIA),
    )
    town.classes = make_classes(town)
    SchoolStaff.objects.create(user=town.dora, school=town.primaria)
    for one in (town.infanzia, town.primaria):
        SchoolStaff.objects.create(user=town.franca, school=one)
    with _priced_once():
        adopt_fares(by=town.enzo)
        _settle(town)
    _open_wallets(town)
    return town


@contextmanager
def _priced_once() -> Iterator[None]:
    """Every operation prices its families again: eight times for one town, and every test builds one."""
    with mock.patch.object(pricing, "refresh"):
        yield
    pricing.refresh()


def school_year(label: str = "2026/27", first: int = 2026) -> SchoolYear:
    return SchoolYear.objects.create(
        label=label,
        valid_from=dt.date(first, 9, 1),
        valid_to=dt.date(first + 1, 8, 31),
        state=SchoolYear.State.OPEN,
    )


def school(code: str, name: str, level: str) -> School:
    return School.objects.create(code=code, name=name, level=level, city="Bitritto", is_demo=True)


def make_classes(town: Town) -> dict[str, ClassGroup]:
    """Infanzia 1A-3A, primaria 1A-5A."""
    return {
        f"{school.level} {grade}A": ClassGroup.objects.create(
            school=school, year=town.year, grade=grade, section="A"
        )
        for school, grades in ((town.infanzia, 3), (town.primaria, 5))
        for grade in range(1, grades + 1)
    }


def adopt_fares(by: User, first: dt.date = dt.date(2026, 9, 1)) -> None:
    for level in (Level.INFANZIA, Level.PRIMARIA):
        fares.adopt_table(level=level, valid_from=first, act=ACT, bands=BANDS, by=by, now=SUMMER)


def _settle(town: Town) -> None:
    office: dict[str, Any] = {"by": town.enzo, "now": SUMMER}
    town.family = families.register_family(applicant=ANNA, others=[BRUNO], children=[LUCA, SOFIA], **office)
    town.carla_family = families.register_family(applicant=CARLA, others=[], children=[TOMMASO], **office)
    pupils = {pupil.first_name: pupil for pupil in Pupil.objects.all()}
    town.luca, town.sofia, town.tommaso = pupils["Luca"], pupils["Sofia"], pupils["Tommaso"]
    for pupil, class_name in (
        (town.luca, "primaria 3A"),
        (town.sofia, "infanzia 2A"),
        (town.tommaso, "primaria 3A"),
    ):
        enrolling.enrol(
            pupil=pupil, class_group=town.classes[class_name], first_day=town.year.valid_from, **office
        )
    entitlements.declare_isee(
        household=town.family,
        value=Decimal("18000.00"),
        filed_on=dt.date(2026, 2, 10),
        protocol="INPS-ISEE-2026-00000001X",
        **office,
    )


def _open_wallets(town: Town) -> None:
    from wallets import ledger

    ledger.open_wallets(households=[town.family, town.carla_family], now=SUMMER)
