"""What the staff's login pages show in the demo, and in the demo only: who there is, and today's code of the one at the door."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django import template
from django.conf import settings
from django.template import Context

from identity import totp
from identity.models import Role, User

register = template.Library()


@register.simple_tag
def demo_staff() -> dict[str, Any] | None:
    if not settings.DEMO:
        return None
    users = User.objects.exclude(role=Role.PARENT).filter(is_active=True).order_by("role", "username")
    return {"password": settings.DEMO_STAFF_PASSWORD, "users": users}


@register.simple_tag(takes_context=True)
def demo_code(context: Context) -> str | None:
    """The code that the app of this person would show now, whether they are still at the door or already inside."""
    if not settings.DEMO:
        return None
    request = context["request"]
    stage = getattr(request, "_login_stage", None)
    user = stage.login.user if stage else request.user
    app = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    return totp.code_at(decrypt(app.data["secret"]), time.time()) if app else None
