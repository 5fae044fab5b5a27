"""The simulated provider as a WSGI application: /metadata, /sso. Without database; everything it knows is in one folder."""

import base64
import binascii
import secrets
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from identity.local_idp import keys, messages, metadata, pages, people

MAX_BODY = 64 * 1024


class LocalIdp:
    """One provider: its folder (key, people, metadata of the services it answers) and its public address."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder = folder
        self.entity_id = base_url.rstrip("/")
        self.sso_url = f"{self.entity_id}/sso"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        nonce = secrets.token_urlsafe(12)
        status, kind, body, form_action = self._answer(environ, nonce)
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
            f"form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
        )
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", policy),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response(status, headers)
        return [body]

    def _answer(self, environ: dict[str, Any], nonce: str) -> tuple[str, str, bytes, str]:
        html = "text/html; charset=utf-8"
        path = environ.get("PATH_INFO", "")
        if path == "/metadata":
            key, certificate = keys.load(self.folder)
            xml = metadata.build(
                entity_id=self.entity_id, sso_url=self.sso_url, key=key, certificate=certificate
            )
            return "200 OK", "application/samlmetadata+xml", xml, "'none'"
        if path != "/sso":
            return (
                "404 Not Found",
                html,
                pages.refused("Questo indirizzo non esiste.", nonce).encode(),
                "'none'",
            )
        try:
            text, form_action = self._sso(environ, nonce)
        except (messages.QuestionRefused, binascii.Error, zlib.error, etree.XMLSyntaxError) as refusal:
            reason = (
                str(refusal) if isinstance(refusal, messages.QuestionRefused) else "Richiesta illeggibile."
            )
            return "400 Bad Request", html, pages.refused(reason, nonce).encode(), "'none'"
        return "200 OK", html, text.encode(), form_action

    def _sso(self, environ: dict[str, Any], nonce: str) -> tuple[str, str]:
        query = environ.get("QUERY_STRING", "")
        question = messages.read_question(query, self.clients())
        form = _form(environ)
        known = people.read(self.folder)
        chosen = next((person for person in known if person.fiscal_code == form.get("persona")), None)
        number = form.get("anomalia", "")
        if chosen is None and not number.isdigit():
            words = form.get("cerca", "")
            return pages.choose(people.find(known, words), query=query, words=words, nonce=nonce), "'self'"
        response = base64.b64encode(self._response(question, chosen, number)).decode()
        acs = question.client.acs_url
        page = pages.carry_back(acs_url=acs, response=response, relay_state=question.relay_state, nonce=nonce)
        return page, "{0.scheme}://{0.netloc}".format(urlsplit(acs))

    def _response(self, question: messages.Question, chosen: people.DemoPerson | None, number: str) -> bytes:
        now = datetime.now(tz=UTC)
        key, certificate = keys.load(self.folder)
        if chosen is None:
            root = messages.anomaly(question, int(number), issuer=self.entity_id, now=now)
            messages.sign(root, key=key, certificate=certificate)
        else:
            root = messages.signed_answer(
                question, chosen, issuer=self.entity_id, key=key, certificate=certificate, now=now
            )
        return etree.tostring(root)

    def clients(self) -> list[messages.Client]:
        return [messages.read_metadata(path.read_bytes()) for path in sorted(self.folder.glob("sp-*.xml"))]


def _form(environ: dict[str, Any]) -> dict[str, str]:
    if environ.get("REQUEST_METHOD") != "POST":
        return {}
    length = min(int(environ.get("CONTENT_LENGTH") or 0), MAX_BODY)
    fields = parse_qs(environ["wsgi.input"].read(length).decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The demo's one, under SIMULATORS_URL/idp."""
    from django.conf import settings

    return LocalIdp(people.directory(), f"{settings.SIMULATORS_URL}/idp")(environ, start_response)
