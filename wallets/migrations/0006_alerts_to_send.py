"""The messages still to send are found by themselves, however many were sent and are still open."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("wallets", "0005_owed_mails")]

    operations = [
        migrations.AddIndex(
            model_name="lowcreditalert",
            index=models.Index(
                fields=["wallet"],
                name="alerts_to_send",
                condition=Q(sent_at__isnull=True, reset_at__isnull=True),
            ),
        ),
    ]
