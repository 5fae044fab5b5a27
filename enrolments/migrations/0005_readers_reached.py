"""A mail that is owed to several readers remembers whom it has reached: the next try goes to the others."""

from django.db import migrations, models


def reached() -> models.Field:
    return models.TextField(
        blank=True, db_default="", default="", editable=False, verbose_name="già arrivata a"
    )


class Migration(migrations.Migration):
    dependencies = [("enrolments", "0004_owed_mails")]

    operations = [
        migrations.AddField(model_name="dietreminder", name="reached", field=reached()),
        migrations.AddField(model_name="dietrequest", name="reached", field=reached()),
    ]
