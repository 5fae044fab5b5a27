"""A list of applications against what is stored: classes that exist, families, what is new and what differs."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from enrolments import entitlements
from enrolments.errors import Refused
from enrolments.models import (
    Application,
    ClassGroup,
    Custody,
    Enrolment,
    EnrolmentRules,
    Guardian,
    Household,
    IseeDeclaration,
    Pupil,
    SchoolYear,
)
from enrolments.rules.application_rows import GUARDIANS, Line, Problem, problem, spelling_problems
from enrolments.rules.columns import BY_KEY

#: Column of the file -> what it says of the guardian.
CONTACTS = {
    "applicant_code": {"email": "email", "phone": "phone", "address": "address", "city": "city"},
    "other_code": {"other_email": "email"},
}


@dataclass
class Stored:
    """What the database knows about the people of a list; read in a constant number of queries."""

    year: SchoolYear
    classes: dict[tuple[str, int, str], ClassGroup]
    guardians: dict[str, Guardian]
    families_of_child: dict[str, set[str]]
    applications: dict[tuple[str, str], Application]
    enrolments: dict[str, Enrolment]
    isee: dict[tuple[str, str, str], IseeDeclaration]
    rules: list[EnrolmentRules]


@dataclass
class Verdict:
    """The rows to take, why others are not, and what would change."""

    taken: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)


def stored_about(lines: Sequence[Line], year: SchoolYear) -> Stored:
    """Table by table, joined here: a list loaded just now has tables whose statistics the planner does not have yet."""
    people = {line.values[key] for line in lines for key in ("applicant_code", "other_code")} - {""}
    guardians = {one.fiscal_code: one for one in Guardian.objects.filter(fiscal_code__in=people)}
    codes = {one.pk: code for code, one in guardians.items()}
    applicants = {
        pk: codes[guardian]
        for pk, guardian in Household.objects.filter(applicant_id__in=codes).values_list("pk", "applicant_id")
    }
    wanted = {line.values["child_code"] for line in lines}
    children = dict(Pupil.objects.filter(fiscal_code__in=wanted).values_list("pk", "fiscal_code"))
    classes = list(ClassGroup.objects.filter(year=year).select_related("school", "year"))
    return Stored(
        year=year,
        classes={(one.school.code, one.grade, one.section.upper()): one for one in classes},
        guardians=guardians,
        families_of_child=_families(children),
        applications={
            (children.get(one.pupil_id, ""), applicants[one.household_id]): one
            for one in Application.objects.filter(year=year, household_id__in=applicants)
        },
        enrolments={
            children[one.pupil_id]: one
            for one in Enrolment.objects.filter(
                pupil_id__in=children, class_group_id__in=[group.pk for group in classes]
            ).order_by("valid_from")
        },
        isee={
            (applicants[one.household_id], one.filed_on.isoformat(), one.protocol): one
            for one in IseeDeclaration.objects.filter(household_id__in=applicants)
        },
        rules=list(EnrolmentRules.objects.all()),
    )


def _families(children: Mapping[int, str]) -> dict[str, set[str]]:
    """Child -> the applicants of the households it is or was of."""
    rows = list(Custody.objects.filter(pupil_id__in=children).values_list("pupil_id", "household_id"))
    households = dict(
        Household.objects.filter(pk__in={household for _, household in rows}).values_list(
            "pk", "applicant__fiscal_code"
        )
    )
    found: dict[str, set[str]] = {}
    for pupil, household in rows:
        found.setdefault(children[pupil], set()).add(households[household])
    return found


def judge(lines: Sequence[Line], year: SchoolYear, now: dt.datetime) -> Verdict:
    """Row by row, in the order of the file; a guardian's contacts are those of the first row that has them."""
    stored = stored_about(lines, year)
    verdict = Verdict()
    contacts: dict[str, dict[str, str]] = {}
    for line in lines:
        errors = list(_errors(line, stored, now))
        verdict.problems += errors
        if errors:
            continue
        verdict.taken.append(line)
        verdict.problems += _spelling(line, stored)
        differences = [*_differences(line, stored), *_contacts(line, stored, contacts)]
        verdict.differences += differences
        if (line.values["child_code"], line.values["applicant_code"]) not in stored.applications:
            verdict.new.append(line.row)
        elif any(one["applied"] for one in differences):
            verdict.changed.append(line.row)
    return verdict


def _errors(line: Line, stored: Stored, now: dt.datetime) -> Iterable[Problem]:
    yield from _class_errors(line, stored)
    yield from _day_errors(line, stored)
    yield from _isee_errors(line, stored, now)
    values = line.values
    others = stored.families_of_child.get(values["child_code"], set()) - {values["applicant_code"]}
    if others and values["applicant_code"] not in stored.families_of_child[values["child_code"]]:
        sentence = (
            "Il bambino è già di un'altra famiglia che ha fatto domanda: per i genitori separati dividi la settimana "
            "dalla pagina dell'alunno, e togli questa riga."
        )
        yield problem(line.row, "child_code", values["child_code"], "other_family", sentence, error=True)
    yield from (one for one in _spelling(line, stored) if one.is_error)


