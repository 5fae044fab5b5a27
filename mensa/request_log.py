"""One line in the log for each request: who asked (a number), which page, how it ended."""

import re

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

#: The address of a calendar is its key.
SECRET = re.compile(r"^/calendario/[^/]+\.ics$")


class RequestLogMiddleware(RequestMiddleware):
    """Without what follows the question mark: a search of the office is the name of a person; without the key of a calendar."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {SECRET.sub('/calendario/….ics', request.path)}"
