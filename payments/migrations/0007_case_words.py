"""The words of a case are the rules' to choose: the column keeps the label only."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_app_io")]

    operations = [
        migrations.AlterField(
            model_name="reconciliationcase",
            name="label",
            field=models.CharField(max_length=20, verbose_name="tipo"),
        ),
    ]
