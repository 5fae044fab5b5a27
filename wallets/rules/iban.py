"""A bank account that a SEPA transfer reaches."""

import re

from stdnum import iban
from stdnum.exceptions import ValidationError

#: Countries and territories of the SEPA area, by the first two letters of the IBAN (EPC 409-09, version of 2025).
SEPA = frozenset(
    [
        "AD",
        "AL",
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GI",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MC",
        "MD",
        "ME",
        "MK",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "RS",
        "SE",
        "SI",
        "SK",
        "SM",
        "VA",
    ]
)
HIDDEN = "\N{BULLET}" * 4


class BadIban(Exception):
    """`str()` is what the person who typed it must mend."""


def clean(text: str) -> str:
    """The IBAN without spaces, in capitals; BadIban when a digit is wrong or the country is outside SEPA."""
    compact = re.sub(r"[\s.\-]", "", text).upper().removeprefix("IBAN")
    if not re.fullmatch(r"[A-Z]{2}[0-9A-Z]{13,32}", compact):
        raise BadIban(
            "Un IBAN comincia con due lettere (IT per l'Italia) e in Italia ha 27 caratteri: ricopialo tutto."
        )
    if compact[:2] not in SEPA:
        raise BadIban("Il conto è fuori dall'area SEPA: indica un conto di un paese che ne fa parte.")
    try:
        return str(iban.validate(compact))
    except ValidationError:
        raise BadIban("L'IBAN non è corretto: controlla le cifre, una è sbagliata o manca.") from None


def masked(text: str) -> str:
    """IT60 •••• 3456: enough to recognise one's own."""
    return f"{text[:4]} {HIDDEN} {text[-4:]}" if text else ""
