"""Calendars to subscribe to: made when somebody asks, revoked when somebody wishes. The address is the only key."""

import datetime as dt
import secrets

from django.db import transaction

from attendance.models import CalendarFeed
from enrolments.models import ClassGroup, School
from identity.encryption import fingerprints
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
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(**subject, token=token, digest=fingerprints(token)[0], created_at=now)
    CalendarFeed.objects.bulk_create([feed], ignore_conflicts=True)
    return CalendarFeed.objects.get(**subject, revoked_at__isnull=True)


def at_address(token: str) -> CalendarFeed | None:
    """The feed in force that answers at this address; a parent's only while the parent may sign in."""
    rows = CalendarFeed.objects.select_related("school", "class_group__school", "owner")
    feed = rows.filter(digest__in=fingerprints(token), revoked_at__isnull=True).first()
    return None if feed and feed.owner and not feed.owner.is_active else feed


def standing(
    *, school: School | None = None, class_group: ClassGroup | None = None, owner: User | None = None
) -> CalendarFeed | None:
    rows = CalendarFeed.objects.filter(school=school, class_group=class_group, owner=owner)
    return rows.filter(revoked_at__isnull=True).first()


def revoke_feed(*, feed: CalendarFeed, now: dt.datetime) -> None:
    """From now on its address answers nothing, for ever."""
    CalendarFeed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(revoked_at=now)
