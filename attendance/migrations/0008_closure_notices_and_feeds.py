"""Who is told of a closure; calendars to subscribe to and to upload."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0007_light_meals"),
        ("enrolments", "0002_diets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClosureNotice",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[("declared", "dichiarata"), ("revoked", "revocata")],
                        max_length=8,
                        verbose_name="che cosa è successo",
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="decisa il")),
                ("meals", models.PositiveIntegerField(default=0, verbose_name="pasti")),
                ("families", models.PositiveIntegerField(default=0, verbose_name="famiglie")),
                (
                    "euro",
                    models.DecimalField(decimal_places=2, default=0, max_digits=12, verbose_name="importo"),
                ),
                (
                    "enough_notice",
                    models.BooleanField(default=True, verbose_name="preavviso al gestore rispettato"),
                ),
                (
                    "addressed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="destinatari scritti il"),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decisa da",
                    ),
                ),
            ],
            options={
                "verbose_name": "avviso di chiusura",
                "verbose_name_plural": "avvisi di chiusura",
            },
        ),
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("token", models.CharField(max_length=43, unique=True, verbose_name="codice dell'indirizzo")),
                ("created_at", models.DateTimeField(verbose_name="creato il")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revocato il")),
                (
                    "class_group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feeds",
                        to="enrolments.classgroup",
                        verbose_name="classe",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calendar_feeds",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="genitore",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feeds",
                        to="enrolments.school",
                        verbose_name="plesso",
                    ),
                ),
            ],
            options={
                "verbose_name": "calendario da sottoscrivere",
                "verbose_name_plural": "calendari da sottoscrivere",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("class_group__isnull", True),
                                ("owner__isnull", True),
                                ("school__isnull", False),
                            ),
                            models.Q(
                                ("class_group__isnull", False),
                                ("owner__isnull", True),
                                ("school__isnull", True),
                            ),
                            models.Q(
                                ("class_group__isnull", True),
                                ("owner__isnull", False),
                                ("school__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="feed_has_one_subject",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=("school",),
                        name="one_feed_per_school",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=("class_group",),
                        name="one_feed_per_class",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=("owner",),
                        name="one_feed_per_parent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarImport",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=120, verbose_name="nome del file")),
                ("digest", models.CharField(max_length=64, verbose_name="impronta")),
                ("content", models.TextField(verbose_name="contenuto")),
                ("uploaded_at", models.DateTimeField(verbose_name="caricato il")),
                ("applied_at", models.DateTimeField(blank=True, null=True, verbose_name="applicato il")),
                ("written", models.PositiveIntegerField(default=0, verbose_name="righe scritte")),
                (
                    "applied_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="applicato da",
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="caricato da",
                    ),
                ),
                (
                    "year",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calendar_imports",
                        to="enrolments.schoolyear",
                        verbose_name="anno scolastico",
                    ),
                ),
            ],
            options={
                "verbose_name": "calendario caricato",
                "verbose_name_plural": "calendari caricati",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("year", "digest"), name="one_calendar_import_per_file_and_year"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClosureMail",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "da spedire"),
                            ("sent", "spedita"),
                            ("failed", "non riuscita"),
                            ("no_address", "senza e-mail"),
                            ("dropped", "non più necessaria"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="stato",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="tentativi")),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="preso in carico il"),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="spedita il")),
                (
                    "caterer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="attendance.caterer",
                        verbose_name="gestore",
                    ),
                ),
                (
                    "guardian",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="enrolments.guardian",
                        verbose_name="genitore",
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="attendance.closurenotice",
                        verbose_name="avviso",
                    ),
                ),
            ],
            options={
                "verbose_name": "e-mail di chiusura",
                "verbose_name_plural": "e-mail di chiusura",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["id"], name="closuremail_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("notice", "guardian"), name="one_closure_mail_per_guardian"
                    ),
                    models.UniqueConstraint(
                        fields=("notice", "caterer"), name="one_closure_mail_per_caterer"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("caterer__isnull", True), ("guardian__isnull", False)),
                            models.Q(("caterer__isnull", False), ("guardian__isnull", True)),
                            _connector="OR",
                        ),
                        name="closure_mail_has_one_recipient",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), _negated=True),
                            ("sent_at__isnull", False),
                            _connector="OR",
                        ),
                        name="a_sent_closure_mail_says_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClosureAnnouncement",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[("declared", "dichiarata"), ("revoked", "revocata")],
                        max_length=8,
                        verbose_name="che cosa è successo",
                    ),
                ),
                (
                    "closure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="announcements",
                        to="attendance.closure",
                        verbose_name="chiusura",
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="announcements",
                        to="attendance.closurenotice",
                        verbose_name="avviso",
                    ),
                ),
            ],
            options={
                "verbose_name": "chiusura annunciata",
                "verbose_name_plural": "chiusure annunciate",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("closure", "event"), name="a_closure_is_announced_once_per_event"
                    )
                ],
            },
        ),
    ]
