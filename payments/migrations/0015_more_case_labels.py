"""Cases may say that a payment was credited twice."""

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
]


class Migration(migrations.Migration):
    dependencies = [("payments", "0014_receipt_amount_from_zero")]

    operations = [
        migrations.RemoveConstraint(model_name="reconciliationcase", name="case_label_is_known"),
        migrations.AddConstraint(
            model_name="reconciliationcase",
            constraint=models.CheckConstraint(
                condition=models.Q(label__in=LABELS), name="case_label_is_known"
            ),
        ),
    ]
