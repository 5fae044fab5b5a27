"""What we write to GPD, Checkout and Biz-Events, judged by the published descriptions through an independent program."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from payments import gateways
from payments.errors import NodeRefused, NodeUnreachable
from payments.gateways.carts import cart_body
from payments.gateways.fdr import FdrService, Published
from payments.gateways.gpd import position_body
from payments.gateways.wire import Line
from payments.rules.reports import WrongReport
from tests.payments.conftest import NOW
from tests.payments.prism import prism  # noqa: F401 - fixture
from tests.payments.test_gateways import CART, POSITION

PLACE = f"/organizations/{POSITION.fiscal_code}/debtpositions"
Prism = Callable[[str], str]


@pytest.fixture
def mocked(prism: Prism, settings: Any) -> Any:  # noqa: F811
    settings.PAGOPA_MODE = "gpd"
    names = {"GPD": "gpd", "CHECKOUT": "checkout_v1", "BIZ_EVENTS": "biz_events", "FDR": "fdr_organization"}
    settings.PAGOPA_URLS = {**settings.PAGOPA_URLS, **{key: prism(name) for key, name in names.items()}}
    settings.PAGOPA_KEYS = {name: ["key"] for name in settings.PAGOPA_PRODUCTS}
    return settings


def test_a_position_is_created_changed_and_withdrawn(mocked: Any) -> None:
    gateway = gateways.current()
    gateway.publish(POSITION)
    gateway.update(POSITION)
    assert gateway.withdraw(POSITION)


def test_every_call_about_a_position_is_one_that_is_described(mocked: Any) -> None:
    line, body = gateways.line("GPD"), position_body(POSITION)
    assert line.call("POST", PLACE, body=body, params={"toPublish": "true"}).status == 201
    assert line.call("GET", f"{PLACE}/{POSITION.iupd}").json()["paymentOption"]
    for method, path in (("POST", "/publish"), ("POST", "/invalidate"), ("DELETE", "")):
        assert line.call(method, f"{PLACE}/{POSITION.iupd}{path}").status == 200


def test_a_wrong_position_is_refused_by_the_mock(mocked: Any) -> None:
    """The control: a mock that took anything would prove nothing."""
    wrong = position_body(POSITION)
    wrong["paymentOption"][0]["amount"] = 0
    answer = gateways.line("GPD").call("POST", PLACE, body=wrong, params={"toPublish": "true"})
    assert answer.status in {400, 422}


def test_without_a_key_nothing_is_done(mocked: Any) -> None:
    mocked.PAGOPA_KEYS = {**mocked.PAGOPA_KEYS, "GPD": []}
    with pytest.raises(NodeUnreachable):
        gateways.current().publish(POSITION)


def test_a_forced_conflict_is_read_as_go_and_compare(mocked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock's own example is another position: after comparing, ours is refused."""
    asked: list[str] = []
    call = Line.call

    def forced(self: Line, method: str, path: str, **options: Any) -> Any:
        asked.append(method)
        if method == "POST":
            options["params"] = {**options.get("params", {}), "__code": "409"}
        return call(self, method, path, **options)

    monkeypatch.setattr(Line, "call", forced)
    with pytest.raises(NodeRefused):
        gateways.current().publish(POSITION)
    assert asked == ["POST", "GET"]


@pytest.mark.parametrize("count", [1, 5])
def test_a_cart_of_one_to_five_notices_is_accepted(mocked: Any, count: int) -> None:
    body = cart_body(CART)
    body["paymentNotices"] = body["paymentNotices"] * count
    assert gateways.line("CHECKOUT").call("POST", "/carts", body=body).status == 302


def test_a_cart_of_six_is_not(mocked: Any) -> None:
    body = cart_body(CART)
    body["paymentNotices"] = body["paymentNotices"] * 6
    assert gateways.line("CHECKOUT").call("POST", "/carts", body=body).status in {400, 422}


@pytest.mark.parametrize("path", ["/receipts/abc", "/receipts/abc/paymentoptions/01000000000004285"])
def test_a_receipt_is_asked_of_biz_events_where_it_is(mocked: Any, path: str) -> None:
    answer = gateways.line("BIZ_EVENTS").call("GET", f"/organizations/{POSITION.fiscal_code}{path}")
    assert answer.status == 200
    assert "receiptId" in answer.json()


def test_the_reports_are_asked_as_they_are_described(mocked: Any) -> None:
    """The list, the head and the pages of payments; the mock refuses what its description does not know."""
    line, cf = gateways.line("FDR"), POSITION.fiscal_code
    asked: list[str] = []
    call = line.call

    def noted(method: str, path: str, **options: Any) -> Any:
        answer = call(method, path, **options)
        asked.append(f"{answer.status} {path}")
        return answer

    line.call = noted  # type: ignore[method-assign]
    service = FdrService(line=line, fiscal_code=cf)
    for ask in (lambda: service.published_since(NOW), lambda: service.report(Published("F1", "BANCA", 1))):
        with suppress(NodeUnreachable, WrongReport):  # what the mock invents does not hold together
            ask()
    place = f"/organizations/{cf}/fdrs"
    one = f"{place}/F1/revisions/1/psps/BANCA"
    assert asked == [f"200 {place}", f"200 {one}", f"200 {one}/payments"]
