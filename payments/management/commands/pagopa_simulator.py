"""`manage.py pagopa_simulator`: the pagoPA node of the demo on its own, for trying the portal without the rest of the demo."""

from argparse import ArgumentParser
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mensa import clock
from payments.simulator.wsgi import make


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
        """Addresses carry the numbers of carts: no access log."""


class Command(BaseCommand):
    help = "Avvia da solo il nodo pagoPA di prova (SIMULAZIONE)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--porta", type=int, default=8001, help="porta del nodo di prova (8001)")
        parser.add_argument("--portale", default=settings.BASE_URL, help="indirizzo del portale da chiamare")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PAGOPA_MODE != "simulator":
            raise CommandError("Il nodo di prova parte solo con PAGOPA_MODE=simulator.")
        node = make(
            portal=options["portale"].rstrip("/"),
            folder=Path(settings.VAR_DIR) / "simulators",
            clock=clock.now,
        )

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            """Under /node, as in the demo."""
            path = environ["PATH_INFO"].removeprefix("/node")
            return node({**environ, "SCRIPT_NAME": "/node", "PATH_INFO": path}, start_response)

        with _listening(options["porta"], application) as server:
            self.stdout.write(
                f"SIMULAZIONE pagoPA: http://127.0.0.1:{options['porta']}/node/ (Ctrl-C per fermare)"
            )
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                self.stdout.write("Fermato.")


def _listening(port: int, application: Any) -> WSGIServer:
    try:
        return make_server("127.0.0.1", port, application, Server, Quiet)
    except OSError as busy:
        raise CommandError(f"La porta {port} è occupata: scegline un'altra con --porta.") from busy
