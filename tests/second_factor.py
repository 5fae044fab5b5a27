"""`client.force_login(enzo)` in a test stands for the whole login of the staff, code of the app included.

Tests about the login itself override the fixture of this name with nothing.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth.signals import user_logged_in

from identity.models import Role, User


def mark(request: Any, user: User) -> None:
    """What allauth writes in the session after the code of the app."""
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
    request.session["account_authentication_methods_user"] = str(user.pk)


@pytest.fixture(autouse=True)
def staff_show_their_second_factor() -> Iterator[None]:
    def receiver(request: Any, user: User, **kwargs: Any) -> None:
        if user.role != Role.PARENT:
            mark(request, user)

    user_logged_in.connect(receiver)
    yield
    user_logged_in.disconnect(receiver)
