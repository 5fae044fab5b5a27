"""What the banks say about the money of the receipts, and what does not match.

Reports and their lines are evidence: never changed, never deleted (migration 0003). What does not match is a case
(``payments.models.cases``).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.timezone import localtime


class SettlementReportQuerySet(models.QuerySet["SettlementReport"]):
    def newest(self) -> SettlementReportQuerySet:
        """Of each flow the last revision: the ones before are history. What the service of pagoPA says counts more than any
        file, whatever revision was typed for it."""
        of_flow = SettlementReport.objects.filter(fdr=OuterRef("fdr")).order_by()
        published = of_flow.filter(channel="rest")
        later = of_flow.filter(
            psp=OuterRef("psp"), channel=OuterRef("channel"), revision__gt=OuterRef("revision")
        )
        return self.filter(Q(channel="rest") | ~Exists(published)).exclude(Exists(later))


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
            models.UniqueConstraint(
                fields=["fdr", "psp", "revision", "channel"], name="one_report_per_revision"
            ),
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
