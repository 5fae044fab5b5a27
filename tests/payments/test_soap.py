"""What the node asks and what we answer: the published schema, an independent client, hostile messages."""

import datetime as dt
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from lxml import etree

from mensa import clock
from payments.models import Notice, PaymentRules, Receipt
from payments.soap import envelope
from payments.soap.envelope import child, text
from tests import cast
from tests.payments.conftest import NOW, NodeClient, question, receipt_message
from wallets.models import Entry

QUESTIONS = ("paVerifyPaymentNoticeReq", "paGetPaymentReq", "paGetPaymentV2Request")
UNKNOWN = "301000000099999962"
pytestmark = pytest.mark.django_db


@pytest.fixture
def schema(reference: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(reference / "wsdl" / "xsd" / "paForNode.xsd")))


def test_verify_says_amount_due_date_and_subject(node: NodeClient, notice: Notice) -> None:
    answer = node.ask(question("paVerifyPaymentNoticeReq", notice.nav))
    option = child(child(answer, "paymentList"), "paymentOptionDescription")
    assert text(option, "amount") == "102.00"
    assert text(option, "options") == "EQ"
    assert text(option, "dueDate") == "2026-12-24"
    assert text(answer, "paymentDescription") == notice.subject
    assert text(answer, "companyName") == settings.TOWN_NAME


def test_get_payment_names_the_parent_as_debtor_and_never_the_child(
    node: NodeClient, notice: Notice, town: cast.Town
) -> None:
    answer = node.ask(question("paGetPaymentV2Request", notice.nav))
    data = child(answer, "data")
    assert text(data, "creditorReferenceId") == notice.iuv
    assert text(data, "debtor", "fullName") == "Anna Rossi"
    assert text(data, "debtor", "uniqueIdentifier", "entityUniqueIdentifierValue") == cast.ANNA.fiscal_code
    said = etree.tostring(answer, encoding="unicode")
    assert "Luca" not in said
    assert "Bianchi" not in said


def test_asking_twice_gets_the_same_answer_and_locks_nothing(node: NodeClient, notice: Notice) -> None:
    first = etree.tostring(node.ask(question("paGetPaymentV2Request", notice.nav)))
    assert etree.tostring(node.ask(question("paGetPaymentV2Request", notice.nav))) == first


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_answer_is_valid_against_the_published_schema(
    node: NodeClient, schema: etree.XMLSchema, notice: Notice, name: str
) -> None:
    for nav in (notice.nav, UNKNOWN):
        answer = node.ask(question(name, nav))
        assert schema.validate(answer), schema.error_log


@pytest.mark.parametrize("name", ["paSendRTReq", "paSendRTV2Request"])
def test_every_receipt_is_answered_ok_and_validly(
    node: NodeClient, schema: etree.XMLSchema, notice: Notice, name: str
) -> None:
    message = receipt_message(notice.nav, "102.00", name=name)
    assert schema.validate(envelope.open_body(message)), schema.error_log
    answer = node.ask(message)
    assert schema.validate(answer), schema.error_log
    assert text(answer, "outcome") == "OK"
    assert Entry.objects.get().amount == Decimal("102.00")


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("paid", "PAA_PAGAMENTO_DUPLICATO"),
        ("cancelled", "PAA_PAGAMENTO_ANNULLATO"),
        ("expired", "PAA_PAGAMENTO_SCADUTO"),
    ],
)
def test_a_notice_that_cannot_be_paid_says_why(
    node: NodeClient, notice: Notice, name: str, state: str, fault: str
) -> None:
    Notice.objects.update(state=state, paid_at=NOW if state == "paid" else None)
    assert node.outcome(question(name, notice.nav)) == fault


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_notice_past_its_date_is_expired_also_before_the_sweep_has_said_so(
    node: NodeClient, issue: Callable[..., Notice], name: str
) -> None:
    """By the rule of the sweep: a child's notice when the office wants so, a top-up always."""
    yesterday = clock.today() - dt.timedelta(days=1)
    child, top_up = issue(due_date=yesterday), issue(pupil=None, due_date=yesterday)
    assert node.outcome(question(name, child.nav)) == "OK"
    assert node.outcome(question(name, top_up.nav)) == "PAA_PAGAMENTO_SCADUTO"
    PaymentRules.objects.create(
        act="Delibera 1", payable_after_due=False, valid_from=yesterday - dt.timedelta(days=99)
    )
    assert node.outcome(question(name, child.nav)) == "PAA_PAGAMENTO_SCADUTO"
    assert node.outcome(question(name, issue(due_date=clock.today()).nav)) == "OK"


def test_an_unknown_number_is_unknown(node: NodeClient) -> None:
    assert node.outcome(question("paVerifyPaymentNoticeReq", UNKNOWN)) == "PAA_PAGAMENTO_SCONOSCIUTO"


