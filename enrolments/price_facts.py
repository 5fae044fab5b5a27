"""The facts that the pricing rule asks for, read for many children in a constant number of queries."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from enrolments.models import (
    Custody,
    Enrolment,
    EnrolmentRules,
    Exemption,
    FareTable,
    Household,
    IseeDeclaration,
    Pupil,
    Residence,
)
from enrolments.rules import pricing as rule
from enrolments.rules.isee import Grace

Key = tuple[int, int]
Row = TypeVar("Row")


def of_pupils(pupil_ids: Collection[int] | None) -> Iterator[tuple[Key, rule.PriceFacts]]:
    """((pupil, household), facts) of these pupils and of their siblings, whose rank depends on them; None: of everybody."""
    belongs = _belongs(pupil_ids)
    household_ids = {household for _, household in belongs}
    children = _children({pupil for pupil, _ in belongs}, belongs)
    by_household: dict[int, list[rule.Child]] = defaultdict(list)
    for (_, household), child in children.items():
        by_household[household].append(child)
    fares, isee, residences = _fares(), _isee(household_ids), _residences(household_ids)
    exemptions, rules = _exemptions({pupil for pupil, _ in belongs}), list(EnrolmentRules.objects.all())
    for (pupil, household), child in children.items():
        yield (
            (pupil, household),
            rule.PriceFacts(
                child=child,
                children=tuple(by_household[household]),
                fares=fares,
                isee=tuple(isee[household]),
                residences=tuple(residences[household]),
                exemptions=tuple(exemptions[pupil]),
                graces=graces(isee[household], rules),
            ),
        )


def lock_households(pupil_ids: Collection[int] | None) -> None:
    """Two changes of facts of one family are priced one after the other; readers and new rows are not kept waiting."""
    rows = Household.objects.select_for_update(no_key=True).order_by("pk")
    if pupil_ids is not None:
        rows = rows.filter(pk__in=Custody.objects.filter(pupil_id__in=pupil_ids).values("household_id"))
    list(rows.values_list("pk"))


def _belongs(pupil_ids: Collection[int] | None) -> dict[Key, list[rule.Spell]]:
    rows = Custody.objects.all()
    if pupil_ids is not None:
        households = Custody.objects.filter(pupil_id__in=pupil_ids).values("household_id")
        rows = rows.filter(household_id__in=households)
    found: dict[Key, list[rule.Spell]] = defaultdict(list)
    for pupil, household, first, last in rows.order_by("pupil_id", "household_id", "valid_from").values_list(
        "pupil_id", "household_id", "valid_from", "valid_to"
    ):
        found[pupil, household].append(rule.Spell(first=first, last=last))
    return found


def _children(pupil_ids: set[int], belongs: dict[Key, list[rule.Spell]]) -> dict[Key, rule.Child]:
    pupils = {
        pk: (code, birth)
        for pk, code, birth in _of(Pupil.objects.all(), "pk", pupil_ids).values_list(
            "pk", "fiscal_code", "birth_date"
        )
    }
    enrolments: dict[int, list[rule.Enrolled]] = defaultdict(list)
    for pupil, level, first, last in (
        _of(Enrolment.objects.all(), "pupil_id", pupil_ids)
        .order_by("valid_from")
        .values_list("pupil_id", "class_group__school__level", "valid_from", "valid_to")
    ):
        enrolments[pupil].append(rule.Enrolled(first=first, last=last, level=level))
    return {
        (pupil, household): rule.Child(
            fiscal_code=pupils[pupil][0],
            birth_date=pupils[pupil][1],
            enrolments=tuple(enrolments[pupil]),
            belongs=tuple(spells),
        )
        for (pupil, household), spells in belongs.items()
    }


def _fares() -> tuple[rule.Fares, ...]:
    tables = FareTable.objects.prefetch_related("bands").order_by("level", "valid_from")
    return tuple(fares_of(table) for table in tables)


def fares_of(table: FareTable) -> rule.Fares:
    return rule.Fares(
        first=table.valid_from,
        last=table.valid_to,
        level=table.level,
        act=table.act,
        second_child_discount=table.second_child_discount,
        later_child_discount=table.later_child_discount,
        bands=tuple(
            rule.Band(letter=band.letter, up_to=band.isee_up_to, price=band.price)
            for band in table.bands.all()
        ),
    )


def _isee(household_ids: set[int]) -> dict[int, list[rule.Isee]]:
    rows = _of(IseeDeclaration.objects.all(), "household_id", household_ids).order_by("valid_from")
    found: dict[int, list[rule.Isee]] = defaultdict(list)
    for row in rows:
        found[row.household_id].append(
            rule.Isee(
                first=row.valid_from,
                last=row.valid_to,
                value=row.value,
                filed_on=row.filed_on,
                has_omissions=row.has_omissions,
                current=row.kind == IseeDeclaration.Kind.CURRENT,
                protocol=row.protocol,
            )
        )
    return found


def _residences(household_ids: set[int]) -> dict[int, list[rule.LivesIn]]:
    rows = _of(Residence.objects.all(), "household_id", household_ids).order_by("valid_from")
    found: dict[int, list[rule.LivesIn]] = defaultdict(list)
    for row in rows:
        lives = rule.LivesIn(first=row.valid_from, last=row.valid_to, resident=row.resident)
        found[row.household_id].append(lives)
    return found


def _exemptions(pupil_ids: set[int]) -> dict[int, list[rule.Exempt]]:
    rows = _of(Exemption.objects.all(), "pupil_id", pupil_ids).order_by("valid_from")
    found: dict[int, list[rule.Exempt]] = defaultdict(list)
    for row in rows:
        found[row.pupil_id].append(
            rule.Exempt(first=row.valid_from, last=row.valid_to, kind=row.kind, act=row.act)
        )
    return found


def graces(declarations: Iterable[rule.Isee], rules: Iterable[EnrolmentRules]) -> tuple[rule.Grace, ...]:
    """After every ISEE that reached 31 December, the days of the next year on which it still holds, where the rules say so."""
    known, found = list(rules), []
    for year in sorted({one.last.year + 1 for one in declarations if one.last is not None}):
        first = dt.date(year, 1, 1)
        applied = rules_on(known, first)
        if applied.last_isee_holds_until_grace:
            found.append(rule.Grace(first=first, last=grace_of(applied).last_day(year)))
    return tuple(found)


def rules_on(rules: Iterable[EnrolmentRules], day: dt.date) -> EnrolmentRules:
    """The office's rules in force that day; before any is adopted, the defaults of the form."""
    for one in rules:
        if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to):
            return one
    return EnrolmentRules(valid_from=day)


def grace_of(rules: EnrolmentRules) -> Grace:
    return Grace(month=rules.isee_grace_month, day=rules.isee_grace_day)


def _of(rows: Row, key: str, ids: set[int]) -> Row:
    return rows.filter(**{f"{key}__in": ids})  # type: ignore[attr-defined, no-any-return]
