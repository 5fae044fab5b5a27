"""GPD, ACA and Checkout: what we say to them, what we make of what they answer, and how long we wait."""

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from payments import gateways
from payments.errors import NodeRefused, NodeUnreachable
from payments.gateways.base import Cart, CartItem, Position
from payments.gateways.gpd import position_body
from payments.gateways.wire import Patience
from tests.payments import outside
from tests.payments.outside import Pagopa, answer

POSITION = Position(
    iupd="MENSA-1",
    nav="301000000000004285",
    fiscal_code="99999000013",
    company="Comune di Bitritto",
    office="Ufficio Pubblica Istruzione",
    amount=Decimal("102.00"),
    description="Mensa scolastica 2026/27, 30 pasti, alunno AB12CD34",
    due_date=date(2026, 12, 24),
    debtor_fiscal_code="RSSNNA85M41Z998J",
    debtor_name="Anna Rossi",
    iban="IT60X0542811101000000123456",
    category="9/0101100IM/",
    remittance="/RFB/01000000000004285/102.00/TXT/mensa",
)
CART = Cart(
    id="0" * 32,
    fiscal_code="99999000013",
    company="Comune di Bitritto",
    items=[CartItem(POSITION.nav, POSITION.amount, POSITION.description)],
    return_ok="https://mensa.example/ok",
    return_cancel="https://mensa.example/no",
    return_error="https://mensa.example/ko",
)
PAGE = "https://checkout.pagopa.example/c/1"


def known(**changes: Any) -> dict[str, Any]:
    """The position as GPD tells it back."""
    return {**position_body(POSITION), "status": "VALID", **changes}


class TestWhatWeSay:
    def test_a_position_is_created_and_valid_in_one_call_with_the_key(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(201, known())]
        gateways.current().publish(POSITION)
        (asked,) = pagopa.asked
        assert (asked.method, asked.path) == (
            "POST",
            "/organizations/99999000013/debtpositions?toPublish=true",
        )
        assert asked.headers["ocp-apim-subscription-key"] == "first-key"
        option = asked.body["paymentOption"][0]
        assert (option["amount"], option["iuv"], option["dueDate"]) == (
            10200,
            "01000000000004285",
            "2026-12-24T23:59:59.000Z",
        )
        assert option["transfer"][0]["category"] == "9/0101100IM/"

    def test_the_second_key_opens_where_the_first_is_being_changed(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(401), answer(201, known())]
        gateways.current().publish(POSITION)
        assert [one.headers["ocp-apim-subscription-key"] for one in pagopa.asked] == [
            "first-key",
            "second-key",
        ]

    def test_each_product_has_its_own_address_and_key(self, pagopa: Pagopa, settings: Any) -> None:
        with outside.listening() as checkout:
            settings.PAGOPA_URLS = {**settings.PAGOPA_URLS, "CHECKOUT": checkout.address}
            settings.PAGOPA_KEYS = {**settings.PAGOPA_KEYS, "CHECKOUT": ["only-checkout"]}
            checkout.script = [answer(302, Location=PAGE)]
            assert gateways.current().open_cart(CART) == PAGE
        assert pagopa.asked == []
        assert checkout.asked[0].headers["ocp-apim-subscription-key"] == "only-checkout"

    def test_the_redirect_to_the_page_is_for_the_browser_and_is_not_followed(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(302, Location=f"{pagopa.address}/c/1")]
        assert gateways.current().open_cart(CART) == f"{pagopa.address}/c/1"
        assert pagopa.questions() == ["POST carts"]
        assert pagopa.asked[0].body["paymentNotices"][0]["amount"] == 10200

    @pytest.mark.parametrize("location", ["", "javascript:alert(1)", "http://elsewhere.example/", "//x"])
    def test_a_page_without_an_address_of_its_own_is_no_page(self, pagopa: Pagopa, location: str) -> None:
        pagopa.script = [answer(302, Location=location)]
        with pytest.raises(NodeUnreachable):
            gateways.current().open_cart(CART)

    def test_an_amended_notice_is_put_whole(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(200, known())]
        gateways.current().update(POSITION)
        assert pagopa.questions() == ["PUT MENSA-1"]
        assert pagopa.asked[0].body["paymentOption"][0]["nav"] == POSITION.nav

    def test_an_amended_notice_that_was_never_there_is_created(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(404), answer(201, known())]
        gateways.current().update(POSITION)
        assert pagopa.questions() == ["PUT MENSA-1", "POST debtpositions"]


