"""What every mail that is owed keeps: whose hands it is in, how many times it was tried, whom it has reached already."""

from __future__ import annotations

from django.db import models


class Owed(models.Model):
    """A row that owes somebody a mail. ``enrolments.outbox`` claims it, sends it and writes down what became of it; which
    rows are owed, and what "sent" looks like, is each table's own."""

    claimed_at = models.DateTimeField("preso in carico il", null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField("tentativi", default=0, db_default=0, editable=False)
    reached = models.TextField("già arrivata a", blank=True, default="", db_default="", editable=False)

    class Meta:
        abstract = True
