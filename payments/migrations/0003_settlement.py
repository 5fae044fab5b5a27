"""Settlement reports, the treasurer's credits and the cases of the office; evidence is written once (triggers, whoever asks)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

EVIDENCE = (
    "payments_settlementreport",
    "payments_settlementline",
    "payments_treasurycredit",
    "payments_treasuryjournal",
)
FUNCTIONS = """
CREATE FUNCTION payments_evidence_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Quello che banche e tesoriere hanno scritto non si modifica e non si cancella: % su % rifiutato.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'settlement_is_written_once', TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION payments_case_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Un caso si chiude, non si cancella.'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'case_is_never_deleted', TABLE = TG_TABLE_NAME;
    END IF;
    IF OLD.reversal_id IS NOT NULL AND NEW.reversal_id IS DISTINCT FROM OLD.reversal_id THEN
        RAISE EXCEPTION 'Un pagamento revocato si storna una volta sola.'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'revoked_payment_is_reversed_once', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION payments_match_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
        OR (OLD.credit_id, OLD.fdr, OLD.decided_at, OLD.decided_by_id)
            IS DISTINCT FROM (NEW.credit_id, NEW.fdr, NEW.decided_at, NEW.decided_by_id) THEN
        RAISE EXCEPTION 'Un abbinamento si ritira, non si riscrive.'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'match_is_only_withdrawn', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
"""
TRIGGERS = (
    "".join(
        f"CREATE TRIGGER {table}_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION payments_evidence_guard();\n"
        for table in EVIDENCE
    )
    + """
CREATE TRIGGER payments_case_guard BEFORE UPDATE OR DELETE ON payments_reconciliationcase
    FOR EACH ROW EXECUTE FUNCTION payments_case_guard();
CREATE TRIGGER payments_match_guard BEFORE UPDATE OR DELETE ON payments_creditmatch
    FOR EACH ROW EXECUTE FUNCTION payments_match_guard();
"""
)
BACKWARD = (
    "".join(f"DROP TRIGGER {table}_guard ON {table};\n" for table in EVIDENCE)
    + """
