"""A revocation that the bank withdraws is a case, and the re-credit is written on the one that was reversed."""

import django.db.models.deletion
from django.db import migrations, models

LABELS = [
    "RT_IUF_TES",
    "RT_TES",
    "RT_IUF",
    "RT_NO_IUF",
    "RT_IUF_DIV_IMP",
    "RT_TWICE",
    "IUV_NO_RT",
    "IUF_SUM",
    "IUF_NO_TES",
    "IUF_TES_DIV_IMP",
    "TES_NO_IUF_OR_IUV",
    "DUPLICATE",
    "REVOKED",
    "REVOKED_BACK",
]


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0016_folded_receipt_ids"),
        ("wallets", "0008_readers_reached"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="reconciliationcase", name="case_label_is_known"),
        migrations.AddConstraint(
            model_name="reconciliationcase",
            constraint=models.CheckConstraint(
                condition=models.Q(label__in=LABELS), name="case_label_is_known"
            ),
        ),
        migrations.AddField(
            model_name="reconciliationcase",
            name="recredit",
            field=models.OneToOneField(
                blank=True,
                help_text="Quando la banca ha ritirato la revoca.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="recredited_case",
                to="wallets.entry",
                verbose_name="riaccredito",
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliationcase",
            constraint=models.CheckConstraint(
                condition=models.Q(recredit__isnull=True) | models.Q(reversal__isnull=False),
                name="only_reversed_cases_are_recredited",
            ),
        ),
    ]
