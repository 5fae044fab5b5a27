"""Receipts fetched from GPD's list: the channel of a town without a station."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from payments import polling, receipts
from payments.models import Notice, Receipt
from payments.soap import envelope
from payments.soap.envelope import NODE
from tests.payments import outside
from tests.payments.conftest import NOW, receipt_message
from tests.payments.outside import Pagopa, answer
from tests.payments.test_receipts import incoming
from wallets.models import Entry, Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _switched_on(settings: Any) -> None:
    settings.PAGOPA_POLL_RECEIPTS = True


def listed(*iuvs: str) -> outside.Say:
    return answer(200, {"receipts_list": [{"iuv": iuv, "status": "PAID", "debtor": "x"} for iuv in iuvs]})


def stored(notice: Notice, root: str = "PaSendRTV2Request", receipt_id: str = "r1") -> bytes:
    """The receipt as GPD keeps it: by itself, the root in no namespace."""
    message = envelope.open_body(receipt_message(notice.nav, "102.00", receipt_id=receipt_id))
    bare = etree.Element(root)
    bare.extend(list(message))
    return etree.tostring(bare, xml_declaration=True, encoding="UTF-8")


def document(notice: Notice, root: str = "PaSendRTV2Request") -> outside.Say:
    return answer(200, stored(notice, root))


@pytest.mark.parametrize("root", ["paSendRTReq", "PaSendRTV2Request"])
def test_a_payment_in_the_list_is_fetched_and_credited_once(
    pagopa: Pagopa, notice: Notice, wallet: Wallet, root: str
) -> None:
    pagopa.script = [listed(notice.iuv, notice.iuv), document(notice, root)]
    assert polling.poll(now=NOW) == 1
    pagopa.script = [listed(notice.iuv)]
    assert polling.poll(now=NOW) == 0
    wallet.refresh_from_db()
    assert (wallet.balance, Receipt.objects.get().channel) == (Decimal("102.00"), "poll")
    assert pagopa.questions() == ["GET receipts", f"GET {notice.iuv}", "GET receipts"]


def test_the_stored_document_is_valid_once_its_root_has_its_namespace_again(
    reference: Path, notice: Notice
) -> None:
    schema = etree.XMLSchema(etree.parse(str(reference / "wsdl" / "xsd" / "paForNode.xsd")))
    bare = envelope.open_document(stored(notice))
    assert not schema.validate(bare)
    whole = etree.Element(f"{{{NODE}}}paSendRTV2Request")
    whole.extend(list(bare))
    assert schema.validate(whole), schema.error_log


def test_of_other_services_and_of_what_is_here_nothing_is_fetched(pagopa: Pagopa, notice: Notice) -> None:
    receipts.record(incoming=incoming(notice.nav, receipt_id="r1"), channel="soap", now=NOW)
    pagopa.script = [listed(notice.iuv, "47000000000000001")]
    assert polling.poll(now=NOW) == 0
    assert pagopa.questions() == ["GET receipts"]


def test_the_pages_are_turned_to_the_last(pagopa: Pagopa) -> None:
    full = [f"02{number:015d}" for number in range(100)]
    pagopa.script = [listed(*full), listed(*full[:3])]
    assert polling.poll(now=NOW) == 0
    assert [one.path.partition("pageNum=")[2][0] for one in pagopa.asked] == ["0", "1"]
    assert "segregationCodes=01" in pagopa.asked[0].path


def test_it_looks_back_to_its_last_receipt_and_never_further_than_they_are_kept(
    pagopa: Pagopa, notice: Notice
) -> None:
    pagopa.otherwise = answer(404)
    polling.poll(now=NOW)
    receipts.record(incoming=incoming(notice.nav), channel="poll", now=NOW)
    polling.poll(now=NOW + dt.timedelta(days=3))
    polling.poll(now=NOW + dt.timedelta(days=90))
    since = [one.path.partition("from=")[2][:10] for one in pagopa.asked]
    assert since == ["2026-10-25", "2026-11-22", "2027-01-23"]


def test_a_document_that_cannot_be_read_keeps_no_other_from_coming(pagopa: Pagopa, issue: Any) -> None:
    bad, good = issue(), issue()
    bomb = b'<!DOCTYPE a [<!ENTITY b "x">]><PaSendRTV2Request>&b;</PaSendRTV2Request>'
    pagopa.script = [listed(bad.iuv, good.iuv, "01999"), answer(200, bomb), document(good), answer(404)]
    assert polling.poll(now=NOW) == 1
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    "trouble", [answer(500), answer(429), answer(401), outside.garbage, answer(200, {"x": 1}), answer(403)]
)
def test_trouble_is_for_the_next_round(pagopa: Pagopa, notice: Notice, trouble: outside.Say) -> None:
    pagopa.otherwise = trouble
    assert polling.poll(now=NOW) == 0
    pagopa.script = [listed(notice.iuv), document(notice)]
    assert polling.poll(now=NOW) == 1


def test_where_it_is_not_chosen_nobody_is_asked(pagopa: Pagopa, settings: Any) -> None:
    settings.PAGOPA_POLL_RECEIPTS = False
    assert polling.poll(now=NOW) == 0
    settings.PAGOPA_POLL_RECEIPTS, settings.PAGOPA_MODE = True, "station"
    assert polling.poll(now=NOW) == 0
    assert pagopa.asked == []
