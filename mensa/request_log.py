"""One line in the log for each request: who asked (a number), which page, how it ended."""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from mensa.log_keys import without_keys


class RequestLogMiddleware(RequestMiddleware):
    """Without what follows the question mark: a search of the office is the name of a person; without keys."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {without_keys(request.path)}"
