"""Families: who applied, who else is a guardian, which children, and who pays on which weekday."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction

from enrolments import pricing, timeline
from enrolments.errors import Refused
from enrolments.models import Custody, Guardian, Household, HouseholdMember, Pupil
from enrolments.rules import names
from identity.models import User

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


class FamilyRefused(Refused):
    """A family that cannot be registered as asked."""


@dataclass(frozen=True, kw_only=True)
class GuardianData:
    fiscal_code: str
    first_name: str
    last_name: str
    email: str = ""
    phone: str = ""
    address: str = ""
    city: str = ""

    @property
    def names(self) -> names.Names:
        return self.last_name, self.first_name


@dataclass(frozen=True, kw_only=True)
class ChildData:
    fiscal_code: str
    first_name: str
    last_name: str
    birth_date: dt.date


@dataclass(frozen=True, kw_only=True)
class FamilyData:
    applicant: GuardianData
    children: Sequence[ChildData]
    others: Sequence[GuardianData] = ()


def register_family(
    *,
    applicant: GuardianData,
    others: Sequence[GuardianData] = (),
    children: Sequence[ChildData],
    by: User,
    now: dt.datetime,
) -> Household:
    """The household of this applicant with these children; what is known already stays as it is."""
    family = FamilyData(applicant=applicant, others=others, children=children)
    return register_families(families=[family], by=by, now=now)[0]


@transaction.atomic
def register_families(*, families: Sequence[FamilyData], by: User, now: dt.datetime) -> list[Household]:
    """As many families as the list has, in a constant number of queries; safe to repeat.

    A known guardian keeps the stored spelling of the name, and another name with the same code is refused; e-mail, telephone
    and address follow the newest application.
    A child belongs to the household from its birth, on all weekdays: separated parents then share the week (`split_custody`).
    """
    _refuse_bad_codes(families)
    guardians = _keep_guardians([one for family in families for one in (family.applicant, *family.others)])
    pupils = _keep_pupils([child for family in families for child in family.children])
    households = _keep_households([guardians[family.applicant.fiscal_code] for family in families])
    _join(families, guardians, pupils, households)
    pricing.refresh(pupil_ids=[pupil.pk for pupil in pupils.values()])
    return [households[guardians[family.applicant.fiscal_code].pk] for family in families]


def _refuse_bad_codes(families: Iterable[FamilyData]) -> None:
    for family in families:
        people: list[GuardianData | ChildData] = [family.applicant, *family.others, *family.children]
        for person in people:
            if not names.is_person_code(person.fiscal_code):
                raise FamilyRefused(
                    f"Il codice fiscale di {person.first_name} {person.last_name} non è valido: controllalo sulla tessera sanitaria."
                )


def _keep_guardians(people: Sequence[GuardianData]) -> dict[str, Guardian]:
    known = _known_guardians(people)
    for one in people:
        if not names.maybe_same_person(one.names, _names_of(known[one.fiscal_code])):
            raise FamilyRefused(names.OTHER_PERSON)
    changed = [known[one.fiscal_code] for one in reversed(people) if _follow(known[one.fiscal_code], one)]
    Guardian.objects.bulk_update(set(changed), ["email", "phone", "address", "city"])
    return known


def _known_guardians(people: Sequence[GuardianData]) -> dict[str, Guardian]:
    """These people as they are stored; who is not there yet is stored as given."""
    wanted = {one.fiscal_code: one for one in reversed(people)}
    Guardian.objects.bulk_create(
        [
            Guardian(
                fiscal_code=code,
                first_name=one.first_name,
                last_name=one.last_name,
                sort_key=names.sort_key(one.last_name, one.first_name),
                email=one.email,
                phone=one.phone,
                address=one.address,
                city=one.city,
            )
            for code, one in sorted(wanted.items())
        ],
        ignore_conflicts=True,
    )
    return {one.fiscal_code: one for one in Guardian.objects.filter(fiscal_code__in=wanted)}


def _names_of(guardian: Guardian) -> names.Names:
    return guardian.last_name, guardian.first_name


def _follow(guardian: Guardian, newest: GuardianData) -> bool:
    """Take the contacts that the newest application gives; a blank one erases nothing."""
    changed = False
    for name in ("email", "phone", "address", "city"):
        value = getattr(newest, name)
        if value and value != getattr(guardian, name):
            setattr(guardian, name, value)
            changed = True
    return changed


def _keep_pupils(children: Iterable[ChildData]) -> dict[str, Pupil]:
    wanted = {one.fiscal_code: one for one in children}
    known = {one.fiscal_code: one for one in Pupil.objects.filter(fiscal_code__in=wanted)}
    new = [wanted[code] for code in sorted(wanted.keys() - known.keys())]
    codes = new_codes("pupil", [one.fiscal_code for one in new], Pupil.objects.all())
    Pupil.objects.bulk_create(
        [
            Pupil(
                code=codes[one.fiscal_code],
                fiscal_code=one.fiscal_code,
                first_name=one.first_name,
                last_name=one.last_name,
                birth_date=one.birth_date,
                sort_key=names.sort_key(one.last_name, one.first_name),
            )
            for one in new
        ]
    )
    return {one.fiscal_code: one for one in Pupil.objects.filter(fiscal_code__in=wanted)}


def _keep_households(applicants: Sequence[Guardian]) -> dict[int, Household]:
    by_applicant = {one.pk: one for one in applicants}
    known = set(Household.objects.filter(applicant__in=by_applicant).values_list("applicant_id", flat=True))
    new = sorted(
        (one for pk, one in by_applicant.items() if pk not in known), key=lambda one: one.fiscal_code
    )
    codes = new_codes("household", [one.fiscal_code for one in new], Household.objects.all())
    Household.objects.bulk_create([Household(code=codes[one.fiscal_code], applicant=one) for one in new])
    return {one.applicant_id: one for one in Household.objects.filter(applicant__in=by_applicant)}


def new_codes(kind: str, identities: Sequence[str], rows: models.QuerySet[models.Model]) -> dict[str, str]:
    """A public code for each identity, unlike any in ``rows``."""
    found: dict[str, str] = {}
    waiting, attempt = list(identities), 0
    while waiting:
        drawn = {one: names.public_code(settings.SECRET_KEY, kind, one, attempt) for one in waiting}
        taken = set(rows.filter(code__in=drawn.values()).values_list("code", flat=True)) | set(found.values())
        for one, code in drawn.items():
            if code not in taken:
                found[one] = code
                taken.add(code)
        waiting, attempt = [one for one in waiting if one not in found], attempt + 1
    return found


def _join(
    families: Sequence[FamilyData],
    guardians: Mapping[str, Guardian],
    pupils: Mapping[str, Pupil],
    households: Mapping[int, Household],
) -> None:
    members, custodies = {}, {}
    for family in families:
        household = households[guardians[family.applicant.fiscal_code].pk]
        for person in (family.applicant, *family.others):
            guardian = guardians[person.fiscal_code]
            members[household.pk, guardian.pk] = HouseholdMember(household=household, guardian=guardian)
        for child in family.children:
            pupil = pupils[child.fiscal_code]
            custodies[pupil.pk, household.pk] = Custody(
                pupil=pupil, household=household, valid_from=pupil.birth_date
            )
    HouseholdMember.objects.bulk_create(members.values(), ignore_conflicts=True)
    _keep_custodies(custodies)


def _keep_custodies(wanted: Mapping[tuple[int, int], Custody]) -> None:
    """A child of another family is refused: whose it is on which weekday is a decision, not a row of a file."""
    known = set(
        Custody.objects.filter(pupil__in={pupil for pupil, _ in wanted}).values_list(
            "pupil_id", "household_id"
        )
    )
    taken = {pupil for pupil, _ in known}
    for (pupil, household), custody in wanted.items():
        if pupil in taken and (pupil, household) not in known:
            raise FamilyRefused(
                f"{custody.pupil} è già figlio di un'altra famiglia che ha fatto domanda: "
                "per i genitori separati dividi la settimana dalla pagina dell'alunno."
            )
    Custody.objects.bulk_create([custody for key, custody in wanted.items() if key not in known])


@transaction.atomic
def split_custody(
    *,
    pupil: Pupil,
    shares: Mapping[Household, Collection[str]],
    from_day: dt.date,
    by: User,
    now: dt.datetime,
) -> None:
    """From a day on, each household pays on its weekdays (names of `WEEKDAYS`): together they must be the five of them."""
    days = sorted((day for share in shares.values() for day in share), key=WEEKDAYS.index)
    if days != list(WEEKDAYS):
        raise FamilyRefused("Ogni giorno dal lunedì al venerdì deve toccare a una famiglia, e a una sola.")
    siblings = _children_of(pupil)
    for row in Custody.objects.select_for_update().filter(pupil=pupil).overlapping(from_day, dt.date.max):
        timeline.end(row, from_day - timeline.ONE_DAY)
    Custody.objects.bulk_create(
        [
            Custody(
                pupil=pupil,
                household=household,
                valid_from=from_day,
                **{day: day in share for day in WEEKDAYS},
            )
            for household, share in shares.items()
            if share
        ]
    )
    pricing.refresh(pupil_ids=[*siblings, pupil.pk])


def _children_of(pupil: Pupil) -> list[int]:
    """The child and the other children of its households, before a change may part them."""
    households = Custody.objects.filter(pupil=pupil).values("household")
    return list(
        Custody.objects.filter(household__in=households).values_list("pupil_id", flat=True).distinct()
    )


@transaction.atomic
def add_guardian(*, household: Household, guardian: GuardianData, by: User, now: dt.datetime) -> Guardian:
    """Another person with parental responsibility, who will see the household's children.

    Somebody known already comes as stored, contacts too, and only under the known name: a code copied from another line would
    show the children to a stranger.
    """
    if not names.is_person_code(guardian.fiscal_code):
        raise FamilyRefused("Il codice fiscale non è valido: controllalo sulla tessera sanitaria.")
    person = _known_guardians([guardian])[guardian.fiscal_code]
    if not names.same_person(guardian.names, _names_of(person)):
        raise FamilyRefused(names.OTHER_PERSON)
    HouseholdMember.objects.bulk_create(
        [HouseholdMember(household=household, guardian=person)], ignore_conflicts=True
    )
    return person
