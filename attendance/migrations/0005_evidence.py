"""Receipts of absences, weekday patterns, disputes; and what must never happen to them."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import enrolments.dated

GUARDS = """
CREATE FUNCTION attendance_absence_receipts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Una ricevuta di assenza non si modifica e non si cancella: % su % rifiutato.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'absence_receipts_append_only', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON attendance_absencereceipt
    FOR EACH STATEMENT EXECUTE FUNCTION attendance_absence_receipts_stay();

-- An outcome given to a family stays: of a decided dispute only the note that the parents were told may still change.
CREATE FUNCTION attendance_disputes_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Una contestazione decisa resta com''è, e nessuna si cancella.'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER decided_disputes_stay BEFORE UPDATE OF day, pupil_id, wallet_id, revision, amount, words, evidence, opened_by_id,
    opened_at, answer_by, state, answer, decided_by_id, decided_at, adjustment_id ON attendance_dispute
    FOR EACH ROW WHEN (OLD.state <> 'open') EXECUTE FUNCTION attendance_disputes_stay('decided_disputes_stay');
CREATE TRIGGER disputes_are_kept BEFORE DELETE OR TRUNCATE ON attendance_dispute
    FOR EACH STATEMENT EXECUTE FUNCTION attendance_disputes_stay('disputes_are_kept');
