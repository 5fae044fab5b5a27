"""A receipt set aside says which one has its money: one for one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0017_withdrawn_revocations")]

    operations = [
        migrations.AddField(
            model_name="receipt",
            name="same_as",
            field=models.OneToOneField(
                blank=True,
                help_text="Di una messa da parte: la ricevuta che ha già questi soldi.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stands_for",
                to="payments.receipt",
                verbose_name="già accreditata con",
            ),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.CheckConstraint(
                condition=models.Q(("same_as__isnull", True), ("state", "duplicate"), _connector="OR"),
                name="only_a_duplicate_has_another",
            ),
        ),
    ]
