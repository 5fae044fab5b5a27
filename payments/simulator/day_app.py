"""The views of the day's closing: its page, its files, and what pagoPA serves of it (FdR and Biz-Events, by REST)."""

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from payments.simulator import closing, day, day_pages, documents
from payments.simulator.day import Body
from payments.simulator.http import Answer, Problem, Request
from payments.simulator.node import ROME, Node

FDR = "/fdr-org/service/v1/organizations/(?P<cf>[0-9]{11})/fdrs"
ONE = f"{FDR}/(?P<fdr>[A-Za-z0-9_-]{{1,35}})/revisions/(?P<revision>[0-9]{{1,3}})/psps/(?P<psp>[^/]{{1,35}})"
BIZ = "/bizevents/service/v1/organizations/(?P<cf>[0-9]{11})/receipts/(?P<iur>[^/]{1,35})"
LARGEST_PAGE = 1000
Route = tuple[str, str, Callable[..., Answer]]


class DayViews:
    """`authorise` refuses a REST caller without the key."""

    def __init__(
        self, node: Node, authorise: Callable[[Request], None], *, fiscal_code: str, town: str, portal: str
    ) -> None:
        self._node, self._authorise, self._portal = node, authorise, portal
        self._body = Body(fiscal_code, town)

    def routes(self) -> Iterable[Route]:
        return (
            ("GET", "/giornata", self.page),
            ("POST", "/giornata", self.close),
            ("POST", "/giornata/(?P<fdr>[A-Za-z0-9_-]{1,35})/(?P<revision>[0-9]{1,3})/ripara", self.mend),
            ("GET", "/giornata/(?P<fdr>[A-Za-z0-9_-]{1,35})/(?P<revision>[0-9]{1,3}).xml", self.settlement),
            ("GET", "/giornata/giornale.xml", self.journal),
            ("GET", FDR, self.list_reports),
            ("GET", ONE, self.show_report),
            ("GET", f"{ONE}/payments", self.show_payments),
            ("GET", f"{BIZ}(/paymentoptions/[^/]{{1,35}})?", self.show_receipt),
        )

    # -- pages -----------------------------------------------------------------------------------------------------
    def page(self, request: Request, problem: str = "") -> Answer:
        days = self._node.days
        text = day_pages.closing(
            waiting=days.to_settle(),
            reports=days.reports(),
            credits_=days.credits_of(),
            portal=self._portal,
            problem=problem,
        )
        return Answer(422 if problem else 200, text)

    def close(self, request: Request) -> Answer:
        chosen = [name for name in request.fields.get("difetto", []) if name in day.NAMES]
        try:
            closing.close(self._node, defects=chosen, body=self._body)
        except closing.NothingToClose as nothing:
            return self.page(request, str(nothing))
        return Answer(303, location=f"{request.base}/giornata")

    def mend(self, request: Request, fdr: str, revision: str) -> Answer:
        try:
            closing.mend(self._node, fdr=fdr, revision=int(revision), body=self._body)
        except closing.NothingToClose as nothing:
            return self.page(request, str(nothing))
        return Answer(303, location=f"{request.base}/giornata")

    def settlement(self, request: Request, fdr: str, revision: str) -> Answer:
        content = documents.settlement(self._report(fdr, revision))
        return Answer(body=content, kind="application/xml", file_name=f"SIMULAZIONE-{fdr}-{revision}.xml")

    def journal(self, request: Request) -> Answer:
        now = self._node.clock().astimezone(ROME)
        content = documents.journal(map(dict, self._node.days.credits_of()), town=self._body.name, now=now)
        return Answer(
            body=content, kind="application/xml", file_name=f"SIMULAZIONE-giornale-{now:%Y%m%d}.xml"
        )

    # -- REST ------------------------------------------------------------------------------------------------------
    def list_reports(self, request: Request, cf: str) -> Answer:
        """Those published after `publishedGt`; of every revision a row."""
        self._authorise(request)
        since = request.query.get("publishedGt", "")
        heads = [json.loads(row["head"]) for row in self._node.days.reports(published_only=True)[::-1]]
        rows = [
            {
                "fdr": head["fdr"],
                "pspId": head["sender"]["pspId"],
                "revision": head["revision"],
                "published": head["published"],
                "flowDate": head["fdrDate"],
            }
            for head in heads
            if head["published"] > since and cf == self._body.fiscal_code
        ]
        return _page(request, rows)

    def show_report(self, request: Request, cf: str, fdr: str, revision: str, psp: str) -> Answer:
        self._authorise(request)
        return _json(self._published(fdr, revision).head)

    def show_payments(self, request: Request, cf: str, fdr: str, revision: str, psp: str) -> Answer:
        self._authorise(request)
        return _page(request, self._published(fdr, revision).payments)

    def show_receipt(self, request: Request, cf: str, iur: str, **_: str) -> Answer:
        """Biz-Events: the receipt of a payment that the body has missed."""
        self._authorise(request)
        found = self._node.days.receipt(iur)
        if found is None or cf != self._body.fiscal_code:
            raise Problem(404, "ricevuta sconosciuta")
        return _json(found)

    def _report(self, fdr: str, revision: str) -> day.Report:
        found = self._node.days.report(fdr, int(revision))
        if found is None:
            raise Problem(404, "flusso sconosciuto")
        return found

    def _published(self, fdr: str, revision: str) -> day.Report:
        visible = {(row["fdr"], row["revision"]) for row in self._node.days.reports(published_only=True)}
        if (fdr, int(revision)) not in visible:
            raise Problem(404, "flusso sconosciuto")
        return self._report(fdr, revision)


def _page(request: Request, rows: list[dict[str, Any]]) -> Answer:
    """One page of `size` rows, with what the service says about the pages."""
    number, size = _count(request, "page", 1), min(_count(request, "size", LARGEST_PAGE), LARGEST_PAGE)
    pages = max(-(-len(rows) // size), 1)
    shown = rows[(number - 1) * size : number * size]
    metadata = {"pageSize": len(shown), "pageNumber": number, "totPage": pages}
    return _json({"metadata": metadata, "count": len(rows), "data": shown})


def _count(request: Request, name: str, usual: int) -> int:
    value = request.query.get(name, str(usual))
    if not value.isdecimal() or not 1 <= int(value) <= 1_000_000:
        raise Problem(400, name)
    return int(value)


def _json(content: Any) -> Answer:
    """Amounts are JSON numbers, as in the description of the service."""
    text = json.dumps(
        content, default=lambda value: float(value) if isinstance(value, Decimal) else str(value)
    )
    return Answer(body=text, kind="application/json")
