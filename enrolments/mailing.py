"""A message to the parents of a family, to each in an envelope of its own."""

from collections.abc import Iterable

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

log = structlog.get_logger(__name__)


def post(*, subject: str, body: str, addresses: Iterable[str]) -> int:
    """Returns how many messages left. One refused address keeps nobody else from reading; ``OSError`` only when there was
    somebody to write to and nothing left, so that who tries again never tells anybody twice."""
    left, failure = 0, None
    for address in addresses:
        try:
            left += EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [address]).send()
        except OSError as problem:  # SMTPException is one
            log.warning("family_mail_refused", problem=type(problem).__name__)
            failure = problem
    if failure and not left:
        raise failure
    return left
