"""Prices resolved ahead: dated rows written by the pure rule whenever a fact changes (docs/adr/0007-prezzi.md).

The night, the forecast, the notices and the explanation all read the same row. Where the rule gives no price there is no
row: the night puts the child on the error list of the day, with the reason.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from enrolments import explanations, price_facts
from enrolments.models import Price
from enrolments.rules import explaining
from enrolments.rules import pricing as rule

Row = tuple[int, int, dt.date, dt.date | None, Decimal, str]
BATCH = 2000


@dataclass(frozen=True)
class Drift:
    """A stored price that the rule does not give, or the other way round."""

    pupil_id: int
    household_id: int
    valid_from: dt.date
    valid_to: dt.date | None
    amount: Decimal
    is_stored: bool


@transaction.atomic
def refresh(*, pupil_ids: Collection[int] | None = None) -> int:
    """Rewrite the price rows of these pupils and of their siblings (None: of everybody); only rows that differ change.

    Every operation that changes a fact calls it in its own transaction. Returns how many rows were removed or added.
    """
    price_facts.lock_households(pupil_ids)
    facts: dict[str, dict[str, object]] = {}
    wanted: set[Row] = set()
    households = set()
    for key, known in price_facts.of_pupils(pupil_ids):
        households.add(key[1])
        wanted |= _rows(key, known, facts)
    stored = _stored(None if pupil_ids is None else Q(household__in=households) | Q(pupil__in=pupil_ids))
    stale = [pk for row, pk in stored.items() if row not in wanted]
    missing = sorted(wanted - stored.keys(), key=lambda row: row[:3])
    if stale:
        Price.objects.filter(pk__in=stale).delete()
    _write(missing, facts)
    return len(stale) + len(missing)


def verify() -> list[Drift]:
    """The nightly check: what is stored against what the rule says. Empty when they agree."""
    facts: dict[str, dict[str, object]] = {}
    wanted = {row for key, known in price_facts.of_pupils(None) for row in _rows(key, known, facts)}
    stored = set(_stored(None))
    drifts = [Drift(*row[:5], is_stored=True) for row in stored - wanted]
    drifts += [Drift(*row[:5], is_stored=False) for row in wanted - stored]
    return sorted(drifts, key=lambda drift: (drift.pupil_id, drift.household_id, drift.valid_from))


def missing_reasons(*, pupil_ids: Collection[int], day: dt.date) -> dict[int, str]:
    """Pupil -> why it has no price that day, for many pupils at once; pupils that have a price are not there."""
    found: dict[int, str] = {}
    for (pupil, _), known in price_facts.of_pupils(pupil_ids):
        if pupil not in pupil_ids:
            continue
        try:
            rule.price(known, day)
        except rule.PricingError as error:
            found.setdefault(pupil, str(error))
    return found


def _rows(key: price_facts.Key, known: rule.PriceFacts, facts: dict[str, dict[str, object]]) -> set[Row]:
    """The rows of a child in a household; the contents of their explanations are put in `facts` by digest."""
    rows = set()
    for spell in rule.spells(known):
        if spell.price is None:
            continue
        content = explaining.facts_of(spell.price)
        digest = explanations.digest_of(content)
        facts[digest] = content
        rows.add((*key, spell.first, spell.last, spell.price.amount, digest))
    return rows


def _stored(limit: Q | None) -> dict[Row, int]:
    rows = Price.objects.all() if limit is None else Price.objects.filter(limit)
    return {
        (pupil, household, first, last, amount, digest): pk
        for pk, pupil, household, first, last, amount, digest in rows.values_list(
            "pk", "pupil_id", "household_id", "valid_from", "valid_to", "amount", "explanation__digest"
        )
    }


def _write(rows: list[Row], facts: dict[str, dict[str, object]]) -> None:
    if not rows:
        return
    ids = explanations.of_many(facts[row[5]] for row in rows)
    Price.objects.bulk_create(
        [
            Price(
                pupil_id=pupil,
                household_id=household,
                valid_from=first,
                valid_to=last,
                amount=amount,
                explanation_id=ids[digest],
            )
            for pupil, household, first, last, amount, digest in rows
        ],
        batch_size=BATCH,
    )
