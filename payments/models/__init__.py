"""pagoPA: notices, checkout, receipts, uploaded receipts. Money reaches the wallet only through wallets.ledger."""

from payments.models.checkout import CheckoutAttempt
from payments.models.notices import Campaign, CampaignItem, Notice, PaymentRules
from payments.models.receipts import Receipt, UploadedReceipt

__all__ = [
    "Campaign",
    "CampaignItem",
    "CheckoutAttempt",
    "Notice",
    "PaymentRules",
    "Receipt",
    "UploadedReceipt",
]
