"""A calendar as a phone asks for it: by its address alone, without signing in."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from attendance import feed_events, feeds
from identity.access import public
from mensa import clock


def _etag(request: HttpRequest, token: str) -> str:
    return f'"{hashlib.sha256(_body(request, token)).hexdigest()[:32]}"'


def _body(request: HttpRequest, token: str) -> bytes:
    """Made once per request: the tag and the answer are of the same text."""
    if not hasattr(request, "feed_body"):
        feed = feeds.at_address(token)
        if feed is None:
            raise Http404
        request.feed_body = feed_events.render(feed=feed, today=clock.today())  # type: ignore[attr-defined]
    return bytes(request.feed_body)  # type: ignore[attr-defined]


@public
@require_safe
@condition(etag_func=_etag)
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """An address that was never given, or has been revoked, is not found. Nobody else keeps a copy or lists it."""
    answer = HttpResponse(_body(request, token), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="mensa.ics"'
    answer["Cache-Control"] = "private, max-age=3600"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