DROP TRIGGER payments_case_guard ON payments_reconciliationcase;
DROP TRIGGER payments_match_guard ON payments_creditmatch;
DROP FUNCTION payments_evidence_guard();
DROP FUNCTION payments_case_guard();
DROP FUNCTION payments_match_guard();
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_guards"),
        ("wallets", "0003_bookscheck"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SettlementReport",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("fdr", models.CharField(max_length=35, verbose_name="identificativo flusso")),
                ("psp", models.CharField(max_length=35, verbose_name="prestatore del servizio")),
                ("psp_name", models.CharField(blank=True, max_length=70, verbose_name="nome del prestatore")),
                ("revision", models.PositiveIntegerField(default=1, verbose_name="revisione")),
                ("flow_date", models.DateTimeField(db_index=True, verbose_name="data del flusso")),
                (
                    "regulation",
                    models.CharField(blank=True, max_length=35, verbose_name="riferimento del bonifico"),
                ),
                ("regulation_date", models.DateField(verbose_name="data del bonifico")),
                (
                    "total",
                    models.DecimalField(decimal_places=2, max_digits=12, verbose_name="importo totale"),
                ),
                ("payments", models.PositiveIntegerField(verbose_name="numero di pagamenti")),
                ("published_at", models.DateTimeField(blank=True, null=True, verbose_name="pubblicato il")),
                (
                    "channel",
                    models.CharField(
                        choices=[("rest", "servizio pagoPA"), ("file", "file caricato")],
                        max_length=4,
                        verbose_name="canale",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="impronta del contenuto")),
                ("raw", models.TextField(blank=True, verbose_name="documento ricevuto")),
                ("received_at", models.DateTimeField(verbose_name="ricevuto il")),
                (
                    "loaded_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="caricato da",
                    ),
                ),
            ],
            options={
                "verbose_name": "flusso di rendicontazione",
                "verbose_name_plural": "flussi di rendicontazione",
            },
        ),
        migrations.CreateModel(
            name="SettlementLine",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("position", models.PositiveIntegerField(verbose_name="riga")),
                ("iuv", models.CharField(db_index=True, max_length=35, verbose_name="IUV")),
                ("iur", models.CharField(db_index=True, max_length=35, verbose_name="IUR")),
                (
                    "transfer",
                    models.PositiveSmallIntegerField(default=1, verbose_name="indice del versamento"),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=11, verbose_name="importo")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("0", "eseguito"),
                            ("3", "revocato"),
                            ("4", "eseguito in stand-in"),
                            ("8", "eseguito in stand-in, senza richiesta"),
                            ("9", "eseguito senza richiesta"),
                        ],
                        max_length=1,
                        verbose_name="esito",
                    ),
                ),
                ("paid_on", models.DateField(verbose_name="data")),
                (
                    "is_ours",
                    models.BooleanField(
                        help_text="Il numero ha il nostro codice di segregazione.", verbose_name="della mensa"
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="payments.settlementreport",
                        verbose_name="flusso",
                    ),
                ),
            ],
            options={
                "verbose_name": "pagamento rendicontato",
                "verbose_name_plural": "pagamenti rendicontati",
            },
        ),
        migrations.CreateModel(
            name="TreasuryCredit",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="esercizio")),
                ("number", models.CharField(max_length=20, verbose_name="numero del sospeso")),
                (
                    "operation",
                    models.CharField(
                        choices=[("credit", "accredito"), ("cancelled", "storno")],
                        default="credit",
                        max_length=9,
                        verbose_name="operazione",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, verbose_name="importo")),
                ("booked_on", models.DateField(db_index=True, verbose_name="data del movimento")),
                ("value_day", models.DateField(blank=True, null=True, verbose_name="valuta")),
                ("reference", models.CharField(blank=True, max_length=1000, verbose_name="causale")),
                (
                    "iuf",
                    models.CharField(
                        blank=True, db_index=True, max_length=35, verbose_name="flusso nella causale"
                    ),
                ),
                ("iuv", models.CharField(blank=True, max_length=35, verbose_name="IUV nella causale")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("opi", "giornale di cassa OPI"),
                            ("csv", "elenco CSV"),
                            ("hand", "scritto a mano"),
                        ],
                        max_length=4,
                        verbose_name="provenienza",
                    ),
                ),
                ("recorded_at", models.DateTimeField(verbose_name="registrato il")),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="registrato da",
                    ),
                ),
            ],
            options={
                "verbose_name": "accredito del tesoriere",
                "verbose_name_plural": "accrediti del tesoriere",
            },
        ),
        migrations.CreateModel(
            name="ReconciliationCase",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("key", models.CharField(max_length=120, unique=True, verbose_name="che cosa")),
                (
                    "label",
                    models.CharField(
                        choices=[
                            ("RT_IUF_TES", "quadrato"),
                            ("RT_TES", "quadrato con bonifico singolo"),
                            ("RT_IUF", "rendicontato, accredito da caricare"),
                            ("RT_NO_IUF", "pagato, non ancora rendicontato"),
                            ("RT_IUF_DIV_IMP", "importo rendicontato diverso dalla ricevuta"),
                            ("IUV_NO_RT", "rendicontato senza ricevuta"),
                            ("IUF_SUM", "flusso che non torna con sé stesso"),
                            ("IUF_NO_TES", "rendicontato, non accreditato"),
                            ("IUF_TES_DIV_IMP", "accredito di importo diverso dal flusso"),
                            ("TES_NO_IUF_OR_IUV", "accredito senza flusso"),
                            ("DUPLICATE", "rendicontato due volte"),
                            ("REVOKED", "pagamento revocato"),
                        ],
                        max_length=20,
                        verbose_name="tipo",
                    ),
                ),
                ("day", models.DateField(db_index=True, verbose_name="giorno")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, verbose_name="importo")),
                ("reason", models.CharField(max_length=400, verbose_name="perché")),
                (
                    "recovery_tried_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="ricevuta richiesta il"),
                ),
                ("opened_at", models.DateTimeField(verbose_name="aperto il")),
                ("solved_at", models.DateTimeField(blank=True, null=True, verbose_name="risolto il")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="chiuso il")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="motivo della chiusura")),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="chiuso da",
                    ),
                ),
                (
                    "receipt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="payments.receipt",
                        verbose_name="ricevuta",
                    ),
                ),
                (
                    "reversal",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="case",
                        to="wallets.entry",
                        verbose_name="storno",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="payments.settlementline",
                        verbose_name="pagamento rendicontato",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="payments.settlementreport",
                        verbose_name="flusso",
                    ),
                ),
                (
                    "credit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="payments.treasurycredit",
                        verbose_name="accredito",
                    ),
                ),
            ],
            options={
                "verbose_name": "caso della quadratura",
                "verbose_name_plural": "casi della quadratura",
            },
        ),
        migrations.CreateModel(
            name="CreditMatch",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("fdr", models.CharField(max_length=35, verbose_name="identificativo flusso")),
                ("decided_at", models.DateTimeField(verbose_name="deciso il")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="ritirato il")),
                (
                    "decided_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="deciso da",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ritirato da",
                    ),
                ),
                (
                    "credit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="matches",
                        to="payments.treasurycredit",
                        verbose_name="accredito",
                    ),
                ),
            ],
            options={
                "verbose_name": "accredito abbinato a mano",
                "verbose_name_plural": "accrediti abbinati a mano",
            },
        ),
        migrations.CreateModel(
            name="TreasuryJournal",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("opi", "giornale di cassa OPI"), ("csv", "elenco CSV")],
                        max_length=3,
                        verbose_name="tipo",
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True, verbose_name="impronta del file")),
                ("taken", models.PositiveIntegerField(verbose_name="accrediti presi")),
                ("known", models.PositiveIntegerField(verbose_name="accrediti già presenti")),
                ("left_out", models.PositiveIntegerField(verbose_name="movimenti non pagoPA")),
                ("loaded_at", models.DateTimeField(verbose_name="caricato il")),
                (
                    "loaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="caricato da",
                    ),
                ),
            ],
            options={
                "verbose_name": "giornale di cassa",
                "verbose_name_plural": "giornali di cassa",
            },
        ),
        migrations.AddField(
            model_name="treasurycredit",
            name="journal",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credits",
                to="payments.treasuryjournal",
                verbose_name="giornale di cassa",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementreport",
            constraint=models.UniqueConstraint(
                fields=("fdr", "psp", "revision"), name="one_report_per_revision"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementreport",
            constraint=models.CheckConstraint(
                condition=models.Q(("revision__gte", 1)), name="report_revision_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "file"), ("loaded_by__isnull", False)),
                    ("channel", "rest"),
                    _connector="OR",
                ),
                name="uploaded_report_says_by_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.UniqueConstraint(fields=("report", "position"), name="one_line_per_position"),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["0", "3", "4", "8", "9"])), name="line_outcome_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.CheckConstraint(
                condition=models.Q(("transfer__gte", 1), ("transfer__lte", 5)),
                name="line_transfer_one_to_five",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__lt", 0), ("outcome", "3")),
                    models.Q(models.Q(("outcome", "3"), _negated=True), ("amount__gt", 0)),
                    _connector="OR",
                ),
                name="only_revoked_lines_are_negative",
            ),
        ),
        migrations.AddIndex(
            model_name="reconciliationcase",
            index=models.Index(
                models.F("day"),
                condition=models.Q(("closed_at__isnull", True), ("solved_at__isnull", True)),
                name="payments_open_cases",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliationcase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "label__in",
                        [
                            "RT_IUF_TES",
                            "RT_TES",
                            "RT_IUF",
                            "RT_NO_IUF",
                            "RT_IUF_DIV_IMP",
                            "IUV_NO_RT",
                            "IUF_SUM",
                            "IUF_NO_TES",
                            "IUF_TES_DIV_IMP",
                            "TES_NO_IUF_OR_IUV",
                            "DUPLICATE",
                            "REVOKED",
                        ],
                    )
                ),
                name="case_label_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliationcase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_by__isnull", True), ("note", "")),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("closed_by__isnull", False),
                        models.Q(("note", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="closed_case_says_who_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliationcase",
            constraint=models.CheckConstraint(
                condition=models.Q(("reversal__isnull", True), ("label", "REVOKED"), _connector="OR"),
                name="only_revoked_cases_have_a_reversal",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditmatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("credit",),
                name="one_match_per_credit",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditmatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at__isnull", True), ("withdrawn_by__isnull", True)),
                    models.Q(("withdrawn_at__isnull", False), ("withdrawn_by__isnull", False)),
                    _connector="OR",
                ),
                name="withdrawn_match_says_by_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="treasurycredit",
            constraint=models.UniqueConstraint(
                fields=("year", "number", "operation"), name="one_credit_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="treasurycredit",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="credit_above_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="treasurycredit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("journal__isnull", True), ("source", "hand")),
                    models.Q(models.Q(("source", "hand"), _negated=True), ("journal__isnull", False)),
                    _connector="OR",
                ),
                name="credit_journal_follows_source",
            ),
        ),
        migrations.RunSQL(FUNCTIONS + TRIGGERS, BACKWARD),
    ]
