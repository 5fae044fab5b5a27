"""By which address the browser came back from the payment page: from then on that page is no longer offered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0019_treasury_annulments")]

    operations = [
        migrations.AddField(
            model_name="checkoutattempt",
            name="came_back",
            field=models.CharField(
                blank=True,
                choices=[("ok", "dopo aver pagato"), ("cancel", "annullando"), ("error", "con un errore")],
                max_length=6,
                verbose_name="tornato da pagoPA",
            ),
        ),
    ]
