"""A day of the kitchen, school by school: what has been sealed or, before the hour, what is counted now; who has seen it; what was
delivered. The same for the kitchen, the caterer and the office; whoever checks the money reads it without diets."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from attendance import acknowledging, deliveries, kitchen, sealing, sheet_page
from attendance.models import DeliveredPortions, KitchenSheet
from attendance.rules import cutoff
from attendance.sheet_page import Change, Page
from enrolments.models import School


@dataclass(frozen=True)
class Sealed:
    """A sheet or a variation with what it changes; ``overdue``: nobody has seen it in time."""

    sheet: KitchenSheet
    changes: list[Change]
    seen: bool
    overdue: bool


@dataclass(frozen=True)
class SchoolDay:
    """``page``: the portions asked for by now. Without sealed sheets it is a count that may still change."""

    school: School
    page: Page
    sealed: list[Sealed]
    delivery: DeliveredPortions | None

    @property
    def variations(self) -> list[Sealed]:
        return self.sealed[1:]


@dataclass(frozen=True)
class Day:
    day: dt.date
    sealing_hour: dt.time
    schools: list[SchoolDay]

    @property
    def total(self) -> int:
        return sum(one.page.total for one in self.schools)

    @property
    def beyond(self) -> int:
        return sum(one.page.beyond for one in self.schools)

    @property
    def unconfirmed(self) -> int:
        return sum(one.page.unconfirmed for one in self.schools)

    @property
    def sealed(self) -> list[Sealed]:
        return [sheet for one in self.schools for sheet in one.sealed]

    @property
    def unseen(self) -> list[Sealed]:
        return [one for one in self.sealed if not one.seen]

    @property
    def overdue(self) -> list[Sealed]:
        return [one for one in self.sealed if one.overdue]


def of(*, day: dt.date, schools: Collection[School], now: dt.datetime, diets: bool) -> Day:
    """Constant queries. A day that is over shows only what was sealed on it. ``diets``: may the reader know which class eats which?"""
    sheets = sealing.of_day(day, schools=schools)
    late = {sheet.pk for sheet in acknowledging.overdue(now=now, schools=schools)}
    delivered = deliveries.of_days(day, day)
    today = now.astimezone(cutoff.ROME).date()
    counted = kitchen.sheet(day=day, schools=schools, now=now)
    return Day(
        day=day,
        sealing_hour=counted.hours.kitchen_sheet_at,
        schools=[
            SchoolDay(
                school=count.school,
                page=sheet_page.of(rows, diets=diets) if rows else sheet_page.of_count(count, diets=diets),
                sealed=[_sealed(sheet, late, diets) for sheet in rows],
                delivery=delivered.get((day, count.school.pk)),
            )
            for count in counted.schools
            for rows in [sheets.get(count.school.pk, [])]
            if rows or (day >= today and count.lines)
        ],
    )


def _sealed(sheet: KitchenSheet, late: set[int], diets: bool) -> Sealed:
    return Sealed(
        sheet=sheet,
        changes=sheet_page.changes(sheet, diets=diets) if sheet.sequence else [],
        seen=hasattr(sheet, "acknowledgement"),
        overdue=sheet.pk in late,
    )
