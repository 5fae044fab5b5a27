"""The log of views of sensitive data (domain.md, section 8)."""

from datetime import datetime

from identity.models import SensitiveKind, SensitiveView, User


def record_view(*, user: User, kind: SensitiveKind | str, subject: str, now: datetime) -> SensitiveView:
    """`subject` is the code of a pupil or of a household, never a name or a fiscal code."""
    return SensitiveView.objects.create(user=user, kind=SensitiveKind(kind), subject=subject, at=now)
