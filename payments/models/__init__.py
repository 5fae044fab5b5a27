"""pagoPA: notices, checkout, receipts, uploaded receipts. Money reaches the wallet only through wallets.ledger."""

from payments.models.cases import ReconciliationCase
from payments.models.checkout import CheckoutAttempt
from payments.models.messages import IoMessage, IoStart
from payments.models.notices import Campaign, CampaignItem, Notice, PaymentRules
from payments.models.receipts import Receipt, UploadedReceipt
from payments.models.recovery import RecoveryCall
from payments.models.settlement import SettlementLine, SettlementPoll, SettlementReport
from payments.models.treasury import CreditAnnulment, CreditMatch, TreasuryCredit, TreasuryJournal

__all__ = [
    "Campaign",
    "CampaignItem",
    "CheckoutAttempt",
    "CreditAnnulment",
    "CreditMatch",
    "IoMessage",
    "IoStart",
    "Notice",
    "PaymentRules",
    "Receipt",
    "ReconciliationCase",
    "RecoveryCall",
    "SettlementLine",
    "SettlementPoll",
    "SettlementReport",
    "TreasuryCredit",
    "TreasuryJournal",
    "UploadedReceipt",
]
