"""A mail that is owed to several readers remembers whom it has reached: the next try goes to the others."""

from django.db import migrations, models


def reached() -> models.Field:
    return models.TextField(
        blank=True, db_default="", default="", editable=False, verbose_name="già arrivata a"
    )


class Migration(migrations.Migration):
    dependencies = [("wallets", "0007_refund_mail")]

    operations = [
        migrations.AddField(model_name="digestcopy", name="reached", field=reached()),
        migrations.AddField(model_name="lowcreditalert", name="reached", field=reached()),
        migrations.AddField(model_name="refund", name="reached", field=reached()),
    ]
