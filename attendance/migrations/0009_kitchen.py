"""The kitchen's sealed sheets: numbered without gaps, chained by their fingerprints, never changed.

Number, previous fingerprint and fingerprint are written by the database when a row is added, one row at a time: whoever adds
it, with whatever numbers. Every refusal has a name (see wallets/migrations/0002_guards.py).
"""

import datetime
import django.contrib.postgres.constraints
import django.core.validators
import django.db.models.deletion
import enrolments.dated
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

SEAL_LOCK = 82700601
APPEND_ONLY = ("attendance_kitchensheet", "attendance_sheetacknowledgement")

GUARDS = f"""
CREATE FUNCTION attendance_sheets_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'I fogli della cucina non si modificano e non si cancellano: % su % rifiutato. Un cambiamento è una variazione.',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION attendance_seal_sheet() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    last record;
    next_sequence integer;
BEGIN
    -- One at a time until the end of the transaction; what others have committed meanwhile is seen by the next statements.
    PERFORM pg_advisory_xact_lock({SEAL_LOCK});
    SELECT coalesce(max(k.sequence) + 1, 0) INTO next_sequence FROM attendance_kitchensheet k
        WHERE k.day = NEW.day AND k.school_id = NEW.school_id;
    IF NEW.sequence > next_sequence THEN
        RAISE EXCEPTION 'Le variazioni seguono il foglio una per volta (ordine %, atteso %).', NEW.sequence, next_sequence
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kitchen_sequences_follow', TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.base_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM attendance_kitchensheet k WHERE k.id = NEW.base_id AND k.day = NEW.day
            AND k.school_id = NEW.school_id AND k.sequence = 0
    ) THEN
        RAISE EXCEPTION 'Una variazione è del foglio dello stesso giorno e dello stesso plesso.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kitchen_variation_of_the_same_day', TABLE = TG_TABLE_NAME;
    END IF;
    IF NOT EXISTS (
        SELECT FROM enrolments_schoolyear y WHERE y.id = NEW.year_id AND NEW.day BETWEEN y.valid_from AND y.valid_to
    ) THEN
        RAISE EXCEPTION 'Il foglio si numera nell''anno scolastico del suo giorno.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'kitchen_sheet_in_its_year', TABLE = TG_TABLE_NAME;
    END IF;
    SELECT k.number, k.digest INTO last FROM attendance_kitchensheet k
        WHERE k.year_id = NEW.year_id ORDER BY k.number DESC LIMIT 1;
    NEW.number := coalesce(last.number, 0) + 1;
    NEW.previous := coalesce(last.digest, '');
    NEW.digest := encode(sha256(convert_to(
        NEW.previous || chr(10) || NEW.number || chr(10) || NEW.content, 'UTF8')), 'hex');
    RETURN NEW;
END $$;

CREATE TRIGGER seal_sheet BEFORE INSERT ON attendance_kitchensheet
    FOR EACH ROW EXECUTE FUNCTION attendance_seal_sheet();
""" + "".join(
    f"""
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION attendance_sheets_are_kept('{table}_append_only');
"""
    for table in APPEND_ONLY
)
DROP_GUARDS = "".join(f"DROP TRIGGER append_only ON {table};\n" for table in APPEND_ONLY) + """
DROP TRIGGER seal_sheet ON attendance_kitchensheet;
DROP FUNCTION attendance_seal_sheet();
DROP FUNCTION attendance_sheets_are_kept();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0008_closure_notices_and_feeds'),
        ('enrolments', '0002_diets'),
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DeliveredPortions',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='giorno')),
                ('portions', models.PositiveIntegerField(validators=[django.core.validators.MaxValueValidator(5000)], verbose_name='porzioni consegnate')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='nota')),
                ('entered_at', models.DateTimeField(verbose_name='registrate il')),
                ('caterer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='attendance.caterer', verbose_name='gestore')),
                ('school', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='enrolments.school', verbose_name='plesso')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='utente')),
            ],
            options={
                'verbose_name': 'consegna',
                'verbose_name_plural': 'consegne',
            },
        ),
        migrations.CreateModel(
            name='DeliveredPortionsEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.IntegerField()),
                ('day', models.DateField(verbose_name='giorno')),
                ('portions', models.PositiveIntegerField(validators=[django.core.validators.MaxValueValidator(5000)], verbose_name='porzioni consegnate')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='nota')),
                ('entered_at', models.DateTimeField(verbose_name='registrate il')),
                ('caterer', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='attendance.caterer', verbose_name='gestore')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='attendance.deliveredportions')),
                ('school', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='enrolments.school', verbose_name='plesso')),
                ('user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='utente')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='KitchenRules',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(verbose_name='dal')),
                ('valid_to', models.DateField(blank=True, help_text='Compreso. Vuoto: fino a nuovo atto.', null=True, verbose_name='al')),
                ('act', models.CharField(max_length=160, verbose_name='atto')),
                ('acknowledge_within_minutes', models.PositiveSmallIntegerField(default=15, help_text="Dopo, allarme per l'ufficio e per la cucina.", verbose_name='presa visione entro (minuti)')),
                ('variations_until', models.TimeField(default=datetime.time(14, 0), help_text='Dopo, il pranzo è servito.', verbose_name='variazioni fino alle')),
            ],
            options={
                'verbose_name': 'regole del foglio della cucina',
                'verbose_name_plural': 'regole del foglio della cucina',
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(enrolments.dated.DateRange(), '&&')], name='kitchen_rules_never_overlap', violation_error_message="Le date si sovrappongono a quelle di un'altra riga: chiudi prima l'altra."), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='kitchen_rules_end_after_they_begin', violation_error_message='La data «al» viene prima della data «dal»: correggi una delle due.')],
            },
        ),
        migrations.CreateModel(
            name='KitchenSheet',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='numero')),
                ('day', models.DateField(verbose_name='giorno')),
                ('sequence', models.PositiveSmallIntegerField(help_text='0 è il foglio.', verbose_name='ordine nel giorno')),
                ('kind', models.CharField(choices=[('sheet', 'foglio'), ('variation', 'variazione')], max_length=9, verbose_name='tipo')),
                ('sealed_at', models.DateTimeField(verbose_name='sigillato il')),
                ('content', models.TextField(verbose_name='contenuto')),
                ('previous', models.CharField(blank=True, max_length=64, verbose_name='impronta del foglio prima')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='impronta')),
                ('base', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='variations', to='attendance.kitchensheet', verbose_name='foglio variato')),
                ('school', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='kitchen_sheets', to='enrolments.school', verbose_name='plesso')),
                ('year', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='enrolments.schoolyear', verbose_name='anno scolastico')),
            ],
            options={
                'verbose_name': 'foglio della cucina',
                'verbose_name_plural': 'fogli della cucina',
            },
        ),
        migrations.CreateModel(
            name='SheetAcknowledgement',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('acknowledged_at', models.DateTimeField(verbose_name='visto il')),
                ('name', models.CharField(blank=True, max_length=80, verbose_name='chi ha visto')),
                ('caterer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='attendance.caterer', verbose_name='gestore')),
                ('sheet', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='acknowledgement', to='attendance.kitchensheet', verbose_name='foglio')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='utente')),
            ],
            options={
                'verbose_name': 'presa visione',
                'verbose_name_plural': 'prese visione',
            },
        ),
        migrations.CreateModel(
            name='SheetMessage',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('sheet', 'foglio al gestore'), ('alarm', "allarme all'ufficio")], max_length=5, verbose_name='tipo')),
                ('claimed_at', models.DateTimeField(null=True, verbose_name='preso in carico il')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='spedito il')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tentativi')),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='perché non è partito')),
                ('caterer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='attendance.caterer', verbose_name='gestore')),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='attendance.kitchensheet', verbose_name='foglio')),
            ],
            options={
                'verbose_name': 'messaggio della cucina',
                'verbose_name_plural': 'messaggi della cucina',
            },
        ),
        migrations.AddConstraint(
            model_name='deliveredportions',
            constraint=models.UniqueConstraint(fields=('day', 'school'), name='one_delivery_per_school_and_day'),
        ),
        migrations.AddConstraint(
            model_name='deliveredportions',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('caterer__isnull', True), ('user__isnull', False)), models.Q(('caterer__isnull', False), ('user__isnull', True)), _connector='OR'), name='delivery_by_staff_or_caterer'),
        ),
        migrations.AddConstraint(
            model_name='deliveredportions',
            constraint=models.CheckConstraint(condition=models.Q(('portions__lte', 5000)), name='delivered_portions_are_plausible'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='deliveredportions',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "attendance_deliveredportionsevent" ("caterer_id", "day", "entered_at", "id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "portions", "school_id", "user_id") VALUES (NEW."caterer_id", NEW."day", NEW."entered_at", NEW."id", NEW."note", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."portions", NEW."school_id", NEW."user_id"); RETURN NULL;', hash='1b29b6347d363cdc084661623ebfb2331cb0ccb7', operation='INSERT', pgid='pgtrigger_insert_insert_a8ca8', table='attendance_deliveredportions', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='deliveredportions',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "attendance_deliveredportionsevent" ("caterer_id", "day", "entered_at", "id", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "portions", "school_id", "user_id") VALUES (NEW."caterer_id", NEW."day", NEW."entered_at", NEW."id", NEW."note", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."portions", NEW."school_id", NEW."user_id"); RETURN NULL;', hash='1689c72dd5f5e0b9156878949481e32ddc63d8b0', operation='UPDATE', pgid='pgtrigger_update_update_b6e87', table='attendance_deliveredportions', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='kitchensheet',
            constraint=models.UniqueConstraint(fields=('year', 'number'), name='one_kitchen_sheet_per_number'),
        ),
        migrations.AddConstraint(
            model_name='kitchensheet',
            constraint=models.UniqueConstraint(fields=('day', 'school', 'sequence'), name='one_kitchen_sheet_per_school_day_and_sequence'),
        ),
        migrations.AddConstraint(
            model_name='kitchensheet',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='kitchen_sheets_count_from_one'),
        ),
        migrations.AddConstraint(
            model_name='kitchensheet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('base__isnull', True), ('kind', 'sheet'), ('sequence', 0)), models.Q(('base__isnull', False), ('kind', 'variation'), ('sequence__gte', 1)), _connector='OR'), name='kitchen_variation_has_its_base'),
        ),
        migrations.AddConstraint(
            model_name='sheetacknowledgement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('caterer__isnull', True), ('user__isnull', False)), models.Q(('caterer__isnull', False), ('user__isnull', True)), _connector='OR'), name='acknowledged_by_kitchen_or_caterer'),
        ),
        migrations.AddConstraint(
            model_name='sheetmessage',
            constraint=models.UniqueConstraint(fields=('sheet', 'kind', 'caterer'), name='one_kitchen_message_per_sheet_and_caterer', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='sheetmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('caterer__isnull', False), ('kind', 'sheet')), models.Q(('caterer__isnull', True), ('kind', 'alarm')), _connector='OR'), name='sheet_goes_to_a_caterer_alarm_to_the_office'),
        ),
        migrations.RunSQL(GUARDS, DROP_GUARDS),
    ]
