"""Money only. A wallet knows no meal and no IUV: every movement has an amount, one cause and an explanation."""

from wallets.models.books import BooksCheck, DailyDigest, DigestCopy
from wallets.models.credit import LowCreditAlert, WalletRules, low_credit_defaults
from wallets.models.movements import Charge, Entry, Posting
from wallets.models.refunds import Refund, RefundExport
from wallets.models.wallet import Wallet

__all__ = [
    "BooksCheck",
    "Charge",
    "DailyDigest",
    "DigestCopy",
    "Entry",
    "LowCreditAlert",
    "Posting",
    "Refund",
    "RefundExport",
    "Wallet",
    "WalletRules",
    "low_credit_defaults",
]