"""
DROP_GUARDS = """
DROP TRIGGER append_only ON attendance_absencereceipt;
DROP TRIGGER decided_disputes_stay ON attendance_dispute;
DROP TRIGGER disputes_are_kept ON attendance_dispute;
DROP FUNCTION attendance_absence_receipts_stay(), attendance_disputes_stay();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0004_extra_meals"),
        ("enrolments", "0001_initial"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("wallets", "0003_bookscheck"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="attendancerules",
            name="dispute_answer_days",
            field=models.PositiveSmallIntegerField(
                default=30, verbose_name="risposta a una contestazione entro (giorni)"
            ),
        ),
        migrations.AddField(
            model_name="attendancerules",
            name="dispute_longest_days",
            field=models.PositiveSmallIntegerField(
                default=60, verbose_name="contestazione: giorni al massimo"
            ),
        ),
        migrations.CreateModel(
            name="AbsencePattern",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("valid_from", models.DateField(verbose_name="dal")),
                (
                    "valid_to",
                    models.DateField(
                        blank=True,
                        help_text="Compreso. Vuoto: fino a nuovo atto.",
                        null=True,
                        verbose_name="al",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "lunedì"),
                            (1, "martedì"),
                            (2, "mercoledì"),
                            (3, "giovedì"),
                            (4, "venerdì"),
                        ],
                        verbose_name="giorno della settimana",
                    ),
                ),
                ("said_at", models.DateTimeField(verbose_name="detto il")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="finito il")),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="finito da",
                    ),
                ),
                (
                    "pupil",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="absence_patterns",
                        to="enrolments.pupil",
                        verbose_name="alunno",
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="detto da",
                    ),
                ),
            ],
            options={
                "verbose_name": "assenza ricorrente",
                "verbose_name_plural": "assenze ricorrenti",
            },
        ),
        migrations.CreateModel(
            name="AbsencePatternEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.IntegerField()),
                ("valid_from", models.DateField(verbose_name="dal")),
                (
                    "valid_to",
                    models.DateField(
                        blank=True,
                        help_text="Compreso. Vuoto: fino a nuovo atto.",
                        null=True,
                        verbose_name="al",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "lunedì"),
                            (1, "martedì"),
                            (2, "mercoledì"),
                            (3, "giovedì"),
                            (4, "venerdì"),
                        ],
                        verbose_name="giorno della settimana",
                    ),
                ),
                ("said_at", models.DateTimeField(verbose_name="detto il")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="finito il")),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="finito da",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="attendance.absencepattern",
                    ),
                ),
                (
                    "pupil",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="enrolments.pupil",
                        verbose_name="alunno",
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="detto da",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AbsenceReceipt",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="anno")),
                ("number", models.PositiveIntegerField(verbose_name="numero")),
                ("code", models.CharField(max_length=12, unique=True, verbose_name="codice")),
                ("day", models.DateField(verbose_name="giorno")),
                (
                    "word",
                    models.CharField(
                        choices=[
                            ("absent", "assente"),
                            ("late", "assente, oltre l'orario"),
                            ("back", "assenza annullata"),
                        ],
                        max_length=6,
                        verbose_name="che cosa dice",
                    ),
                ),
                ("spoken_at", models.DateTimeField(verbose_name="ora del server")),
                ("digest", models.CharField(max_length=64, verbose_name="impronta")),
                (
                    "pattern",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="attendance.absencepattern",
                        verbose_name="assenza ricorrente",
                    ),
                ),
                (
                    "pupil",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="enrolments.pupil",
                        verbose_name="alunno",
                    ),
                ),
                (
                    "spoken_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="detto da",
                    ),
                ),
            ],
            options={
                "verbose_name": "ricevuta di assenza",
                "verbose_name_plural": "ricevute di assenza",
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("day", models.DateField(verbose_name="giorno del pasto")),
                ("revision", models.SmallIntegerField(verbose_name="revisione dell'addebito")),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=9, verbose_name="importo contestato"),
                ),
                ("words", models.CharField(max_length=500, verbose_name="che cosa dice la famiglia")),
                ("evidence", models.JSONField(verbose_name="prove raccolte")),
                ("opened_at", models.DateTimeField(verbose_name="aperta il")),
                ("answer_by", models.DateField(verbose_name="risposta entro il")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "in attesa dell'ufficio"),
                            ("accepted", "accolta"),
                            ("rejected", "respinta"),
                            ("withdrawn", "ritirata"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="stato",
                    ),
                ),
                (
                    "answer",
                    models.CharField(blank=True, max_length=500, verbose_name="risposta dell'ufficio"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decisa il")),
                (
                    "told_state",
                    models.CharField(blank=True, max_length=9, verbose_name="ultimo stato detto ai genitori"),
                ),
                (
                    "adjustment",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispute",
                        to="wallets.entry",
                        verbose_name="rettifica",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decisa da",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="aperta da",
                    ),
                ),
                (
                    "pupil",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="enrolments.pupil",
                        verbose_name="alunno",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="wallets.wallet",
                        verbose_name="borsellino",
                    ),
                ),
            ],
            options={
                "verbose_name": "contestazione",
                "verbose_name_plural": "contestazioni",
            },
        ),
        migrations.CreateModel(
            name="DisputeEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.IntegerField()),
                ("day", models.DateField(verbose_name="giorno del pasto")),
                ("revision", models.SmallIntegerField(verbose_name="revisione dell'addebito")),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=9, verbose_name="importo contestato"),
                ),
                ("words", models.CharField(max_length=500, verbose_name="che cosa dice la famiglia")),
                ("evidence", models.JSONField(verbose_name="prove raccolte")),
                ("opened_at", models.DateTimeField(verbose_name="aperta il")),
                ("answer_by", models.DateField(verbose_name="risposta entro il")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "in attesa dell'ufficio"),
                            ("accepted", "accolta"),
                            ("rejected", "respinta"),
                            ("withdrawn", "ritirata"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="stato",
                    ),
                ),
                (
                    "answer",
                    models.CharField(blank=True, max_length=500, verbose_name="risposta dell'ufficio"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decisa il")),
                (
                    "told_state",
                    models.CharField(blank=True, max_length=9, verbose_name="ultimo stato detto ai genitori"),
                ),
                (
                    "adjustment",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="wallets.entry",
                        verbose_name="rettifica",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decisa da",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="aperta da",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="attendance.dispute",
                    ),
                ),
                (
                    "pupil",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="enrolments.pupil",
                        verbose_name="alunno",
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="wallets.wallet",
                        verbose_name="borsellino",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="absencepattern",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                expressions=[("pupil", "="), ("weekday", "="), (enrolments.dated.DateRange(), "&&")],
                name="one_pattern_per_weekday",
                violation_error_message="Le date si sovrappongono a quelle di un'altra riga: chiudi prima l'altra.",
            ),
        ),
        migrations.AddConstraint(
            model_name="absencepattern",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_to__gte", models.F("valid_from")), ("valid_to__isnull", False)),
                name="pattern_has_a_last_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="absencepattern",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekday__range", (0, 4))), name="pattern_is_of_a_school_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="absencepattern",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_by__isnull", True)),
                    models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                    _connector="OR",
                ),
                name="pattern_is_ended_by_somebody",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="absencepattern",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "attendance_absencepatternevent" ("ended_at", "ended_by_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pupil_id", "said_at", "said_by_id", "valid_from", "valid_to", "weekday") VALUES (NEW."ended_at", NEW."ended_by_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."pupil_id", NEW."said_at", NEW."said_by_id", NEW."valid_from", NEW."valid_to", NEW."weekday"); RETURN NULL;',
                    hash="101f3e89e667b3de3c0c0dd7c64b04d7ffd50a51",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_893e7",
                    table="attendance_absencepattern",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="absencepattern",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "attendance_absencepatternevent" ("ended_at", "ended_by_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pupil_id", "said_at", "said_by_id", "valid_from", "valid_to", "weekday") VALUES (NEW."ended_at", NEW."ended_by_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pupil_id", NEW."said_at", NEW."said_by_id", NEW."valid_from", NEW."valid_to", NEW."weekday"); RETURN NULL;',
                    hash="70db9a040a564f525f7c2dd64c46af109dc8a157",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5f97e",
                    table="attendance_absencepattern",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="absencereceipt",
            index=models.Index(fields=["day", "pupil"], name="absencereceipt_of_day"),
        ),
        migrations.AddConstraint(
            model_name="absencereceipt",
            constraint=models.UniqueConstraint(
                fields=("year", "number"), name="one_absence_receipt_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="absencereceipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="absence_receipts_count_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("day", "pupil"),
                name="one_open_dispute_per_pupil_and_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "withdrawn"), _negated=True),
                fields=("day", "pupil", "revision"),
                name="one_dispute_per_charge",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by__isnull", True), ("state", "open")),
                    models.Q(
                        models.Q(("state", "open"), _negated=True),
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="a_decided_dispute_says_who_and_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "rejected"), _negated=True),
                    models.Q(("answer", ""), _negated=True),
                    _connector="OR",
                ),
                name="a_rejected_dispute_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="a_dispute_is_of_a_debit"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("adjustment__isnull", True), ("state", "accepted"), _connector="OR"),
                name="only_an_accepted_dispute_is_adjusted",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "attendance_disputeevent" ("adjustment_id", "amount", "answer", "answer_by", "day", "decided_at", "decided_by_id", "evidence", "id", "opened_at", "opened_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pupil_id", "revision", "state", "told_state", "wallet_id", "words") VALUES (NEW."adjustment_id", NEW."amount", NEW."answer", NEW."answer_by", NEW."day", NEW."decided_at", NEW."decided_by_id", NEW."evidence", NEW."id", NEW."opened_at", NEW."opened_by_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."pupil_id", NEW."revision", NEW."state", NEW."told_state", NEW."wallet_id", NEW."words"); RETURN NULL;',
                    hash="f5ecd14d4be4c5a0d8f203e72e2a34df31504eda",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_1346d",
                    table="attendance_dispute",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "attendance_disputeevent" ("adjustment_id", "amount", "answer", "answer_by", "day", "decided_at", "decided_by_id", "evidence", "id", "opened_at", "opened_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pupil_id", "revision", "state", "told_state", "wallet_id", "words") VALUES (NEW."adjustment_id", NEW."amount", NEW."answer", NEW."answer_by", NEW."day", NEW."decided_at", NEW."decided_by_id", NEW."evidence", NEW."id", NEW."opened_at", NEW."opened_by_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pupil_id", NEW."revision", NEW."state", NEW."told_state", NEW."wallet_id", NEW."words"); RETURN NULL;',
                    hash="8b7e9112cb84fba57e81feb2659eb8d19265abe2",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5e3ab",
                    table="attendance_dispute",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(GUARDS, DROP_GUARDS),
    ]
