"""What the banks and the treasurer say about the money of the receipts, and what does not match.

Reports, their lines, credits and journals are evidence: never changed, never deleted (migration 0003). What does not match is a case
(``payments.models.cases``).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.utils.timezone import localtime


class SettlementReportQuerySet(models.QuerySet["SettlementReport"]):
    def newest(self) -> SettlementReportQuerySet:
        """Of each flow the last revision: the ones before are history."""
        latest = SettlementReport.objects.filter(fdr=OuterRef("fdr"), psp=OuterRef("psp")).order_by()
        last = latest.values("fdr").annotate(last=Max("revision")).values("last")
        return self.filter(revision=Subquery(last))


class SettlementReport(models.Model):
    """A settlement report (flusso di rendicontazione, FdR) of a PSP, as published. A new revision is a new row."""

    class Channel(models.TextChoices):
        REST = "rest", "servizio pagoPA"
        FILE = "file", "file caricato"

    fdr = models.CharField("identificativo flusso", max_length=35)
    psp = models.CharField("prestatore del servizio", max_length=35)
    psp_name = models.CharField("nome del prestatore", max_length=70, blank=True)
    revision = models.PositiveIntegerField("revisione", default=1)
    flow_date = models.DateTimeField("data del flusso", db_index=True)
    regulation = models.CharField("riferimento del bonifico", max_length=35, blank=True)
    regulation_date = models.DateField("data del bonifico")
    total = models.DecimalField("importo totale", max_digits=12, decimal_places=2)
    payments = models.PositiveIntegerField("numero di pagamenti")
    published_at = models.DateTimeField("pubblicato il", null=True, blank=True)
    channel = models.CharField("canale", max_length=4, choices=Channel.choices)
    digest = models.CharField("impronta del contenuto", max_length=64)
    raw = models.TextField("documento ricevuto", blank=True)
    received_at = models.DateTimeField("ricevuto il")
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="caricato da",
    )

    objects = SettlementReportQuerySet.as_manager()

    class Meta:
        verbose_name = "flusso di rendicontazione"
        verbose_name_plural = "flussi di rendicontazione"
        constraints = [
            models.UniqueConstraint(fields=["fdr", "psp", "revision"], name="one_report_per_revision"),
            models.CheckConstraint(name="report_revision_from_one", condition=Q(revision__gte=1)),
            models.CheckConstraint(
                name="uploaded_report_says_by_whom",
                condition=Q(channel="file", loaded_by__isnull=False) | Q(channel="rest"),
            ),
        ]

    def __str__(self) -> str:
        return f"flusso {self.fdr}"


class SettlementLine(models.Model):
    """One payment in a report. A revoked one counts below zero, whatever sign the bank wrote."""

    class Outcome(models.TextChoices):
        EXECUTED = "0", "eseguito"
        REVOKED = "3", "revocato"
        STAND_IN = "4", "eseguito in stand-in"
        STAND_IN_NO_RPT = "8", "eseguito in stand-in, senza richiesta"
        NO_RPT = "9", "eseguito senza richiesta"

    report = models.ForeignKey(
        SettlementReport, models.PROTECT, related_name="lines", verbose_name="flusso", db_index=False
    )
    position = models.PositiveIntegerField("riga")
    iuv = models.CharField("IUV", max_length=35, db_index=True)
    iur = models.CharField("IUR", max_length=35, db_index=True)
    transfer = models.PositiveSmallIntegerField("indice del versamento", default=1)
    amount = models.DecimalField("importo", max_digits=11, decimal_places=2)
    outcome = models.CharField("esito", max_length=1, choices=Outcome.choices)
    paid_on = models.DateField("data")
    is_ours = models.BooleanField("della mensa", help_text="Il numero ha il nostro codice di segregazione.")

    class Meta:
        verbose_name = "pagamento rendicontato"
        verbose_name_plural = "pagamenti rendicontati"
        constraints = [
            models.UniqueConstraint(fields=["report", "position"], name="one_line_per_position"),
            models.CheckConstraint(
                name="line_outcome_is_known", condition=Q(outcome__in=["0", "3", "4", "8", "9"])
            ),
            models.CheckConstraint(
                name="line_transfer_one_to_five", condition=Q(transfer__gte=1, transfer__lte=5)
            ),
            models.CheckConstraint(
                name="only_revoked_lines_are_negative",
                condition=Q(outcome="3", amount__lt=0) | ~Q(outcome="3") & Q(amount__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}/{self.position}"

    @property
    def nav(self) -> str:
        """The notice number of a line of ours (aux digit 3)."""
        return f"3{self.iuv}"


class TreasuryJournal(models.Model):
    """A file of the treasurer that was loaded: what was taken of it. The file itself names other citizens and is not kept."""

    class Kind(models.TextChoices):
        OPI = "opi", "giornale di cassa OPI"
        CSV = "csv", "elenco CSV"

    kind = models.CharField("tipo", max_length=3, choices=Kind.choices)
    digest = models.CharField("impronta del file", max_length=64, unique=True)
    taken = models.PositiveIntegerField("accrediti presi")
    known = models.PositiveIntegerField("accrediti già presenti")
    left_out = models.PositiveIntegerField("movimenti non pagoPA")
    loaded_at = models.DateTimeField("caricato il")
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="caricato da"
    )

    class Meta:
        verbose_name = "giornale di cassa"
        verbose_name_plural = "giornali di cassa"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} del {localtime(self.loaded_at):%d/%m/%Y}"


class TreasuryCredit(models.Model):
    """A movement of the treasurer's journal: money that arrived on the town's account (sospeso di entrata), or its cancellation."""

    class Operation(models.TextChoices):
        CREDIT = "credit", "accredito"
        CANCELLED = "cancelled", "storno"

    class Source(models.TextChoices):
        OPI = "opi", "giornale di cassa OPI"
        CSV = "csv", "elenco CSV"
        HAND = "hand", "scritto a mano"

    year = models.PositiveSmallIntegerField("esercizio")
    number = models.CharField("numero del sospeso", max_length=20)
    operation = models.CharField("operazione", max_length=9, choices=Operation.choices, default="credit")
    amount = models.DecimalField("importo", max_digits=12, decimal_places=2)
    booked_on = models.DateField("data del movimento", db_index=True)
    value_day = models.DateField("valuta", null=True, blank=True)
    reference = models.CharField("causale", max_length=1000, blank=True)
    iuf = models.CharField("flusso nella causale", max_length=35, blank=True, db_index=True)
    iuv = models.CharField("IUV nella causale", max_length=35, blank=True)
    source = models.CharField("provenienza", max_length=4, choices=Source.choices)
    journal = models.ForeignKey(
        TreasuryJournal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
        verbose_name="giornale di cassa",
    )
    recorded_at = models.DateTimeField("registrato il")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="registrato da"
    )

    class Meta:
        verbose_name = "accredito del tesoriere"
        verbose_name_plural = "accrediti del tesoriere"
        constraints = [
            models.UniqueConstraint(fields=["year", "number", "operation"], name="one_credit_per_number"),
            models.CheckConstraint(name="credit_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="credit_journal_follows_source",
                condition=Q(source="hand", journal__isnull=True)
                | ~Q(source="hand") & Q(journal__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"sospeso {self.number}/{self.year}"


class CreditMatch(models.Model):
    """A person says which report a credit pays, when the bank has spoilt its reference. Taken back, it stays written."""

    credit = models.ForeignKey(
        TreasuryCredit, models.PROTECT, related_name="matches", verbose_name="accredito"
    )
    fdr = models.CharField("identificativo flusso", max_length=35)
    decided_at = models.DateTimeField("deciso il")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="deciso da"
    )
    withdrawn_at = models.DateTimeField("ritirato il", null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="ritirato da",
    )

    class Meta:
        verbose_name = "accredito abbinato a mano"
        verbose_name_plural = "accrediti abbinati a mano"
        constraints = [
            models.UniqueConstraint(
                fields=["credit"], condition=Q(withdrawn_at__isnull=True), name="one_match_per_credit"
            ),
            models.CheckConstraint(
                name="withdrawn_match_says_by_whom",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id}: {self.fdr}"


class SettlementPoll(models.Model):
    """One round of questions to the service of the reports: every day, or when a person asks. Begun again if it died."""

    asked_at = models.DateTimeField("chiesto il", db_index=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="chiesto da",
    )
    total = models.PositiveIntegerField("flussi pubblicati", default=0)
    done = models.PositiveIntegerField("flussi letti", default=0)
    taken = models.PositiveIntegerField("flussi nuovi", default=0)
    failed = models.PositiveIntegerField("flussi non presi", default=0)
    problem = models.CharField("problema", max_length=300, blank=True)
    is_running = models.BooleanField("in corso", default=True)
    finished_at = models.DateTimeField("finito il", null=True, blank=True)

    class Meta:
        verbose_name = "richiesta dei flussi"
        verbose_name_plural = "richieste dei flussi"
        constraints = [
            models.CheckConstraint(
                name="poll_never_does_more_than_there_is", condition=Q(done__lte=F("total"))
            ),
            models.UniqueConstraint(
                fields=["is_running"], condition=Q(is_running=True), name="one_poll_at_a_time"
            ),
            models.CheckConstraint(
                name="running_poll_has_no_end",
                condition=Q(is_running=True, finished_at__isnull=True)
                | Q(is_running=False, finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"richiesta del {localtime(self.asked_at):%d/%m/%Y %H:%M}"