@pytest.mark.parametrize(
    ("element", "fault"),
    [
        ("idPA", "PAA_ID_DOMINIO_ERRATO"),
        ("idBrokerPA", "PAA_ID_INTERMEDIARIO_ERRATO"),
        ("idStation", "PAA_STAZIONE_INT_ERRATA"),
    ],
)
def test_a_message_for_somebody_else_is_told_so(
    node: NodeClient, notice: Notice, element: str, fault: str
) -> None:
    root = etree.fromstring(question("paVerifyPaymentNoticeReq", notice.nav))
    for found in root.iter(element):
        found.text = "12345678901"
    assert node.outcome(etree.tostring(root)) == fault


def test_the_examples_of_the_specification_are_read(
    node: NodeClient, reference: Path, schema: etree.XMLSchema
) -> None:
    """Also the one that the schema itself refuses (<standin>)."""
    for name in ("paSendRTV2Request.as-in-doc.xml", "paSendRTV2Request.fixed-standIn.xml"):
        ours = (reference / "samples" / "soap" / name).read_bytes().replace(b"77777777777", b"99999000013")
        assert node.outcome(ours) == "OK"
    receipt = Receipt.objects.get()
    assert (receipt.amount, receipt.fee, receipt.deliveries) == (Decimal("30.00"), Decimal("2.00"), 2)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"not xml",
        b"<a/>",
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>'.encode("utf-16"),
        b"<a>" * 100_000,
        question("paDemandPaymentNoticeRequest", UNKNOWN),
    ],
    ids=[
        "empty",
        "text",
        "no envelope",
        "no message",
        "entity of a file",
        "utf-16 entity",
        "deep",
        "unknown operation",
    ],
)
def test_a_hostile_message_gets_a_soap_fault_and_leaves_nothing(node: NodeClient, message: bytes) -> None:
    response = node.post(message)
    assert response.status_code == 500
    assert b"Fault" in response.content
    assert b"root:" not in response.content
    assert not Receipt.objects.exists()


def test_a_bomb_of_entities_is_refused(node: NodeClient) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    message = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "ha">{levels}]><l>&l11;</l>'
    assert node.post(message.encode()).status_code == 500


def test_a_message_over_a_megabyte_is_not_read(node: NodeClient) -> None:
    response = node.post(b"<a>" + b" " * 1024 * 1024 + b"</a>")
    assert (response.status_code, b"Message too large" in response.content) == (500, True)


def test_nobody_but_the_node_is_listened_to(node: NodeClient, notice: Notice) -> None:
    message = receipt_message(notice.nav, "102.00")
    for secret in ("", "guessed"):
        assert node.post(message, secret=secret).status_code == 403
    assert not Receipt.objects.exists()


def test_reading_the_address_is_not_calling_it(node: NodeClient, client: object) -> None:
    assert node._client.get("/pagopa/ws").status_code == 405


@pytest.mark.parametrize(
    ("wrong", "right"), [("receiptId", "x" * 36), ("paymentAmount", "molti"), ("receiptId", "")]
)
def test_a_receipt_without_its_essentials_is_sent_back(
    node: NodeClient, notice: Notice, wrong: str, right: str
) -> None:
    root = etree.fromstring(receipt_message(notice.nav, "102.00"))
    for found in root.iter(wrong):
        found.text = right
    assert node.outcome(etree.tostring(root)) == "PAA_SINTASSI_EXTRAXSD"
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("fee", "999999999.99"),
        ("fee", "gratis"),
        ("paymentDateTime", "0001-01-01T00:00:00"),
        ("paymentDateTime", "ieri"),
    ],
)
def test_what_is_odd_beside_the_essentials_stops_no_receipt(
    node: NodeClient, notice: Notice, element: str, value: str
) -> None:
    root = etree.fromstring(receipt_message(notice.nav, "102.00"))
    for found in root.iter(element):
        found.text = value
    assert node.outcome(etree.tostring(root)) == "OK"
    assert Entry.objects.get().amount == Decimal("102.00")


def test_an_amount_that_no_wallet_holds_waits_for_a_person(node: NodeClient, notice: Notice) -> None:
    assert node.outcome(receipt_message(notice.nav, "999999999.99")) == "OK"
    receipt = Receipt.objects.get()
    assert (receipt.state, Entry.objects.exists()) == (Receipt.State.TO_REVIEW, False)
    assert "troppo grande" in receipt.flag


def test_zeros_before_an_amount_say_nothing(node: NodeClient, notice: Notice) -> None:
    """The schema allows them."""
    assert node.outcome(receipt_message(notice.nav, "0000000102.00")) == "OK"
    assert (Entry.objects.get().amount, Receipt.objects.get().flag) == (Decimal("102.00"), "")