class TestAConflictMeansGoAndCompare:
    @pytest.mark.parametrize("status", ["VALID", "PUBLISHED", "EXPIRED", "PAID", "REPORTED"])
    def test_the_same_position_is_there_already(self, pagopa: Pagopa, status: str) -> None:
        pagopa.script = [answer(409), answer(200, known(status=status))]
        gateways.current().publish(POSITION)
        assert pagopa.questions() == ["POST debtpositions", "GET MENSA-1"]

    def test_an_older_picture_of_it_is_brought_up_to_date(self, pagopa: Pagopa) -> None:
        old = known()
        old["paymentOption"] = [{**old["paymentOption"][0], "dueDate": "2026-11-30T23:59:59.000Z"}]
        pagopa.script = [answer(409), answer(200, old), answer(200, known())]
        gateways.current().publish(POSITION)
        assert pagopa.questions() == ["POST debtpositions", "GET MENSA-1", "PUT MENSA-1"]

    def test_a_draft_is_published(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(409), answer(200, known(status="DRAFT")), answer(200)]
        gateways.current().publish(POSITION)
        assert pagopa.questions()[-1] == "POST publish"

    @pytest.mark.parametrize(
        ("there", "why"),
        [
            (answer(404), "PAGOPA_IUV_SYSTEM"),
            (answer(200, known(paymentOption=[{"nav": POSITION.nav, "amount": 1}])), "altro importo"),
            (answer(200, known(status="INVALID")), "annullata"),
            (answer(200, known(paymentOption="?")), "altro importo"),
        ],
    )
    def test_what_is_not_ours_is_refused_with_the_reason(
        self, pagopa: Pagopa, there: outside.Say, why: str
    ) -> None:
        pagopa.script = [answer(409), there]
        with pytest.raises(NodeRefused) as refused:
            gateways.current().publish(POSITION)
        assert why in refused.value.why

    def test_an_update_after_the_payment_is_not_an_error(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(409), answer(200, known(status="PAID"))]
        gateways.current().update(POSITION)
        pagopa.script = [answer(409), answer(200, known(status="INVALID"))]
        with pytest.raises(NodeRefused):
            gateways.current().update(POSITION)


class TestWithdrawing:
    @pytest.mark.parametrize(
        ("script", "is_known", "last"),
        [
            ([answer(200)], True, "POST invalidate"),
            ([answer(404)], False, "POST invalidate"),
            ([answer(409), answer(200, known(status="PAID"))], True, "GET MENSA-1"),
            ([answer(409), answer(200, known(status="INVALID"))], True, "GET MENSA-1"),
            ([answer(409), answer(200, known(status="DRAFT")), answer(200)], True, "DELETE MENSA-1"),
            ([answer(409), answer(404)], False, "GET MENSA-1"),
        ],
    )
    def test_paid_withdrawn_or_unknown_is_fine(
        self, pagopa: Pagopa, script: list[outside.Say], is_known: bool, last: str
    ) -> None:
        pagopa.script = list(script)
        assert gateways.current().withdraw(POSITION) is is_known
        assert pagopa.questions()[-1] == last

    def test_one_that_stays_payable_is_said(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(409), answer(200, known(status="VALID"))]
        with pytest.raises(NodeRefused):
            gateways.current().withdraw(POSITION)


class TestWhatIsRepeated:
    """A question is asked again only where asking twice is asking once."""

    @pytest.mark.parametrize("trouble", [answer(500), answer(503), outside.close_half_way, outside.garbage])
    def test_reading_updating_and_withdrawing_are(self, pagopa: Pagopa, trouble: outside.Say) -> None:
        pagopa.script = [trouble, answer(200, known())]
        gateways.current().update(POSITION)
        pagopa.script = [trouble, answer(200)]
        assert gateways.current().withdraw(POSITION)
        assert pagopa.questions() == ["PUT MENSA-1"] * 2 + ["POST invalidate"] * 2

    def test_creating_and_opening_a_cart_are_not(self, pagopa: Pagopa) -> None:
        for ask in (
            lambda: gateways.current().publish(POSITION),
            lambda: gateways.current().open_cart(CART),
        ):
            pagopa.asked.clear()
            with pytest.raises(NodeUnreachable):
                ask()
            assert len(pagopa.asked) == 1

    @pytest.mark.parametrize("trouble", [answer(429), answer(500)])
    def test_twice_is_enough(self, pagopa: Pagopa, trouble: outside.Say) -> None:
        pagopa.otherwise = trouble
        with pytest.raises(NodeUnreachable):
            gateways.current().update(POSITION)
        assert len(pagopa.asked) == 2


