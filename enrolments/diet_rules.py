"""The rules about diets in force on a day; where the office has adopted none, the defaults."""

import datetime as dt

from enrolments.models import DietRules, SchoolYear
from enrolments.rules import diets as rule


def on(day: dt.date) -> DietRules:
    return DietRules.objects.on(day).first() or DietRules()


def expires_on(certificate_until: dt.date) -> dt.date:
    """The first day on hold for a certificate that ends then."""
    keep_until = None
    if on(certificate_until).when_expired == DietRules.Expired.KEEP:
        year = SchoolYear.objects.on(certificate_until).first()
        keep_until = year.valid_to if year else None
    return rule.expires_on(certificate_until, keep_until=keep_until)
