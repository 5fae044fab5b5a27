"""The list of an electronic register keeps what its first row said, for the page that finds nothing to confirm."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("attendance", "0009_kitchen")]

    operations = [
        migrations.AddField(
            model_name="registerimport",
            name="titles",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=600, verbose_name="prima riga"
            ),
        ),
    ]
