"""How many requests of a kind one address may make in a minute. (allauth's own limits, which guard the staff's login, do not count GETs.)"""

import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

WINDOW = 60


def within(request: HttpRequest, *, action: str, limit: int) -> bool:
    """Count this request; False when the address has used up its minute."""
    address = get_adapter(request).get_client_ip(request)
    key = f"rate:{action}:{address}:{int(time.time() // WINDOW)}"
    cache.add(key, 0, WINDOW * 2)
    return bool(cache.incr(key) <= limit)
