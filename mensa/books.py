"""The books of every app checked together: each invariant is a query that must find nothing."""

import datetime as dt
from dataclasses import asdict
from importlib import import_module

from enrolments import pricing
from wallets import books
from wallets.models import BooksCheck

APPS = ("wallets", "attendance", "payments")
#: Beyond the set queries: the chain of digests and the prices written ahead.
MORE = 2
#: A night without a round is noticed the morning after.
FRESH = dt.timedelta(hours=26)


def check(*, now: dt.datetime) -> BooksCheck:
    """Run every check and keep the outcome. Findings name ids, days and amounts, never people."""
    checks = all_checks()
    findings = books.run(checks) + books.changed_days() + drifted_prices()
    return BooksCheck.objects.create(
        checked_at=now, checks=len(checks) + MORE, findings=[asdict(finding) for finding in findings]
    )


def last() -> BooksCheck | None:
    return BooksCheck.objects.order_by("-pk").first()


def all_checks() -> list[books.Check]:
    return [check for app in APPS for check in import_module(f"{app}.books").CHECKS]


def drifted_prices() -> list[books.Finding]:
    """The prices written ahead against the rule that writes them."""
    found = [f"alunno {drift.pupil_id} dal {drift.valid_from:%d/%m/%Y}" for drift in pricing.verify()]
    if not found:
        return []
    sentence = "Ogni prezzo scritto è quello che dà la regola."
    return [books.Finding("prezzi", sentence, len(found), tuple(found[: books.SHOWN]))]
