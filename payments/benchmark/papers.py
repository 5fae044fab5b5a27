"""Notices that are nobody's, to be printed: rows in memory, no database."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from enrolments.models import Guardian, Household
from payments.configuration import Creditor, creditor
from payments.models import Notice
from payments.rules import identifiers, wording
from wallets.models import Wallet

NAMES = (
    "Anna Rossi",
    "Giovanni Battista Di Lorenzo",
    "Niccolò D'Àngelo",
    "Maria Immacolata Concetta Schettini",
)
DUE = dt.date(2026, 12, 24)


def town() -> Creditor:
    """With the postal slip: the longest notice there is."""
    return replace(
        creditor(),
        postal_account="000000123456",
        postal_authorisation="AUT. DB/SIMULAZIONE",
        fiscal_code=creditor().fiscal_code or "99999000013",
    )


def notice(number: int) -> Notice:
    """No two alike: another family, another amount, another number."""
    first, _, last = NAMES[number % len(NAMES)].partition(" ")
    applicant = Guardian(
        first_name=first,
        last_name=last,
        fiscal_code="RSSNNA85A41A893X",
        address=f"Via Roma {number + 1}",
        city="70020 Bitritto (BA)",
    )
    return Notice(
        nav=identifiers.compose(segregation="01", system="00", sequence=number + 1),
        wallet=Wallet(household=Household(applicant=applicant)),
        amount=Decimal(3000 + number) / 100,
        subject=wording.notice_subject(pupil_code=f"PROVA{number:03d}", meals=30, year="2026/27"),
        due_date=DUE,
    )
