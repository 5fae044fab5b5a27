"""Who cooks, and how to reach them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0002_guards"),
        ("enrolments", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Caterer",
            fields=[
                (
                    "id",
                    models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="nome")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=30, verbose_name="telefono")),
                ("active", models.BooleanField(default=True, verbose_name="attivo")),
                (
                    "schools",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Nessuno: li serve tutti.",
                        related_name="caterers",
                        to="enrolments.school",
                        verbose_name="plessi serviti",
                    ),
                ),
            ],
            options={
                "verbose_name": "gestore della mensa",
                "verbose_name_plural": "gestori della mensa",
            },
        ),
    ]
