"""A refund without an account owes the mail that asks for it. The families of before were asked when it was prepared."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallets", "0006_alerts_to_send")]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="asked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="conto chiesto il"),
        ),
        migrations.AddField(
            model_name="refund",
            name="claimed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="preso in carico il"),
        ),
        migrations.AddField(
            model_name="refund",
            name="tries",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, editable=False, verbose_name="tentativi"
            ),
        ),
        migrations.RunSQL(
            "UPDATE wallets_refund SET asked_at = prepared_at WHERE method = 'bank'", migrations.RunSQL.noop
        ),
    ]
