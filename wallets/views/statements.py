"""The statement: a month at a time, every line with its balance and its reason; and the same as CSV."""

import datetime as dt
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from identity import audit
from identity.access import roles
from identity.models import Role, SensitiveKind, User
from mensa import clock
from wallets import certificates, chart, credit, csv_file, remarks, statement
from wallets.models import Refund, Wallet
from wallets.remarks import Asked, Remark
from wallets.statement import Month, Movement

#: Who reads why a price is what it is: the accounts office needs the amounts, not the family's ISEE.
READS_REASONS = frozenset({Role.PARENT, Role.OFFICE, Role.AUDITOR})
HEADER = ("Registrato il", "Giorno", "Movimento", "Per", "Importo", "Saldo", "Perché")


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    user, wallet = cast(User, request.user), _wallet(request, code)
    lines = statement.movements(wallet=wallet, last=clock.today())
    months = statement.by_month(lines)
    month = _chosen(request, months)
    explains = user.role in READS_REASONS
    if explains and month is not None:
        _log_isee(user, wallet, month.movements)
    context = {
        "wallet": wallet,
        "balance": lines[-1].balance if lines else wallet.balance,
        "meals": credit.meals_left(wallet=wallet, day=clock.today()),
        "months": months,
        "month": month,
        "explains": explains,
        "chart": _chart(month, clock.today()) if month else None,
        "rows": _rows(user, wallet, month, lines) if month else [],
        "refund": _open_refund(user, wallet),
        "certificate_years": certificates.years(wallet, today=clock.today()),
        **_neighbours(months, month),
    }
    return render(request, "wallets/statement.html", context)


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def as_csv(request: HttpRequest, code: str) -> HttpResponse:
    """The whole life of the wallet, oldest first."""
    user, wallet = cast(User, request.user), _wallet(request, code)
    lines = statement.movements(wallet=wallet, last=clock.today())
    explains = user.role in READS_REASONS
    if explains:
        _log_isee(user, wallet, lines)
    text = csv_file.render(HEADER, [_row(line, explains) for line in lines])
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="movimenti-{wallet.household.code}.csv"'
    return response


def _wallet(request: HttpRequest, code: str) -> Wallet:
    mine = Wallet.objects.visible_to(cast(User, request.user)).select_related("household")
    return get_object_or_404(mine, household__code=code)


def _chosen(request: HttpRequest, months: list[Month]) -> Month | None:
    """The month asked for, else the latest; an unknown one is 404."""
    key = request.GET.get("mese", "")
    if not key:
        return months[0] if months else None
    for month in months:
        if month.key == key:
            return month
    raise Http404


def _neighbours(months: list[Month], month: Month | None) -> dict[str, Month | None]:
    place = months.index(month) if month else 0
    return {
        "newer": months[place - 1] if place > 0 else None,
        "older": months[place + 1] if place + 1 < len(months) else None,
    }


def _rows(
    user: User, wallet: Wallet, month: Month, lines: list[Movement]
) -> list[tuple[Movement, Remark | None]]:
    """The lines of the month, each with what the rooms above have to say about it."""
    asked = Asked(wallet, month.movements, lines, reader=user, today=clock.today())
    return remarks.on(asked)


def _chart(month: Month, today: dt.date) -> chart.Chart:
    """The balance at the end of each day, to the end of the month or to today."""
    following = (month.first + dt.timedelta(days=32)).replace(day=1)
    points = list({line.recorded_on: line.balance for line in reversed(month.movements)}.items())
    end = min(following - dt.timedelta(days=1), max(today, points[-1][0]))
    return chart.draw(opening=month.opening, points=points, first=month.first, last=end)


def _open_refund(user: User, wallet: Wallet) -> Refund | None:
    """The parent is told that a refund waits for the account."""
    if user.role != Role.PARENT:
        return None
    waiting = wallet.refunds.filter(state=Refund.State.PREPARED, method=Refund.Method.BANK)
    return waiting.first()


def _log_isee(user: User, wallet: Wallet, lines: list[Movement] | tuple[Movement, ...]) -> None:
    """Every look of the staff at an ISEE is recorded; a family looks at its own freely."""
    if user.role != Role.PARENT and any(line.shows_isee for line in lines):
        audit.record_view(
            user=user, kind=SensitiveKind.ISEE, subject=f"famiglia {wallet.household.code}", now=clock.now()
        )


def _row(line: Movement, explains: bool) -> list[csv_file.Cell]:
    why = " ".join(line.reasons) if explains else line.formula
    name = line.pupil.first_name if line.pupil else ""
    return [line.recorded_on, line.day, line.title, name, line.amount, line.balance, why]