TROUBLES = {
    "hangs": outside.hang,
    "drips": outside.drip,
    "drips a body": outside.drip_body,
    "closes half way": outside.close_half_way,
    "garbage": outside.garbage,
    "flood": outside.flood,
    "bad compression": outside.bad_compression,
    "401": answer(401),
    "429": answer(429),
    "500": answer(500),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("ask", ["publish", "update", "withdraw", "open_cart"])
def test_whatever_pagopa_does_the_caller_knows_within_its_time(
    pagopa: Pagopa, trouble: outside.Say, ask: str
) -> None:
    pagopa.otherwise = trouble
    started = time.monotonic()
    gateway = gateways.current(Patience(0.6))
    with pytest.raises(NodeUnreachable, match="non è stato addebitato nulla"):
        getattr(gateway, ask)(CART if ask == "open_cart" else POSITION)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("status", [[], {}, 7, None])
def test_a_position_in_no_known_state_is_refused_and_not_a_fault_of_ours(
    pagopa: Pagopa, status: object
) -> None:
    pagopa.script = [answer(409), answer(200, known(status=status))]
    with pytest.raises(NodeUnreachable):
        gateways.current().withdraw(POSITION)


@pytest.mark.parametrize(
    "address",
    ["https://checkout.pagopa.example/" + "a" * 500, "https://x y.example/", "http://pagopa.example/"],
)
def test_a_payment_page_where_no_browser_can_be_sent_is_none(pagopa: Pagopa, address: str) -> None:
    pagopa.script = [answer(302, None, Location=address)]
    with pytest.raises(NodeUnreachable):
        gateways.current().open_cart(CART)


def test_what_no_column_takes_is_left_out_of_a_refusal(pagopa: Pagopa) -> None:
    pagopa.script = [answer(400, {"detail": "iban\0 errato"})]
    with pytest.raises(NodeRefused) as refused:
        gateways.current().publish(POSITION)
    assert refused.value.why == "400 iban errato"


def test_without_anybody_waiting_there_is_more_time() -> None:
    assert Patience().left() == 6
    assert 3.9 < Patience(4).left() <= 4


def test_nobody_listens(pagopa: Pagopa, settings: Any, no_node: str) -> None:
    settings.PAGOPA_URLS = dict.fromkeys(settings.PAGOPA_PRODUCTS, no_node)
    with pytest.raises(NodeUnreachable):
        gateways.current().publish(POSITION)


class TestAStationOfOurOwn:
    @pytest.fixture(autouse=True)
    def _mode(self, pagopa: Pagopa, settings: Any) -> None:
        settings.PAGOPA_MODE = "station"

    def test_a_position_is_conferred_and_conferring_it_again_is_the_same(self, pagopa: Pagopa) -> None:
        pagopa.script = [outside.close_half_way, answer(200, {})]
        gateways.current().publish(POSITION)
        assert pagopa.questions() == ["POST paCreatePosition"] * 2
        assert pagopa.asked[0].body == pagopa.asked[1].body
        assert pagopa.asked[0].body["amount"] == 10200
        assert pagopa.asked[0].body["expirationDate"] == "2026-12-24T23:59:59.000Z"

    def test_amount_zero_closes(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(200, {}), answer(404), answer(422)]
        assert [gateways.current().withdraw(POSITION) for _ in range(3)] == [True, False, True]
        assert {one.body["amount"] for one in pagopa.asked} == {0}

    @pytest.mark.parametrize("status", [400, 404, 409, 422])
    def test_a_refusal_is_of_this_position(self, pagopa: Pagopa, status: int) -> None:
        pagopa.otherwise = answer(status)
        with pytest.raises(NodeRefused) as refused:
            gateways.current().publish(POSITION)
        assert str(status) in refused.value.why

    def test_an_update_after_the_payment_is_not_an_error(self, pagopa: Pagopa) -> None:
        pagopa.otherwise = answer(422)
        gateways.current().update(POSITION)

    def test_the_page_is_that_of_checkout(self, pagopa: Pagopa) -> None:
        pagopa.script = [answer(302, Location=PAGE)]
        assert gateways.current().open_cart(CART) == PAGE


class Partner:
    """A way to pagoPA of somebody else."""

    def __init__(self, patience: Patience | None) -> None:
        self.patience = patience

    def publish(self, position: Position) -> None: ...
    def update(self, position: Position) -> None: ...
    def withdraw(self, position: Position) -> bool:
        return True

    def open_cart(self, cart: Cart) -> str:
        return PAGE


def test_a_partner_s_class_takes_the_place_of_ours(settings: Any) -> None:
    settings.PAGOPA_MODE, settings.PAGOPA_PARTNER_GATEWAY = "partner", f"{__name__}.Partner"
    assert gateways.current().open_cart(CART) == PAGE
    assert isinstance(gateways.for_a_page(), Partner)


def test_an_unknown_mode_reaches_nobody(settings: Any) -> None:
    settings.PAGOPA_MODE = "real"
    with pytest.raises(ImproperlyConfigured, match="simulator, gpd, station o partner"):
        gateways.current()


@pytest.mark.parametrize(("environment", "host"), [("prod", "api."), ("uat", "api.uat.")])
def test_the_environment_says_where_the_products_are(settings: Any, environment: str, host: str) -> None:
    from payments.configuration import PLACES, product

    settings.PAGOPA_MODE, settings.PAGOPA_ENVIRONMENT = "gpd", environment
    for name, place in PLACES.items():
        assert product(name).address == f"https://{host}platform.pagopa.it{place}"
    settings.PAGOPA_URLS = {**settings.PAGOPA_URLS, "GPD": "https://proxy.example/gpd"}
    assert product("GPD").address == "https://proxy.example/gpd"
