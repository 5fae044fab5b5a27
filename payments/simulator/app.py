"""The routes of the simulated node, as a plain WSGI application."""

import hmac
import json
import re
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from payments.simulator import http, pages, uploads
from payments.simulator.creditor import Refused, Silent
from payments.simulator.day_app import DayViews, Route
from payments.simulator.http import Answer, Problem, Request
from payments.simulator.io_app import IoViews
from payments.simulator.node import WAYS, Debt, Node

KEY_HEADER = "HTTP_OCP_APIM_SUBSCRIPTION_KEY"
ORGANIZATION = "/gpd/debt-positions-service/v1/organizations/(?P<cf>[0-9]{11})/debtpositions"
FAULTS = {
    "PAA_PAGAMENTO_SCONOSCIUTO": "L'ente non conosce questo avviso: controlla il numero.",
    "PAA_PAGAMENTO_DUPLICATO": "Questo avviso risulta già pagato.",
    "PAA_PAGAMENTO_ANNULLATO": "L'ente ha annullato questo avviso.",
    "PAA_PAGAMENTO_SCADUTO": "L'avviso è scaduto e non si può più pagare.",
}


#: By which address a cart that was not paid sends back.
ENDS = {"cancel": "Cancel", "fail": "Error"}


class Application:
    """`key`: the subscription key that REST callers must show."""

    def __init__(self, *, node: Node, key: str, fiscal_code: str, town: str = "Comune di prova") -> None:
        self.node, self._key, self._fiscal_code = node, key, fiscal_code
        portal = node.body.address.removesuffix("/pagopa/ws")
        days = DayViews(node, self._authorise, fiscal_code=fiscal_code, town=town, portal=portal)
        io = IoViews(node, self._json, town=town)
        self._routes = [
            (method, re.compile(pattern), view)
            for method, pattern, view in [*self._own_routes(), *days.routes(), *io.routes()]
        ]

    def _own_routes(self) -> list[Route]:
        return [
            ("GET", "/?", self.home),
            ("GET", "/style.css", self.style),
            ("POST", "/consegne", self.hurry),
            ("POST", "/checkout/ec/v1/carts", self.open_cart),
            ("GET", "/checkout/(?P<cart_id>[0-9a-f]{32})", self.show_cart),
            ("POST", "/checkout/(?P<cart_id>[0-9a-f]{32})", self.end_cart),
            ("GET", "/sportello", self.counter),
            ("POST", "/sportello", self.pay_at_counter),
            ("POST", "/sportello/foto", self.read_picture),
            ("POST", ORGANIZATION, self.create_position),
            ("GET", f"{ORGANIZATION}/(?P<iupd>[^/]+)", self.show_position),
            ("PUT", f"{ORGANIZATION}/(?P<iupd>[^/]+)", self.change_position),
            ("POST", f"{ORGANIZATION}/(?P<iupd>[^/]+)/(?P<action>publish|invalidate)", self.move_position),
        ]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.node.wake()
        try:
            request = http.read(environ)
            answer = self._route(request)
        except Problem as problem:
            detail = {
                "title": HTTPStatus(problem.status).phrase,
                "status": problem.status,
                "detail": str(problem),
            }
            answer, request = Answer(problem.status, json.dumps(detail), "application/problem+json"), None
        body = answer.body
        if isinstance(body, str):
            body = body.replace("{base}", request.base if request else "").encode()
        headers = [
            ("Content-Type", answer.kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'",
            ),
        ]
        if answer.file_name:
            headers.append(("Content-Disposition", f'attachment; filename="{answer.file_name}"'))
        if answer.location:
            headers.append(("Location", answer.location))
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [body]

    def _route(self, request: Request) -> Answer:
        found = [
            (method, view, match)
            for method, pattern, view in self._routes
            if (match := pattern.fullmatch(request.path))
        ]
        for method, view, match in found:
            if method == request.method:
                return view(request, **match.groupdict())
        raise Problem(405 if found else 404, "non qui")

    # -- pages -----------------------------------------------------------------------------------------------------
    def home(self, request: Request) -> Answer:
        return Answer(body=pages.home(self.node.store.deliveries()))

    def style(self, request: Request) -> Answer:
        return Answer(body=pages.STYLE, kind="text/css; charset=utf-8")

    def hurry(self, request: Request) -> Answer:
        self.node.store.hurry(0)
        self.node.deliver_due()
        return Answer(303, location=f"{request.base}/")

    def show_cart(self, request: Request, cart_id: str) -> Answer:
        cart, state = self._cart(cart_id)
        if state != "open":
            text = pages.message(
                "Pagamento concluso",
                "Questo pagamento è già terminato.",
                link=_back(cart, ENDS.get(state, "Ok")),
            )
            return Answer(410, text)
        return Answer(body=pages.checkout(cart))

    def end_cart(self, request: Request, cart_id: str) -> Answer:
        cart, _ = self._cart(cart_id)
        outcome = request.form.get("esito", "")
        urls = cart["returnUrls"]
        if outcome == "leave":
            return Answer(
                body=pages.message("Browser chiuso", "Non hai pagato nulla. Puoi chiudere questa scheda.")
            )
        if not self.node.store.close_cart(cart_id, outcome):
            return self.show_cart(request, cart_id)
        if outcome == "cancel":
            return Answer(303, location=urls["returnCancelUrl"])
        if outcome == "fail":
            return Answer(303, location=urls["returnErrorUrl"])
        return self._pay_cart(cart_id, cart, outcome)

    def _pay_cart(self, cart_id: str, cart: dict[str, Any], outcome: str) -> Answer:
        try:
            debts = [
                self.node.look_up(one["fiscalCode"], one["noticeNumber"]) for one in cart["paymentNotices"]
            ]
            self._collect(debts, outcome, note=cart.get("idCart", ""))
        except (Refused, Silent) as problem:
            self.node.store.fail_cart(cart_id)
            text = pages.message("Non si può pagare", _said(problem), link=_back(cart, "Error"))
            return Answer(body=text)
        if outcome == "close":
            return Answer(
                body=pages.message("Browser chiuso", "Hai pagato: la ricevuta arriva al portale da sola.")
            )
        return Answer(303, location=cart["returnUrls"]["returnOkUrl"])

    def _collect(self, debts: list[Debt], outcome: str, note: str = "") -> None:
        self.node.pay(debts, note=note, way=WAYS.get(outcome, WAYS["pay"]))

    def counter(self, request: Request) -> Answer:
        number = request.query.get("numero", "")
        if not number:
            return Answer(body=pages.counter())
        try:
            nav = _nav(number)
            return Answer(body=pages.counter_found(nav, self.node.look_up(self._fiscal_code, nav)))
        except (Refused, Silent, Problem) as problem:
            return Answer(body=pages.counter(number, _said(problem)))

    def pay_at_counter(self, request: Request) -> Answer:
        form = request.form
        try:
            debt = self.node.look_up(self._fiscal_code, _nav(form.get("numero", "")))
            self._collect([debt], form.get("esito", "pay"))
        except (Refused, Silent, Problem) as problem:
            return Answer(body=pages.counter(form.get("numero", ""), _said(problem)))
        paid = f"Hai pagato {pages.euro(debt.amount)}. La ricevuta arriva al portale della mensa."
        return Answer(
            body=pages.message("Pagato", paid, link=(f"{request.base}/sportello", "Un altro avviso"))
        )

    def read_picture(self, request: Request) -> Answer:
        """A photograph of the notice: its QR code says the number."""
        found = uploads.qr_text(request.file)
        if not found:
            return Answer(
                body=pages.counter(
                    problem="In questa foto non si legge il QR di un avviso: prova più da vicino."
                )
            )
        return Answer(303, location=f"{request.base}/sportello?{urlencode({'numero': found})}")

    # -- REST ------------------------------------------------------------------------------------------------------
    def open_cart(self, request: Request) -> Answer:
        """PostCarts of Checkout v1: 302 with the address of the page."""
        cart = self._json(request)
        notices, urls = cart.get("paymentNotices"), cart.get("returnUrls")
        if not isinstance(notices, list) or not 1 <= len(notices) <= 5 or not all(map(_is_notice, notices)):
            raise Problem(400, "paymentNotices: da 1 a 5 avvisi completi")
        names = {"returnOkUrl", "returnCancelUrl", "returnErrorUrl"}
        if not isinstance(urls, dict) or not names <= urls.keys() or not all(map(_is_address, urls.values())):
            raise Problem(400, "returnUrls")
        cart_id = uuid.uuid4().hex
        self.node.store.add_cart(cart_id, cart)
        return Answer(302, location=f"{request.base}/checkout/{cart_id}")

    def create_position(self, request: Request, cf: str) -> Answer:
        position = self._json(request)
        options = position.get("paymentOption")
        if not position.get("iupd") or not isinstance(options, list) or len(options) != 1:
            raise Problem(400, "iupd e una paymentOption")
        option = options[0]
        option.setdefault("nav", f"3{option.get('iuv', '')}")
        if (
            not re.fullmatch(r"\d{18}", option["nav"])
            or not isinstance(option.get("amount"), int)
            or option["amount"] < 1
        ):
            raise Problem(400, "nav e amount")
        if sum(transfer["amount"] for transfer in option.get("transfer", [])) != option["amount"]:
            raise Problem(400, "transfer: la somma non è l'importo")
        status = "VALID" if request.query.get("toPublish") == "true" else "DRAFT"
        if not self.node.store.add_position(cf, position, status):
            raise Problem(409, "iupd o nav già presente")
        return Answer(201, json.dumps({**position, "status": status}), "application/json")

    def show_position(self, request: Request, cf: str, iupd: str) -> Answer:
        self._authorise(request)
        found = self.node.store.position(cf, iupd)
        if found is None:
            raise Problem(404, "posizione sconosciuta")
        return Answer(body=json.dumps({**found[0], "status": found[1]}), kind="application/json")

    def change_position(self, request: Request, cf: str, iupd: str) -> Answer:
        position = self._json(request)
        found = self.node.store.position(cf, iupd)
        if found is None:
            raise Problem(404, "posizione sconosciuta")
        position["iupd"] = iupd
        position["paymentOption"][0].setdefault("nav", found[0]["paymentOption"][0]["nav"])
        if not self.node.store.change_position(cf, position):
            raise Problem(409, "la posizione non si può più cambiare")
        return self.show_position(request, cf, iupd)

    def move_position(self, request: Request, cf: str, iupd: str, action: str) -> Answer:
        self._authorise(request)
        origins, status = (("DRAFT",), "VALID") if action == "publish" else (("VALID",), "INVALID")
        if not self.node.store.move_position(cf, iupd, origins, status):
            found = self.node.store.position(cf, iupd)
            raise Problem(409 if found else 404, "stato non adatto" if found else "posizione sconosciuta")
        return self.show_position(request, cf, iupd)

    def _authorise(self, request: Request) -> None:
        if not hmac.compare_digest(str(request.environ.get(KEY_HEADER, "")).encode(), self._key.encode()):
            raise Problem(401, "chiave errata")

    def _json(self, request: Request) -> dict[str, Any]:
        self._authorise(request)
        try:
            body = json.loads(request.body)
        except ValueError as problem:
            raise Problem(400, "JSON illeggibile") from problem
        if not isinstance(body, dict):
            raise Problem(400, "JSON illeggibile")
        return body

    def _cart(self, cart_id: str) -> tuple[dict[str, Any], str]:
        found = self.node.store.cart(cart_id)
        if found is None:
            raise Problem(404, "carrello sconosciuto")
        return found


def _nav(text: str) -> str:
    """The notice number, also out of the text of a QR code."""
    parts = text.split("|")
    digits = re.sub(r"\D", "", parts[2] if len(parts) == 5 else text)
    if len(digits) != 18:
        raise Problem(400, "Il codice avviso ha 18 cifre.")
    return digits


def _said(problem: Exception) -> str:
    if isinstance(problem, Silent):
        return "Il portale dell'ente non risponde: riprova tra poco."
    return FAULTS.get(str(problem), str(problem))


def _back(cart: dict[str, Any], outcome: str) -> tuple[str, str]:
    return cart["returnUrls"][f"return{outcome}Url"], "Torna al portale della mensa"


def _is_notice(notice: Any) -> bool:
    return (
        isinstance(notice, dict)
        and re.fullmatch(r"\d{18}", str(notice.get("noticeNumber", ""))) is not None
        and re.fullmatch(r"\d{11}", str(notice.get("fiscalCode", ""))) is not None
        and isinstance(notice.get("amount"), int)
        and notice["amount"] >= 1
        and all(
            isinstance(notice.get(name), str) and len(notice[name]) <= 140
            for name in ("companyName", "description")
        )
    )


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))
