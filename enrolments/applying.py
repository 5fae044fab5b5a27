"""The good rows of a list made into families, applications, enrolments and entitlements, set by set."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from enrolments import application_checks, enrolling, families, price_facts, pricing, timeline
from enrolments.families import ChildData, FamilyData, GuardianData
from enrolments.models import (
    Application,
    ApplicationBatch,
    ClassGroup,
    Diet,
    EnrolmentRules,
    Exemption,
    Guardian,
    Household,
    IseeDeclaration,
    Pupil,
    Residence,
)
from enrolments.rules import late_start
from enrolments.rules.application_rows import Line
from identity.models import User


def take(
    *, lines: Sequence[Line], batch: ApplicationBatch, new_rows: Collection[int], by: User, now: dt.datetime
) -> list[Household]:
    """Everything about these rows; of an application that is already there only contacts, protocol and a newer ISEE are taken."""
    if not lines:
        return []
    families.register_families(families=family_data(lines), by=by, now=now)
    households = {one.applicant.fiscal_code: one for one in households_of(lines)}
    codes = {line.values["child_code"] for line in lines}
    pupils = {one.fiscal_code: one for one in Pupil.objects.filter(fiscal_code__in=codes)}
    _keep_applications(lines, batch, pupils, households)
    rules = list(EnrolmentRules.objects.all())
    new = [line for line in lines if line.row in new_rows]
    days = _first_days(new, batch, rules, now)
    _enrol(new, batch, pupils, days, by, now)
    _entitle(new, batch, pupils, households, days)
    _declare(lines, households, rules, now)
    pricing.refresh(pupil_ids=[one.pk for one in pupils.values()])
    return list(households.values())


def households_of(lines: Sequence[Line]) -> list[Household]:
    applicants = {line.values["applicant_code"] for line in lines}
    guardians = {one.pk: one for one in Guardian.objects.filter(fiscal_code__in=applicants)}
    rows = list(Household.objects.filter(applicant_id__in=guardians).order_by("pk"))
    for row in rows:
        row.applicant = guardians[row.applicant_id]
    return rows


def family_data(lines: Sequence[Line]) -> list[FamilyData]:
    """The rows of one applicant are one family."""
    grouped: dict[str, list[Line]] = {}
    for line in lines:
        grouped.setdefault(line.values["applicant_code"], []).append(line)
    return [
        FamilyData(applicant=_applicant(rows), others=_others(rows), children=[_child(row) for row in rows])
        for rows in grouped.values()
    ]


def _applicant(rows: Sequence[Line]) -> GuardianData:
    """Contacts: the first row that has them."""
    first = rows[0].values

    def contact(key: str) -> str:
        return next((row.values[key] for row in rows if row.values[key]), "")

    return GuardianData(
        fiscal_code=first["applicant_code"],
        first_name=first["applicant_first"],
        last_name=first["applicant_last"],
        email=contact("email"),
        phone=contact("phone"),
        address=contact("address"),
        city=contact("city"),
    )


def _others(rows: Sequence[Line]) -> list[GuardianData]:
    return [
        GuardianData(
            fiscal_code=row.values["other_code"],
            first_name=row.values["other_first"],
            last_name=row.values["other_last"],
            email=row.values["other_email"],
        )
        for row in rows
        if row.values["other_code"]
    ]


def _child(row: Line) -> ChildData:
    return ChildData(
        fiscal_code=row.values["child_code"],
        first_name=row.values["child_first"],
        last_name=row.values["child_last"],
        birth_date=dt.date.fromisoformat(row.values["born"]),
    )


def _keep_applications(
    lines: Sequence[Line],
    batch: ApplicationBatch,
    pupils: Mapping[str, Pupil],
    households: Mapping[str, Household],
) -> None:
    known = {
        (one.pupil_id, one.household_id): one
        for one in Application.objects.filter(
            year=batch.year, household_id__in=[household.pk for household in households.values()]
        )
    }
    new, changed = [], []
    for line in lines:
        pupil = pupils[line.values["child_code"]]
        household = households[line.values["applicant_code"]]
        application = known.get((pupil.pk, household.pk))
        if application is None:
            application = Application(year=batch.year, pupil=pupil, household=household, batch=batch)
            new.append(application)
        else:
            changed.append(application)
        application.email = line.values["email"] or application.email
        application.protocol = line.values["protocol"] or application.protocol
    Application.objects.bulk_create(new)
    Application.objects.bulk_update(changed, ["email", "protocol"])


def _first_days(
    lines: Sequence[Line], batch: ApplicationBatch, rules: Sequence[EnrolmentRules], now: dt.datetime
) -> dict[int, dt.date]:
    """Row -> the first day written in it, or the one that the rules give."""
    today, begins = now.date(), batch.year.valid_from
    working_days = price_facts.rules_on(rules, today).late_start_working_days
    usual = late_start.first_day(today, begins, working_days)
    return {
        line.row: dt.date.fromisoformat(line.values["first_day"]) if line.values["first_day"] else usual
        for line in lines
    }


def _enrol(
    lines: Sequence[Line],
    batch: ApplicationBatch,
    pupils: Mapping[str, Pupil],
    days: Mapping[int, dt.date],
    by: User,
    now: dt.datetime,
) -> None:
    classes = {
        (one.school.code, one.grade, one.section.upper()): one
        for one in ClassGroup.objects.filter(year=batch.year).select_related("school", "year")
    }
    places = [
        enrolling.Place(
            pupil=pupils[line.values["child_code"]],
            class_group=classes[application_checks.class_key(line)],
            first_day=days[line.row],
        )
        for line in lines
    ]
    enrolling.enrol_many(places=places, by=by, now=now)


def _entitle(
    lines: Sequence[Line],
    batch: ApplicationBatch,
    pupils: Mapping[str, Pupil],
    households: Mapping[str, Household],
    days: Mapping[int, dt.date],
) -> None:
    """Few rows have something here: one by one. A resident family has no row, unless it had one that said otherwise."""
    for line in lines:
        values, first = line.values, days[line.row]
        pupil, household = pupils[values["child_code"]], households[values["applicant_code"]]
        if values["resident"] == "no":
            away = Residence(household=household, resident=False, valid_from=batch.year.valid_from)
            timeline.lay(Residence.objects.filter(household=household), away)
        if values["exemption"]:
            last = None if values["exemption"] == Exemption.Kind.DISABILITY else batch.year.valid_to
            exemption = Exemption(
                pupil=pupil,
                kind=values["exemption"],
                act=values["exemption_act"],
                valid_from=first,
                valid_to=last,
            )
            timeline.lay(Exemption.objects.filter(pupil=pupil), exemption)
        if values["diet"]:
            diet = Diet(pupil=pupil, code=values["diet"], valid_from=first)
            timeline.lay(Diet.objects.filter(pupil=pupil), diet)


def _declare(
    lines: Sequence[Line],
    households: Mapping[str, Household],
    rules: Sequence[EnrolmentRules],
    now: dt.datetime,
) -> None:
    """The ISEE of each family that presents one we do not have; the first of a family in bulk, a second one over the first."""
    stored = IseeDeclaration.objects.filter(household__in=households.values())
    known = {(one.household_id, one.filed_on, one.protocol) for one in stored}
    with_one = {household for household, _, _ in known}
    fresh: list[IseeDeclaration] = []
    for line in lines:
        if not line.values["isee"]:
            continue
        row = application_checks.isee_of(line, households[line.values["applicant_code"]], rules, now)
        if (row.household_id, row.filed_on, row.protocol) in known:
            continue
        known.add((row.household_id, row.filed_on, row.protocol))
        if row.household_id in with_one:
            timeline.lay(IseeDeclaration.objects.filter(household_id=row.household_id), row)
        else:
            with_one.add(row.household_id)
            fresh.append(row)
    IseeDeclaration.objects.bulk_create(fresh)
