"""What notices and bank transfers say. Pure. Never a name, a diet or an income: only the code of the child or of the family."""

from collections.abc import Iterable
from decimal import Decimal

from payments.rules.amounts import wire

LONGEST = 140  # description and remittanceInformation of the node
PRINTED = 90  # the subject line of the paper notice, on two lines at most


def notice_subject(*, pupil_code: str, meals: int, year: str) -> str:
    """ "Mensa scolastica 2026/27, 30 pasti, alunno AB12CD34"."""
    much = "1 pasto" if meals == 1 else f"{meals} pasti"
    return f"Mensa scolastica {year}, {much}, alunno {pupil_code}"


def top_up_subject(*, household_code: str) -> str:
    return f"Mensa scolastica, ricarica borsellino {household_code}"


def remittance(*, iuv: str, amount: Decimal, subject: str) -> str:
    """The reference of the transfer: /RFB/<IUV>/<euro>/TXT/<subject>, cut at 140 characters."""
    return f"/RFB/{iuv}/{wire(amount)}/TXT/{subject}"[:LONGEST]


def joined(ways: Iterable[str], *, longest: int) -> str:
    """ "giovedì 10-12, 080 123, mensa@comune.it": as many whole ways as there is room for, the first first; never half an address."""
    line = ""
    for way in filter(None, ways):
        longer = f"{line}, {way}" if line else way
        if len(longer) <= longest:
            line = longer
    return line
