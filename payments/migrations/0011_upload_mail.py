"""A decision about an uploaded receipt owes the parent a mail. Those of before were told when they were taken."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("payments", "0010_more_events_in_app_io")]

    operations = [
        migrations.AddField(
            model_name="uploadedreceipt",
            name="claimed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="preso in carico il"),
        ),
        migrations.AddField(
            model_name="uploadedreceipt",
            name="tries",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, editable=False, verbose_name="tentativi"
            ),
        ),
        migrations.AddField(
            model_name="uploadedreceipt",
            name="told_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="risposta spedita il"
            ),
        ),
        migrations.AddIndex(
            model_name="uploadedreceipt",
            index=models.Index(
                fields=["decided_at"], name="uploads_to_tell", condition=Q(told_at__isnull=True)
            ),
        ),
        migrations.RunSQL("UPDATE payments_uploadedreceipt SET told_at = decided_at", migrations.RunSQL.noop),
    ]
