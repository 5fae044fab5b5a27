"""Calendars to subscribe to: made when somebody asks, revoked when somebody wishes. The address is the only key."""

import datetime as dt
import secrets

from django.db import transaction

from attendance.models import CalendarFeed
from enrolments.models import ClassGroup, School
from identity.models import User


@transaction.atomic
def open_feed(
    *,
    now: dt.datetime,
    school: School | None = None,
    class_group: ClassGroup | None = None,
    owner: User | None = None,
) -> CalendarFeed:
    """The feed in force of a school, a class or a parent; made when there is none. Two taps at once make one."""
    subject = {"school": school, "class_group": class_group, "owner": owner}
    CalendarFeed.objects.bulk_create(
        [CalendarFeed(**subject, token=secrets.token_urlsafe(32), created_at=now)], ignore_conflicts=True
    )
    return CalendarFeed.objects.get(**subject, revoked_at__isnull=True)


def standing(
    *, school: School | None = None, class_group: ClassGroup | None = None, owner: User | None = None
) -> CalendarFeed | None:
    rows = CalendarFeed.objects.filter(school=school, class_group=class_group, owner=owner)
    return rows.filter(revoked_at__isnull=True).first()


def revoke_feed(*, feed: CalendarFeed, now: dt.datetime) -> None:
    """From now on its address answers nothing, for ever."""
    CalendarFeed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(revoked_at=now)
