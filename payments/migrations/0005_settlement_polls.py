"""Rounds of questions for the settlement reports."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_node_and_recovery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SettlementPoll",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("asked_at", models.DateTimeField(db_index=True, verbose_name="chiesto il")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="flussi pubblicati")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="flussi letti")),
                ("taken", models.PositiveIntegerField(default=0, verbose_name="flussi nuovi")),
                ("failed", models.PositiveIntegerField(default=0, verbose_name="flussi non presi")),
                ("problem", models.CharField(blank=True, max_length=300, verbose_name="problema")),
                ("is_running", models.BooleanField(default=True, verbose_name="in corso")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finito il")),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="chiesto da",
                    ),
                ),
            ],
            options={
                "verbose_name": "richiesta dei flussi",
                "verbose_name_plural": "richieste dei flussi",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("done__lte", models.F("total"))),
                        name="poll_never_does_more_than_there_is",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_running", True)),
                        fields=("is_running",),
                        name="one_poll_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("is_running", True)),
                            models.Q(("finished_at__isnull", False), ("is_running", False)),
                            _connector="OR",
                        ),
                        name="running_poll_has_no_end",
                    ),
                ],
            },
        ),
    ]
