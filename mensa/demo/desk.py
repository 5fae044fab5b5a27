"""What lies on the desks on the demo's first morning: receipts to look at, a campaign to start, credit to give back."""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from enrolments.models import SchoolYear
from mensa import books
from mensa.demo import facts, menus, paper, parents, people, voices
from mensa.demo.plan import Step
from payments import campaigns, io_news, receipts, uploads
from payments.configuration import creditor
from payments.models import Campaign, IoStart, Notice, Receipt, UploadedReceipt
from payments.receipts import IncomingReceipt
from payments.rules import identifiers
from payments.uploads import Declaration
from wallets import digests, leavers, refunds
from wallets.models import BooksCheck, DailyDigest, Refund

YESTERDAY = facts.START.date() - dt.timedelta(days=1)
#: The bank's own example: valid, and nobody's.
EXAMPLE_IBAN = "IT60X0542811101000000123456"
STRAY, TWICE = f"{facts.SIMULATION}-ALTRO-000001", f"{facts.SIMULATION}-DOPPIO-000001"


def steps() -> list[Step]:
    return [
        Step("Ricevute da abbinare…", _receipts_are_odd, odd_receipts),
        Step("Ricevute consegnate dai genitori…", UploadedReceipt.objects.exists, upload_receipts),
        Step("Diete…", menus.are_asked, menus.ask),
        Step("", voices.are_heard, voices.hear),
        Step("Rimborsi…", _refunds_are_prepared, prepare_refunds),
        Step("", _campaign_is_drafted, draft_campaign),
        Step("", IoStart.objects.exists, begin_in_the_app_io),
        Step("Le impronte dei giorni…", DailyDigest.objects.filter(day=YESTERDAY).exists, seal_days),
        Step("La quadratura…", BooksCheck.objects.exists, check_books),
    ]


def is_complete() -> bool:
    """The last things a builder does are there: the town stands."""
    return DailyDigest.objects.filter(day=YESTERDAY).exists() and BooksCheck.objects.exists()


def _receipts_are_odd() -> bool:
    return Receipt.objects.filter(receipt_id__in=[STRAY, TWICE]).count() == 2


def odd_receipts() -> None:
    """One of a number that is not ours, and a notice that somebody paid twice: the money stays, a person looks."""
    body = creditor()
    unknown = identifiers.compose(
        segregation=body.segregation, system=body.iuv_system, sequence=99_999_999_999
    )
    _record(STRAY, unknown, Decimal("62.40"))
    paid = Notice.objects.filter(campaign__name=facts.CAMPAIGN, state=Notice.State.PAID)
    again = paid.order_by("wallet__household__applicant__fiscal_code", "pupil__fiscal_code").first()
    if again is not None:
        _record(TWICE, again.nav, again.amount)


def _record(receipt_id: str, nav: str, amount: Decimal) -> None:
    paid_at = facts.at(YESTERDAY, 18, 12)
    incoming = IncomingReceipt(
        fiscal_code=creditor().fiscal_code,
        receipt_id=receipt_id,
        nav=nav,
        amount=amount,
        paid_at=paid_at,
        psp=f"Banca di prova ({facts.SIMULATION})",
    )
    receipts.record(incoming=incoming, channel=Receipt.Channel.SOAP, now=paid_at)


@transaction.atomic
def upload_receipts() -> None:
    """Three families paid their notice elsewhere and sent the receipt; one of them wrote the wrong amount."""
    rows = Notice.objects.payable().for_children().select_related("wallet__household__applicant", "pupil")
    chosen = rows.order_by("wallet__household__applicant__fiscal_code", "pupil__fiscal_code")[:3]
    for number, notice in enumerate(chosen, start=1):
        paid_on = YESTERDAY - dt.timedelta(days=number)
        delivered = facts.at(YESTERDAY, 15 + number, 20)
        content = paper.receipt(
            f"Ente creditore: {creditor().name}",
            f"Codice avviso: {notice.nav}",
            f"IUR: {facts.SIMULATION}{number:08d}",
            f"Importo: {notice.amount:.2f} EUR".replace(".", ","),
            f"Data: {paid_on:%d/%m/%Y}",
        )
        uploads.receive(
            household=notice.wallet.household,
            content=content,
            declared=Declaration(
                amount=notice.amount + (10 if number == 3 else 0),
                paid_on=paid_on,
                nav=notice.nav if number == 1 else "",
                pupil=notice.pupil,
            ),
            by=parents.sign_in(notice.wallet.household.applicant, now=delivered),
            now=delivered,
        )


def _refunds_are_prepared() -> bool:
    return Refund.objects.exists() or not leavers.candidates(day=YESTERDAY)


def prepare_refunds() -> None:
    """Of the families that have left with credit: one transfer approved, one still waiting for the account."""
    now, office = facts.at(YESTERDAY, 11, 30), people.office()
    found = leavers.candidates(day=YESTERDAY)
    transfers = [one for one in found if one.method == Refund.Method.BANK]
    for number, candidate in enumerate(transfers[:2]):
        iban = EXAMPLE_IBAN if number == 0 else ""
        refund = refunds.prepare(wallet=candidate.wallet, iban=iban, by=office, now=now)
        if iban:
            refunds.approve(refund=refund, by=office, now=now)


def _campaign_is_drafted() -> bool:
    return Campaign.objects.filter(name=facts.NEXT_CAMPAIGN).exists()


def draft_campaign() -> None:
    """Ready to be started by whoever tries the demo: this one prints the PDFs and mails them."""
    campaigns.create(
        year=SchoolYear.objects.get(label=facts.YEAR),
        name=facts.NEXT_CAMPAIGN,
        meals=30,
        price_day=facts.START.date(),
        due_date=dt.date(2026, 12, 31),
        by=people.office(),
        now=facts.at(YESTERDAY, 12),
    )


def begin_in_the_app_io() -> None:
    """The last days' payments are in the simulated app when the viewer looks; what the builder decided for the office is not."""
    io_news.begin(now=facts.START - io_news.LOOK_BACK)


def seal_days() -> None:
    digests.make(day=YESTERDAY, now=facts.START)


def check_books() -> None:
    """As every night: nothing may be found."""
    books.check(now=facts.at(facts.START.date(), 3))
