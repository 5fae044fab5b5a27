"""Every row that owes a mail says whose hands it is in and how many times it was tried; two more kinds of letter."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('attendance', '0011_feed_keys'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='dispute',
            name='update_update',
        ),
        migrations.RenameField(
            model_name='closuremail',
            old_name='attempts',
            new_name='tries',
        ),
        migrations.AlterField(
            model_name='closuremail',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='claimed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il'),
        ),
        migrations.AddField(
            model_name='dispute',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi'),
        ),
        migrations.AlterField(
            model_name='closuremail',
            name='claimed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il'),
        ),
        migrations.AlterField(
            model_name='letter',
            name='claimed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il'),
        ),
        migrations.AlterField(
            model_name='letter',
            name='kind',
            field=models.CharField(choices=[('roll_call', 'appello mancante'), ('phase', 'cambio di chi segna le assenze'), ('seen_absent', "assente all'appello"), ('conflict', 'decisione su una presenza'), ('absence', 'assenza segnata o annullata da un genitore'), ('passage', 'entrata o uscita che cambia il pasto')], max_length=12, verbose_name='lettera'),
        ),
        migrations.AlterField(
            model_name='letter',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi'),
        ),
        migrations.AlterField(
            model_name='sheetmessage',
            name='claimed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il'),
        ),
        migrations.AlterField(
            model_name='sheetmessage',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dispute',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."adjustment_id" IS DISTINCT FROM (NEW."adjustment_id") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."answer" IS DISTINCT FROM (NEW."answer") OR OLD."answer_by" IS DISTINCT FROM (NEW."answer_by") OR OLD."day" IS DISTINCT FROM (NEW."day") OR OLD."decided_at" IS DISTINCT FROM (NEW."decided_at") OR OLD."decided_by_id" IS DISTINCT FROM (NEW."decided_by_id") OR OLD."evidence" IS DISTINCT FROM (NEW."evidence") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."opened_at" IS DISTINCT FROM (NEW."opened_at") OR OLD."opened_by_id" IS DISTINCT FROM (NEW."opened_by_id") OR OLD."pupil_id" IS DISTINCT FROM (NEW."pupil_id") OR OLD."revision" IS DISTINCT FROM (NEW."revision") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."told_state" IS DISTINCT FROM (NEW."told_state") OR OLD."wallet_id" IS DISTINCT FROM (NEW."wallet_id") OR OLD."words" IS DISTINCT FROM (NEW."words"))', func='INSERT INTO "attendance_disputeevent" ("adjustment_id", "amount", "answer", "answer_by", "day", "decided_at", "decided_by_id", "evidence", "id", "opened_at", "opened_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pupil_id", "revision", "state", "told_state", "wallet_id", "words") VALUES (NEW."adjustment_id", NEW."amount", NEW."answer", NEW."answer_by", NEW."day", NEW."decided_at", NEW."decided_by_id", NEW."evidence", NEW."id", NEW."opened_at", NEW."opened_by_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pupil_id", NEW."revision", NEW."state", NEW."told_state", NEW."wallet_id", NEW."words"); RETURN NULL;', hash='79c9216a82d01c8e942e8e23a499522b754d047e', operation='UPDATE', pgid='pgtrigger_update_update_5e3ab', table='attendance_dispute', when='AFTER')),
        ),
    ]
