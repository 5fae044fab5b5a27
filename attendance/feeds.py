"""Calendars to subscribe to: made when somebody asks, revoked when somebody wishes. The address is the only key.

Its secret is stored twice: encrypted, to be shown again, and as a digest, by which the address is found. Without the key of the
encryption the address answers still, and is shown no more: that is why the secret is read only to be shown.
"""

import datetime as dt
import hashlib
import secrets

from django.db import transaction
from django.db.models import QuerySet

from attendance.models import CalendarFeed
from enrolments.models import ClassGroup, School
from identity.encryption import UnreadableText
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
    feed = CalendarFeed(**subject, token=token, digest=digest_of(token), created_at=now)
    CalendarFeed.objects.bulk_create([feed], ignore_conflicts=True)
    return _rows().get(**subject, revoked_at__isnull=True)


def digest_of(token: str) -> str:
    """Of 256 random bits: who steals it learns nothing, and no key has to be kept for it."""
    return hashlib.sha256(token.encode()).hexdigest()


def at_address(token: str) -> CalendarFeed | None:
    """The feed in force that answers at this address; a parent's only while the parent may sign in."""
    rows = _rows().select_related("school", "class_group__school", "owner")
    feed = rows.filter(digest=digest_of(token), revoked_at__isnull=True).first()
    if feed is None or (feed.owner and not feed.owner.is_active):
        return None
    feed.token = token
    return feed


def token_of(feed: CalendarFeed) -> str:
    """The secret of the address; empty when it was encrypted with a key that the portal has no more."""
    try:
        return feed.token
    except UnreadableText:
        return ""


def standing(
    *, school: School | None = None, class_group: ClassGroup | None = None, owner: User | None = None
) -> CalendarFeed | None:
    rows = _rows().filter(school=school, class_group=class_group, owner=owner)
    return rows.filter(revoked_at__isnull=True).first()


def revoke_feed(*, feed: CalendarFeed, now: dt.datetime) -> None:
    """From now on its address answers nothing, for ever."""
    CalendarFeed.objects.filter(pk=feed.pk, revoked_at__isnull=True).update(revoked_at=now)


@transaction.atomic
def renew_feed(*, feed: CalendarFeed, now: dt.datetime) -> CalendarFeed:
    """Another address for the same calendar: the one before answers no more."""
    revoke_feed(feed=feed, now=now)
    return open_feed(school=feed.school, class_group=feed.class_group, owner=feed.owner, now=now)


def _rows() -> QuerySet[CalendarFeed]:
    return CalendarFeed.objects.defer("token")
