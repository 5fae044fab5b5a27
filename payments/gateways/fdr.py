"""The settlement reports published for the town: REST service "FdR", organisation side. Only the last thirty days are kept there.

A report may be published again under a new revision until the fourth day; what was downloaded, the service does not remember.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog

from payments.errors import NodeUnreachable
from payments.gateways.wire import Line
from payments.rules import reports
from payments.rules.reports import IncomingLine, IncomingReport, WrongReport

log = structlog.get_logger(__name__)
ROME = ZoneInfo("Europe/Rome")
PAGE = 1000
MOST_PAGES = 200
NOT_FOUND = 404
DAYS_KEPT = 30


@dataclass(frozen=True)
class Published:
    """A report in the list: enough to ask for it."""

    fdr: str
    psp: str
    revision: int


class FdrService:
    """All methods raise NodeUnreachable when the service is down, slow or answers what is no list of reports; all may be
    called again."""

    def __init__(self, *, line: Line, fiscal_code: str) -> None:
        self._line = line
        self._place = f"/organizations/{quote(fiscal_code, safe='')}/fdrs"

    def published_since(self, moment: dt.datetime) -> list[Published]:
        """Every report published after `moment` (aware), oldest revision first."""
        since = moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            found = {
                Published(str(row["fdr"]), str(row["pspId"]), int(row["revision"]))
                for row in self._rows(self._place, {"publishedGt": since})
            }
        except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as garbage:
            log.warning("fdr_garbage", problem=type(garbage).__name__)
            raise NodeUnreachable from garbage
        return sorted(found, key=lambda one: (one.fdr, one.psp, one.revision))

    def report(self, published: Published) -> IncomingReport:
        """Header and all the payments. WrongReport when what it says cannot be kept, today or ever: no other waits for it."""
        place = (
            f"{self._place}/{quote(published.fdr, safe='')}/revisions/{published.revision}"
            f"/psps/{quote(published.psp, safe='')}"
        )
        head = self._asked(place, {})
        try:
            rows = list(self._rows(f"{place}/payments", {}))
            if len(rows) != (head.get("computedTotPayments") or head.get("totPayments")):
                log.warning("fdr_incomplete", rows=len(rows))
                raise WrongReport("Il servizio ha dato solo una parte del flusso.")
            return _report(published, head, rows)
        except WrongReport:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as wrong:
            log.warning("fdr_garbage", problem=type(wrong).__name__)
            raise WrongReport("Il servizio ha dato un flusso che non si legge.") from wrong

    def _rows(self, place: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        for number in range(1, MOST_PAGES + 1):
            page = self._asked(place, {**params, "page": str(number), "size": str(PAGE)})
            data = page.get("data") or []
            if not isinstance(data, list):
                raise NodeUnreachable
            yield from data
            pages = (page.get("metadata") or {}).get("totPage") or 1
            if not isinstance(pages, int) or number >= pages or not data:
                return

    def _asked(self, place: str, params: dict[str, str]) -> dict[str, Any]:
        answer = self._line.call("GET", place, params=params, repeat=True)
        if answer.status == NOT_FOUND:
            return {}
        content = answer.json()
        if answer.status != 200 or not isinstance(content, dict):
            log.warning("fdr_refused", status=answer.status)
            raise NodeUnreachable
        return content


def _report(published: Published, head: dict[str, Any], rows: list[dict[str, Any]]) -> IncomingReport:
    sender, receiver = head.get("sender") or {}, head.get("receiver") or {}
    return IncomingReport(
        fdr=published.fdr,
        psp=published.psp,
        revision=published.revision,
        flow_date=_moment(head["fdrDate"]),
        regulation=str(head.get("regulation") or "")[:35],
        regulation_date=dt.date.fromisoformat(str(head["regulationDate"])[:10]),
        total=reports.exact(_number(head["sumPayments"])),
        payments=int(head["totPayments"]),
        lines=tuple(map(_line, rows)),
        psp_name=str(sender.get("pspName") or "")[:70],
        receiver=str(receiver.get("organizationId") or ""),
        published_at=_moment(head["published"]) if head.get("published") else None,
        raw=json.dumps({"head": head, "payments": rows}, default=str, ensure_ascii=False),
    )


def _line(row: dict[str, Any]) -> IncomingLine:
    status = str(row["payStatus"])
    if status not in reports.OUTCOMES:
        raise WrongReport(f"Una riga del flusso ha un esito sconosciuto («{status[:20]}»).")
    return reports.line(
        iuv=str(row["iuv"]),
        iur=str(row["iur"]),
        transfer=int(row["idTransfer"]),
        amount=_number(row["pay"]),
        outcome=reports.OUTCOMES[status],
        paid_on=_moment(row["payDate"]).astimezone(ROME).date(),
    )


def _number(value: Any) -> Decimal:
    """Euro as a JSON number: whole, or Decimal as the line reads it; never a float."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError("not a number")
    return Decimal(value)


def _moment(value: Any) -> dt.datetime:
    """Without an offset Rome is meant; a day alone is its beginning in Rome."""
    moment = dt.datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=ROME)
