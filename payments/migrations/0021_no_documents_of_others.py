"""Receipts of other services keep no document: it names a person who is not a family of ours."""

from django.db import migrations

FORWARD = "UPDATE payments_receipt SET raw = '' WHERE state = 'ignored' AND amount > 0 AND raw <> ''"


class Migration(migrations.Migration):
    dependencies = [("payments", "0020_came_back")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