def _class_errors(line: Line, stored: Stored) -> Iterable[Problem]:
    values = line.values
    code, place = values["school"].upper(), class_key(line)
    schools = {school for school, _, _ in stored.classes}
    if code not in schools:
        known = ", ".join(sorted(schools)) or "nessuno"
        sentence = f"Nel {stored.year} non c'è un plesso con questo codice: i codici sono {known}."
        yield problem(line.row, "school", values["school"], "school", sentence, error=True)
    elif place not in stored.classes:
        known = ", ".join(
            sorted(f"{grade}{section}" for school, grade, section in stored.classes if school == code)
        )
        sentence = f"In questo plesso non c'è la classe {place[1]}{place[2]}: le classi sono {known}."
        yield problem(line.row, "section", values["section"], "class", sentence, error=True)


def _day_errors(line: Line, stored: Stored) -> Iterable[Problem]:
    first, year = line.values["first_day"], stored.year
    if first and not year.valid_from <= dt.date.fromisoformat(first) <= year.valid_to:
        sentence = (
            f"Il primo giorno è fuori dall'anno scolastico {year}: correggilo, o lascia vuota la cella."
        )
        yield problem(line.row, "first_day", _shown(first), "first_day", sentence, error=True)


def _isee_errors(line: Line, stored: Stored, now: dt.datetime) -> Iterable[Problem]:
    if not line.values["isee"]:
        return
    try:
        isee_of(line, Household(), stored.rules, now)
    except Refused as refused:
        filed = _shown(line.values["isee_date"])
        yield problem(line.row, "isee_date", filed, "isee_date", str(refused), error=True)


def isee_of(
    line: Line, household: Household, rules: Iterable[EnrolmentRules], now: dt.datetime
) -> IseeDeclaration:
    """The ISEE of a row, not saved."""
    return entitlements.new_isee(
        household=household,
        value=Decimal(line.values["isee"]),
        filed_on=dt.date.fromisoformat(line.values["isee_date"]),
        protocol=line.values["isee_protocol"],
        has_omissions=line.values["isee_omissions"] == "yes",
        kind=IseeDeclaration.Kind.ORDINARY,
        now=now,
        rules=rules,
    )


def class_key(line: Line) -> tuple[str, int, str]:
    return line.values["school"].upper(), int(line.values["grade"]), line.values["section"].upper()


def _spelling(line: Line, stored: Stored) -> Iterable[Problem]:
    for who in GUARDIANS:
        known = stored.guardians.get(line.values[f"{who}_code"])
        if known is not None:
            yield from spelling_problems(line, who, (known.last_name, known.first_name))


def _differences(line: Line, stored: Stored) -> Iterable[dict[str, Any]]:
    """What the row says of an application that is already there. Class and first day are not taken from a file twice."""
    values = line.values
    known = stored.applications.get((values["child_code"], values["applicant_code"]))
    if known is None:
        return
    for key, before in (("email", known.email), ("protocol", known.protocol)):
        if values[key] and values[key] != before:
            yield _difference(line, key, before, values[key], applied=True)
    enrolment = stored.enrolments.get(values["child_code"])
    if enrolment is not None and stored.classes[class_key(line)].pk != enrolment.class_group_id:
        place = _place(stored, enrolment)
        now = f"{values['school'].upper()} {values['grade']}{values['section'].upper()}"
        yield _difference(line, "section", place, now, applied=False)
    yield from _isee_difference(line, stored)


def _place(stored: Stored, enrolment: Enrolment) -> str:
    for group in stored.classes.values():
        if group.pk == enrolment.class_group_id:
            return f"{group.school.code} {group.label}"
    return ""


def _isee_difference(line: Line, stored: Stored) -> Iterable[dict[str, Any]]:
    values = line.values
    if not values["isee"]:
        return
    known = stored.isee.get((values["applicant_code"], values["isee_date"], values["isee_protocol"]))
    if known is None:
        yield _difference(line, "isee", "", values["isee"], applied=True)
    elif known.value != Decimal(values["isee"]):
        yield _difference(line, "isee", str(known.value), values["isee"], applied=False)


def _contacts(line: Line, stored: Stored, seen: dict[str, dict[str, str]]) -> Iterable[dict[str, Any]]:
    """The parents' contacts follow the file, and that is told: the first row that has them, for rows of one file that disagree."""
    values = line.values
    for code, columns in CONTACTS.items():
        known = stored.guardians.get(values[code])
        if known is None:
            continue
        mine = seen.setdefault(known.fiscal_code, {})
        for key, attribute in columns.items():
            if not values[key] or attribute in mine:
                continue
            mine[attribute] = values[key]
            before = getattr(known, attribute)
            if before != values[key] and not (key == "email" and _is_new_address(line, stored)):
                yield _difference(line, key, before, values[key], applied=True)


def _is_new_address(line: Line, stored: Stored) -> bool:
    """Whether the e-mail is already told as a difference of the application."""
    known = stored.applications.get((line.values["child_code"], line.values["applicant_code"]))
    return known is not None and known.email != line.values["email"]


def _difference(line: Line, key: str, before: str, now: str, *, applied: bool) -> dict[str, Any]:
    return {
        "row": line.row,
        "column": BY_KEY[key].title,
        "stored": before,
        "file": now,
        "applied": applied,
    }


def _shown(iso: str) -> str:
    return f"{dt.date.fromisoformat(iso):%d/%m/%Y}"
