"""The numbers on the office's page, each with the page (a URL name) where one acts on it. An alarm wants somebody to look."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Q, Sum

from attendance import acknowledging, conflicts, disputes, extras, sealing
from attendance.models import PricingFailure, ServiceDay
from enrolments.models import ApplicationBatch, DietConfirmation, DietRequest, Enrolment, School
from identity.spid import state
from identity.templatetags.pages import euro, short_day
from mensa import books
from mensa.clock import ROME
from payments.models import Campaign, Notice, Receipt, ReconciliationCase, UploadedReceipt
from wallets.models import Refund, Wallet


@dataclass(frozen=True)
class Number:
    title: str
    value: str
    note: str
    page: str
    image: str
    alarm: bool = False


def at(now: dt.datetime, *, outside: dt.datetime) -> list[Number]:
    """Counts and sums only: no name appears here. ``outside``: the world's time, by which certificates end."""
    today = now.date()
    return [
        *_spid(outside),
        *_kitchen(now),
        *_desk(today),
        *_days(today),
        *_books(now),
        *_receipts(),
        *_reconciliation(),
        *_notices(today),
        *_node(now),
        *_wallets(),
        *_refunds(today),
        *_disputes(today),
        *_diets(),
        *_pupils(today),
    ]


def _spid(now: dt.datetime) -> Iterable[Number]:
    """A certificate that ends, a list of providers that has grown old: before the families find out."""
    alarms = state.look(now=now).alarms if settings.SPID_ENABLED else []
    if alarms:
        yield Number(
            "Accesso con SPID", str(len(alarms)), alarms[0], "identity:spid_state", "key", alarm=True
        )


def _desk(today: dt.date) -> Iterable[Number]:
    """Where the family and the school disagree, and who eats without being enrolled."""
    if waiting := len(conflicts.waiting(today=today)):
        note = "Famiglia e scuola dicono cose diverse."
        yield Number("Presenze da verificare", str(waiting), note, "attendance:desk", "search", alarm=True)
    if cases := len(extras.to_regularise()):
        yield Number(
            "Mangiano senza iscrizione",
            str(cases),
            "Segnalati dalle scuole.",
            "attendance:unenrolled",
            "child",
        )


def _kitchen(now: dt.datetime) -> Iterable[Number]:
    """A sheet that was not sealed, or that nobody who cooks has seen: somebody must call them."""
    if missing := sealing.missing(now=now, schools=School.objects.all()):
        names = ", ".join(str(school) for school in missing[:3]) + (" e altri" if len(missing) > 3 else "")
        note = f"Manca il foglio: {names}. Avvisa chi assiste il portale."
        yield Number(
            "Plessi senza foglio della cucina",
            str(len(missing)),
            note,
            "attendance:kitchen",
            "meal",
            alarm=True,
        )
    if waiting := acknowledging.overdue(now=now):
        note = f"Chiama chi cucina: il primo è delle {waiting[0].sealed_at.astimezone(ROME):%H:%M}."
        yield Number(
            "Fogli della cucina non visti",
            str(len(waiting)),
            note,
            "attendance:kitchen",
            "meal",
            alarm=True,
        )


def _days(today: dt.date) -> Iterable[Number]:
    """Every day before today must be closed; a day with a child that has no price stays open."""
    late = ServiceDay.objects.filter(day__lt=today).exclude(state=ServiceDay.State.CLOSED)
    failures = PricingFailure.objects.filter(solved_at__isnull=True).count()
    if waiting := late.count():
        yield Number(
            "Giorni da chiudere",
            str(waiting),
            "Gli addebiti non sono completi.",
            "attendance:nights",
            "moon",
            alarm=True,
        )
    if failures:
        yield Number(
            "Pasti senza prezzo",
            str(failures),
            "Manca una tariffa o una quota.",
            "attendance:nights",
            "warning",
            alarm=True,
        )
    last = ServiceDay.objects.filter(state=ServiceDay.State.CLOSED).order_by("-day").first()
    if last:
        note = f"{euro(last.posted_total)} addebitati, {short_day(last.day)}"
        meals = f"{last.posted_count} past{'o' if last.posted_count == 1 else 'i'}"
        yield Number("Ultima notte", meals, note, "attendance:nights", "moon")


def _books(now: dt.datetime) -> Iterable[Number]:
    """The nightly check: an alarm when something does not tally; said plainly when nobody has checked for a day."""
    outcome = books.last()
    if outcome is None or now - outcome.checked_at > books.FRESH:
        yield Number(
            "Conti", "da controllare", "Il controllo della notte non c'è stato.", "mensa:books", "warning"
        )
    elif outcome.findings:
        note = "Apri l'elenco dei casi."
        yield Number("Conti", "non tornano", note, "mensa:books", "warning", alarm=True)
    else:
        yield Number("Conti", "tornano", f"{outcome.checks} controlli", "mensa:books", "check")


def _receipts() -> Iterable[Number]:
    waiting = UploadedReceipt.objects.filter(
        state__in=[UploadedReceipt.State.RECEIVED, UploadedReceipt.State.IN_REVIEW]
    ).count()
    open_flags = ~Q(flag="") & Q(flag_closed_at__isnull=True)
    flagged = Receipt.objects.filter(Q(state=Receipt.State.TO_REVIEW) | open_flags).count()
    note = "Inviate dai genitori" if waiting else "Nessuna in attesa"
    yield Number("Ricevute da controllare", str(waiting), note, "payments:inbox", "inbox")
    if flagged:
        yield Number(
            "Pagamenti da guardare",
            str(flagged),
            "Ricevute pagoPA senza avviso o segnalate.",
            "payments:review",
            "card",
            alarm=True,
        )


