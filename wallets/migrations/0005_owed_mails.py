"""What wallets owe by mail says whose hands it is in and how many times it was tried; the auditors' copies of the digest are rows."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wallets', '0004_check_charges_by_range'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='lowcreditalert',
            name='claimed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il'),
        ),
        migrations.AddField(
            model_name='lowcreditalert',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi'),
        ),
        migrations.CreateModel(
            name='DigestCopy',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('claimed_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il')),
                ('tries', models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='spedita il')),
                ('auditor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='revisore')),
                ('digest', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='wallets.dailydigest', verbose_name='impronta')),
            ],
            options={
                'verbose_name': "copia dell'impronta",
                'verbose_name_plural': "copie dell'impronta",
                'constraints': [models.UniqueConstraint(fields=('digest', 'auditor'), name='one_copy_per_digest_and_auditor')],
            },
        ),
    ]
