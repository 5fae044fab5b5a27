"""The addresses of the calendars are encrypted and found by a keyed digest: those already given keep working."""

from typing import Any

from django.db import migrations, models

from identity import encryption


def encrypt_addresses(apps: Any, schema_editor: Any) -> None:
    for feed in apps.get_model("attendance", "CalendarFeed").objects.iterator():
        feed.digest = encryption.fingerprints(feed.token)[0]
        feed.token = encryption.encrypt(feed.token)
        feed.save(update_fields=["digest", "token"])


def decrypt_addresses(apps: Any, schema_editor: Any) -> None:
    for feed in apps.get_model("attendance", "CalendarFeed").objects.iterator():
        feed.token = encryption.decrypt(feed.token)
        feed.save(update_fields=["token"])


TOKEN = "codice dell'indirizzo"
DIGEST = "impronta dell'indirizzo"


class Migration(migrations.Migration):
    dependencies = [("attendance", "0010_list_titles")]

    operations = [
        migrations.AlterField(
            model_name="calendarfeed", name="token", field=models.TextField(verbose_name=TOKEN)
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="digest",
            field=models.CharField(max_length=64, null=True, verbose_name=DIGEST),
        ),
        migrations.RunPython(encrypt_addresses, decrypt_addresses),
        migrations.AlterField(
            model_name="calendarfeed",
            name="token",
            field=encryption.EncryptedTextField(verbose_name=TOKEN),
        ),
        migrations.AlterField(
            model_name="calendarfeed",
            name="digest",
            field=models.CharField(max_length=64, unique=True, verbose_name=DIGEST),
        ),
    ]
