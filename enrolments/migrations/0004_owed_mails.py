"""What diets owe by mail says whose hands it is in and how many times it was tried."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enrolments', '0003_applications_and_deletions'),
    ]

    operations = [
        migrations.AddField(
            model_name='dietreminder',
            name='claimed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il'),
        ),
        migrations.AddField(
            model_name='dietreminder',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi'),
        ),
        migrations.AddField(
            model_name='dietrequest',
            name='claimed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='preso in carico il'),
        ),
        migrations.AddField(
            model_name='dietrequest',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='tentativi'),
        ),
    ]
