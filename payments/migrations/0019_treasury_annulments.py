"""What the office wrote wrong is annulled, written once too; a report of the service is kept beside a file of its revision."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER payments_creditannulment_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON payments_creditannulment
    FOR EACH STATEMENT EXECUTE FUNCTION payments_evidence_guard();
"""
BACKWARD = "DROP TRIGGER payments_creditannulment_guard ON payments_creditannulment;"


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0018_set_aside"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditAnnulment",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="perché")),
                ("annulled_at", models.DateTimeField(verbose_name="annullato il")),
            ],
            options={
                "verbose_name": "accredito annullato",
                "verbose_name_plural": "accrediti annullati",
            },
        ),
        migrations.RemoveConstraint(
            model_name="settlementreport",
            name="one_report_per_revision",
        ),
        migrations.RemoveConstraint(
            model_name="treasurycredit",
            name="one_credit_per_number",
        ),
        migrations.AddField(
            model_name="treasurycredit",
            name="edition",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="stesura"),
        ),
        migrations.AddConstraint(
            model_name="settlementreport",
            constraint=models.UniqueConstraint(
                fields=("fdr", "psp", "revision", "channel"), name="one_report_per_revision"
            ),
        ),
        migrations.AddConstraint(
            model_name="treasurycredit",
            constraint=models.UniqueConstraint(
                fields=("year", "number", "operation", "edition"), name="one_credit_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="treasurycredit",
            constraint=models.CheckConstraint(
                condition=models.Q(("edition__gte", 1)), name="credit_edition_from_one"
            ),
        ),
        migrations.AddField(
            model_name="creditannulment",
            name="annulled_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="annullato da",
            ),
        ),
        migrations.AddField(
            model_name="creditannulment",
            name="credit",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="annulment",
                to="payments.treasurycredit",
                verbose_name="accredito",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditannulment",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="annulment_says_why"
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