def test_a_payment_dated_in_the_future_counts_from_the_day_it_came(node: NodeClient, notice: Notice) -> None:
    root = etree.fromstring(receipt_message(notice.nav, "102.00"))
    for found in root.iter("paymentDateTime"):
        found.text = "2099-12-31T10:00:00"
    assert node.outcome(etree.tostring(root)) == "OK"
    assert Entry.objects.get().value_day == clock.today()
    receipt = Receipt.objects.to_review().get()
    assert "nel futuro (31/12/2099)" in receipt.flag
    notice.refresh_from_db()
    assert notice.paid_at == receipt.paid_at == receipt.received_at


def test_a_name_that_xml_cannot_carry_is_written_without_it(
    node: NodeClient, schema: etree.XMLSchema, notice: Notice, town: cast.Town
) -> None:
    applicant = town.family.applicant
    applicant.first_name = "An\ufffena\uffff\x0b"
    applicant.save(update_fields=["first_name"])
    answer = node.ask(question("paGetPaymentV2Request", notice.nav))
    assert schema.validate(answer), schema.error_log
    assert text(child(answer, "data"), "debtor", "fullName") == "Anna Rossi"


def test_whatever_cannot_be_written_is_our_failure_and_an_answer(
    node: NodeClient, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "printable", lambda value: f"{value}\x00" if "Rossi" in value else value)
    assert node.outcome(question("paGetPaymentV2Request", notice.nav)) == "PAA_SYSTEM_ERROR"


def test_an_address_that_the_schema_refuses_is_left_out(
    node: NodeClient, schema: etree.XMLSchema, notice: Notice, town: cast.Town
) -> None:
    applicant = town.family.applicant
    applicant.email = "d'angelo&figli@posta.example"
    applicant.save(update_fields=["email"])
    answer = node.ask(question("paGetPaymentV2Request", notice.nav))
    assert schema.validate(answer), schema.error_log
    assert "posta.example" not in etree.tostring(answer, encoding="unicode")


def shared(nav: str, *, payee: str = "", ours: str = "60.00", theirs: str = "42.00") -> bytes:
    """A receipt of 102.00 euro whose money goes to the town and to another body."""
    root = etree.fromstring(receipt_message(nav, "102.00"))
    (receipt,), (transfer,) = root.iter("receipt"), root.iter("transfer")
    other = deepcopy(transfer)
    for item, number, code, amount in ((transfer, "1", "", ours), (other, "2", "12345678901", theirs)):
        for name, value in (("idTransfer", number), ("fiscalCodePA", code), ("transferAmount", amount)):
            found = child(item, name)
            assert found is not None
            found.text = value or found.text
    transfer.addnext(other)
    body = child(receipt, "fiscalCode")
    assert body is not None
    body.text = payee or body.text
    return etree.tostring(root)


def test_of_a_notice_paid_to_two_bodies_the_family_has_paid_all_and_a_person_looks(
    node: NodeClient, notice: Notice
) -> None:
    assert node.outcome(shared(notice.nav)) == "OK"
    assert Entry.objects.get().amount == Decimal("102.00")
    receipt = Receipt.objects.to_review().get()
    assert "Solo 60,00 euro su 102,00 vanno al comune" in receipt.flag


def test_our_part_of_another_body_s_notice_waits_for_a_person(node: NodeClient, notice: Notice) -> None:
    message = shared(UNKNOWN, payee="12345678901")
    assert [node.outcome(message), node.outcome(message)] == ["OK", "OK"]
    receipt = Receipt.objects.to_review().get()
    assert (receipt.amount, receipt.state) == (Decimal("60.00"), Receipt.State.TO_REVIEW)
    assert receipt.flag == "Parte per il comune (60,00) di un avviso di un altro ente."
    assert receipt.raw


def test_of_other_services_receipts_the_document_is_not_kept(node: NodeClient, notice: Notice) -> None:
    """It names a debtor who has nothing to do with the canteen; also when another body has a part of it."""
    assert node.outcome(shared("347000000000000000")) == "OK"
    receipt = Receipt.objects.get()
    assert (receipt.state, receipt.raw, receipt.flag) == (Receipt.State.IGNORED, "", "")
    assert node.outcome(receipt_message(notice.nav, "102.00", receipt_id="ours")) == "OK"
    assert "Anonimo" in Receipt.objects.get(receipt_id="ours").raw


def test_documents_of_others_kept_in_the_past_are_removed(node: NodeClient, notice: Notice) -> None:
    node.outcome(receipt_message("347000000000000000", "5.00", receipt_id="theirs"))
    node.outcome(receipt_message(notice.nav, "102.00", receipt_id="ours"))
    Receipt.objects.filter(receipt_id="theirs").update(raw="<fullName>Mario Rossi</fullName>")
    with connection.cursor() as cursor:
        cursor.execute(import_module("payments.migrations.0021_no_documents_of_others").FORWARD)
    assert Receipt.objects.get(receipt_id="theirs").raw == ""
    assert Receipt.objects.get(receipt_id="ours").raw
