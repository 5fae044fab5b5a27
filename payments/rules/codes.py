"""The texts inside the QR code and the Data Matrix of a notice. Pure.

Source: pagoPA, "L'avviso di pagamento" (QR); the 256 characters of the Data Matrix as in docs/manuale/pagopa.md.
"""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from payments.rules.amounts import to_cents

DATA_MATRIX_LENGTH = 256
#: Letters that Unicode does not take apart into a letter and its mark.
_WITHOUT_ACCENT_MARK = str.maketrans(
    {"Đ": "D", "đ": "d", "Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "ı": "i", "ß": "ss"}
    | {"Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Þ": "TH", "þ": "th", "’": "'", "‘": "'"}
)


def qr_text(*, nav: str, fiscal_code: str, amount: Decimal) -> str:
    """PAGOPA|002|<NAV>|<fiscal code of the body>|<cents, not padded>."""
    return f"PAGOPA|002|{nav:0>18}|{fiscal_code:0>11}|{to_cents(amount)}"


@dataclass(frozen=True)
class Slip:
    """What the postal slip says."""

    nav: str
    postal_account: str
    amount: Decimal
    body_fiscal_code: str
    debtor_fiscal_code: str
    debtor_name: str
    subject: str


def data_matrix_text(slip: Slip) -> str:
    """256 characters, upper-case ASCII so that they always fit 48x48 modules."""
    text = "".join(
        (
            "codfase=NBPA;",
            f"18{slip.nav:0>18}",
            f"12{slip.postal_account:0>12}",
            f"10{to_cents(slip.amount):010d}",
            "3896",
            "1P1",
            _padded(slip.body_fiscal_code, 11),
            _padded(slip.debtor_fiscal_code, 16),
            _padded(slip.debtor_name, 40),
            _padded(slip.subject, 110),
            " " * 12,
            "A",
        )
    )
    if len(text) != DATA_MATRIX_LENGTH:
        raise ValueError(f"the Data Matrix holds {DATA_MATRIX_LENGTH} characters, not {len(text)}")
    return text


def plain_capitals(text: str) -> str:
    """Accents dropped, upper case: "Niccolò" -> "NICCOLO", "Đorđe" -> "DORDE"; what has no Latin letter is dropped."""
    flat = (
        unicodedata.normalize("NFKD", text.translate(_WITHOUT_ACCENT_MARK))
        .encode("ascii", "ignore")
        .decode("ascii")
    )
    return flat.upper()


def _padded(text: str, width: int) -> str:
    return f"{plain_capitals(text)[:width]:<{width}}"