def _reconciliation() -> Iterable[Number]:
    """Money that banks and treasurer tell of otherwise than the receipts."""
    found = ReconciliationCase.objects.open().count()
    if found:
        yield Number(
            "Quadratura con la tesoreria",
            str(found),
            "Pagamenti, flussi o accrediti che non tornano.",
            "payments:reconciliation",
            "chart-line",
            alarm=True,
        )


def _notices(today: dt.date) -> Iterable[Number]:
    found = Notice.objects.for_children().aggregate(
        unsent=Count("pk", filter=~Q(send_error="") & Q(sent_at__isnull=True)),
        unpaid=Count("pk", filter=Q(state__in=[Notice.State.ISSUED, Notice.State.SENT])),
        late=Count("pk", filter=Q(state__in=[Notice.State.ISSUED, Notice.State.SENT], due_date__lt=today)),
    )
    if found["unsent"]:
        yield Number(
            "Avvisi non spediti",
            str(found["unsent"]),
            "Indirizzo mancante o errato.",
            "payments:campaigns",
            "mail",
            alarm=True,
        )
    running = Campaign.objects.filter(state=Campaign.State.RUNNING).count()
    note = "Una campagna è in corso" if running else f"{found['late']} oltre la scadenza"
    yield Number("Avvisi da pagare", str(found["unpaid"]), note, "payments:campaigns", "mail")


def _node(now: dt.datetime) -> Iterable[Number]:
    """What pagoPA says no to, and what it has not been told for an hour because it does not answer."""
    page = "admin:payments_notice_changelist"
    if refused := Notice.objects.payable().exclude(node_error="").count():
        note = "Il motivo è nell'elenco degli avvisi."
        yield Number("Avvisi che pagoPA non accetta", str(refused), note, page, "card", alarm=True)
    owed = Notice.objects.to_publish().filter(node_error="", issued_at__lt=now - dt.timedelta(hours=1))
    if owed.filter(node_tried_at__isnull=False).exists():
        note = "pagoPA non risponde: il portale riprova ogni due minuti."
        yield Number("Avvisi da comunicare a pagoPA", str(owed.count()), note, page, "card", alarm=True)


def _wallets() -> Iterable[Number]:
    found = Wallet.objects.aggregate(
        credit=Sum("balance", filter=Q(balance__gt=0)),
        debt=Sum("balance", filter=Q(balance__lt=0)),
        below=Count("pk", filter=Q(balance__lt=0)),
        families=Count("pk"),
    )
    credit, debt = found["credit"] or Decimal(0), found["debt"] or Decimal(0)
    yield Number(
        "Credito delle famiglie", euro(credit), f"{found['families']} borsellini", "wallets:charges", "wallet"
    )
    yield Number("Borsellini sotto zero", str(found["below"]), euro(debt), "wallets:charges", "wallet")


def _refunds(today: dt.date) -> Iterable[Number]:
    pending = [Refund.State.PREPARED, Refund.State.APPROVED, Refund.State.EXPORTED]
    found = Refund.objects.filter(state__in=pending).aggregate(
        all=Count("pk"), total=Sum("amount"), late=Count("pk", filter=Q(due_by__lt=today))
    )
    if found["late"]:
        note = "Il termine per pagarli è passato."
        yield Number(
            "Rimborsi in ritardo", str(found["late"]), note, "wallets:refunds", "exchange-circle", alarm=True
        )
    if found["all"]:
        yield Number(
            "Rimborsi in corso", str(found["all"]), euro(found["total"]), "wallets:refunds", "exchange-circle"
        )


def _disputes(today: dt.date) -> Iterable[Number]:
    """What families wait an answer for; an alarm when a deadline has passed."""
    found = disputes.waiting().aggregate(all=Count("pk"), late=Count("pk", filter=Q(answer_by__lt=today)))
    if found["all"]:
        note = f"{found['late']} oltre il termine" if found["late"] else "Entro il termine"
        yield Number(
            "Contestazioni",
            str(found["all"]),
            note,
            "attendance:disputes",
            "warning-circle",
            alarm=bool(found["late"]),
        )


def _diets() -> Iterable[Number]:
    """A severe diet keeps a child from eating until somebody confirms it; a request waits for an answer."""
    if held := DietConfirmation.objects.waiting().count():
        note = "Il pasto è sospeso finché dietista e cucina non confermano."
        yield Number("Allergie gravi", str(held), note, "enrolments:diet_inbox", "warning", alarm=True)
    if waiting := DietRequest.objects.waiting().count():
        yield Number(
            "Diete da valutare", str(waiting), "Richieste delle famiglie.", "enrolments:diet_inbox", "meal"
        )


def _pupils(today: dt.date) -> Iterable[Number]:
    checked = ApplicationBatch.objects.filter(state=ApplicationBatch.State.CHECKED).count()
    note = f"{checked} file controllati e non applicati" if checked else "Domande caricate"
    yield Number("Bambini iscritti", str(Enrolment.objects.on(today).count()), note, "mensa:intake", "child")
