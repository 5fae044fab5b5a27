"""One line in the log for each request: who asked (a number), which page, how it ended."""

import re

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

#: The address of a calendar is its key, and so is that of a caterer's page.
SECRETS = (
    (re.compile(r"^/calendario/[^/]+\.ics$"), "/calendario/….ics"),
    (re.compile(r"^/gestore/[^/]+/"), "/gestore/…/"),
)


class RequestLogMiddleware(RequestMiddleware):
    """Without what follows the question mark: a search of the office is the name of a person; without keys."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        path = request.path
        for secret, shown in SECRETS:
            path = secret.sub(shown, path)
        return f"{request.method} {path}"
