"""The price of a meal: a function of the meal's date, never of today (domain.md, section 3).

Everything is resolved at that date: fare table of the school level, ISEE, residence, exemption, rank among the siblings.
One rounding, half up to the cent, at the end.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeVar

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


class PricingError(Exception):
    """There is no price for that day, never a guess; `str()` says why to the office."""


class Why(StrEnum):
    """What put the child in its band."""

    ISEE = "isee"
    LAST_YEAR_ISEE = "last_year_isee"
    NO_ISEE = "no_isee"
    EXPIRED_ISEE = "expired_isee"
    OMISSIONS = "omissions"
    NOT_RESIDENT = "not_resident"
    EXEMPT = "exempt"


@dataclass(frozen=True, kw_only=True)
class Spell:
    """True from a day to a day, both included; no last day means until further notice."""

    first: dt.date
    last: dt.date | None = None

    def covers(self, day: dt.date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, kw_only=True)
class Band:
    """A band is known by its upper bound only, included; the top band has none."""

    letter: str
    up_to: Decimal | None
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class Fares(Spell):
    level: str
    act: str
    bands: tuple[Band, ...]
    second_child_discount: Decimal
    later_child_discount: Decimal


@dataclass(frozen=True, kw_only=True)
class Isee(Spell):
    value: Decimal
    filed_on: dt.date
    has_omissions: bool = False
    current: bool = False
    protocol: str = ""


@dataclass(frozen=True, kw_only=True)
class LivesIn(Spell):
    resident: bool


@dataclass(frozen=True, kw_only=True)
class Exempt(Spell):
    kind: str
    act: str


@dataclass(frozen=True, kw_only=True)
class Enrolled(Spell):
    level: str


@dataclass(frozen=True, kw_only=True)
class Child:
    """A child of the household: when it is enrolled, and when it belongs to this household."""

    fiscal_code: str
    birth_date: dt.date
    enrolments: tuple[Enrolled, ...]
    belongs: tuple[Spell, ...]

    def is_active(self, day: dt.date) -> bool:
        return covering(self.enrolments, day) is not None and covering(self.belongs, day) is not None


@dataclass(frozen=True, kw_only=True)
class Grace(Spell):
    """Days at the start of a year on which last year's ISEE still sets the band, while the new one is awaited."""


@dataclass(frozen=True, kw_only=True)
class PriceFacts:
    """All the dated facts about a child in a household. `children` has the child itself and its siblings."""

    child: Child
    children: tuple[Child, ...]
    fares: tuple[Fares, ...]
    isee: tuple[Isee, ...] = ()
    residences: tuple[LivesIn, ...] = ()
    exemptions: tuple[Exempt, ...] = ()
    graces: tuple[Grace, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Why the price is what it is, frozen with it."""

    why: Why
    level: str
    act: str
    fares_from: dt.date
    band: str
    band_price: Decimal
    rank: int
    children: int
    discount: Decimal
    isee: Isee | None = None
    exemption: Exempt | None = None


@dataclass(frozen=True, kw_only=True)
class PriceResult:
    amount: Decimal
    reasons: Reasons


@dataclass(frozen=True, kw_only=True)
class PriceSpell(Spell):
    """A stretch of days with one price, or (`error`) with none and the reason."""

    price: PriceResult | None
    error: str = ""


Known = TypeVar("Known", bound=Spell)


def price(facts: PriceFacts, day: dt.date) -> PriceResult:
    """The price of a meal eaten on ``day``; PricingError where a fact is missing."""
    enrolment = covering(facts.child.enrolments, day)
    if enrolment is None:
        raise PricingError(f"Il {day:%d/%m/%Y} non c'è un'iscrizione.")
    table = fares_on(facts.fares, enrolment.level, day)
    exemption = covering(facts.exemptions, day)
    isee, why = isee_on(facts, day)
    band = band_of(table, isee.value if isee and why in (Why.ISEE, Why.LAST_YEAR_ISEE) else None)
    rank, children = sibling_rank(facts.child, facts.children, day)
    discount = discount_of(table, rank)
    reasons = Reasons(
        why=Why.EXEMPT if exemption else why,
        level=table.level,
        act=table.act,
        fares_from=table.first,
        band=band.letter,
        band_price=band.price,
        rank=rank,
        children=children,
        discount=discount,
        isee=isee,
        exemption=exemption,
    )
    amount = Decimal("0.00") if exemption else discounted(band.price, discount)
    return PriceResult(amount=amount, reasons=reasons)


def discounted(full: Decimal, percent: Decimal) -> Decimal:
    """The one rounding: half up to the cent."""
    return (full * (HUNDRED - percent) / HUNDRED).quantize(CENT, rounding=ROUND_HALF_UP)


def fares_on(tables: Iterable[Fares], level: str, day: dt.date) -> Fares:
    table = covering([one for one in tables if one.level == level], day)
    if table is None:
        raise PricingError(f"Il {day:%d/%m/%Y} non c'è una tabella tariffe in vigore per la scuola {level}.")
    if not table.bands:
        raise PricingError(f"La tabella tariffe dal {table.first:%d/%m/%Y} (scuola {level}) non ha fasce.")
    return table


def band_of(table: Fares, isee: Decimal | None) -> Band:
    """The first band whose upper bound is not below the ISEE; no ISEE to count means the top band."""
    ordered = sorted(table.bands, key=_bound)
    if isee is None:
        return ordered[-1]
    for band in ordered:
        if band.up_to is None or isee <= band.up_to:
            return band
    raise PricingError(
        f"La tabella tariffe dal {table.first:%d/%m/%Y} non ha una fascia per un ISEE di {isee}."
    )


def _bound(band: Band) -> tuple[bool, Decimal]:
    return band.up_to is None, band.up_to or Decimal(0)


def isee_on(facts: PriceFacts, day: dt.date) -> tuple[Isee | None, Why]:
    """The ISEE to show, and whether it counts. A value of 0.00 is an ISEE like any other."""
    residence = covering(facts.residences, day)
    if residence is not None and not residence.resident:
        return None, Why.NOT_RESIDENT
    if (found := covering(facts.isee, day)) is not None:
        return found, Why.OMISSIONS if found.has_omissions else Why.ISEE
    ended = [one for one in facts.isee if one.last is not None and one.last < day]
    latest = max(ended, key=lambda one: one.first, default=None)
    if latest is None:
        return None, Why.NO_ISEE
    if _holds_until_grace(latest, facts.graces, day):
        return latest, Why.LAST_YEAR_ISEE
    return latest, Why.EXPIRED_ISEE


def _holds_until_grace(isee: Isee, graces: Iterable[Grace], day: dt.date) -> bool:
    """Only an ISEE in force on the last day of the year before, and in order, holds while the new one is awaited."""
    return (
        not isee.has_omissions
        and isee.last == dt.date(day.year - 1, 12, 31)
        and covering(tuple(graces), day) is not None
    )


def sibling_rank(child: Child, children: Iterable[Child], day: dt.date) -> tuple[int, int]:
    """The child's place among the household's active children that day, eldest first, and how many they are.

    Twins: by fiscal code. Who is absent that day counts, and so does an exempt child.
    """
    active = sorted(
        {(one.birth_date, one.fiscal_code) for one in children if one.is_active(day)}
        | {(child.birth_date, child.fiscal_code)}
    )
    return active.index((child.birth_date, child.fiscal_code)) + 1, len(active)


def discount_of(table: Fares, rank: int) -> Decimal:
    if rank <= 1:
        return Decimal(0)
    return table.second_child_discount if rank == 2 else table.later_child_discount


def spells(facts: PriceFacts) -> list[PriceSpell]:
    """Every stretch of days on which the child is enrolled and of this household, each with its price or its error.

    A fact begins or ends only on a boundary, so that one day of each stretch speaks for all; equal neighbours are merged.
    """
    days = _boundaries(facts)
    found: list[PriceSpell] = []
    for index, day in enumerate(days):
        if not facts.child.is_active(day):
            continue
        last = days[index + 1] - dt.timedelta(days=1) if index + 1 < len(days) else None
        _append(found, _priced(facts, day, last))
    return found


def _priced(facts: PriceFacts, day: dt.date, last: dt.date | None) -> PriceSpell:
    try:
        return PriceSpell(first=day, last=last, price=price(facts, day))
    except PricingError as error:
        return PriceSpell(first=day, last=last, price=None, error=str(error))


def _append(found: list[PriceSpell], new: PriceSpell) -> None:
    previous = found[-1] if found else None
    touches = previous is not None and previous.last == new.first - dt.timedelta(days=1)
    if previous is not None and touches and previous.price is not None and previous.price == new.price:
        found[-1] = replace(previous, last=new.last)
    else:
        found.append(new)


def _boundaries(facts: PriceFacts) -> list[dt.date]:
    """The days on which something about the price may change."""
    spans: list[Spell] = [*facts.fares, *facts.isee, *facts.residences, *facts.exemptions, *facts.graces]
    for child in (facts.child, *facts.children):
        spans += [*child.enrolments, *child.belongs]
    days = {span.first for span in spans}
    days |= {span.last + dt.timedelta(days=1) for span in spans if span.last is not None}
    return sorted(days)


def covering(rows: Sequence[Known], day: dt.date) -> Known | None:
    """The row true on that day; the database keeps rows of one kind from overlapping."""
    return next((row for row in rows if row.covers(day)), None)
