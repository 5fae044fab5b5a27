"""Every answer that the node can get from us, against the published schema and through an independent client."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from lxml import etree

from payments.configuration import creditor, simulator_secret
from payments.models import Notice, Receipt
from payments.soap import envelope
from payments.soap.answers import PRIMITIVES
from payments.soap.envelope import child, text
from payments.soap.faults import DESCRIPTIONS
from tests.payments.conftest import NOW, NodeClient, question, receipt_message
from wallets.models import Wallet

QUESTIONS = ("paVerifyPaymentNoticeReq", "paGetPaymentReq", "paGetPaymentV2Request")
RECEIPTS = ("paSendRTReq", "paSendRTV2Request")
UNKNOWN = "301000000099999962"
#: Named in the published list and never said by us; faults.py says why.
NEVER_SAID = {"PAA_PAGAMENTO_IN_CORSO", "PAA_RECEIPT_DUPLICATA", "PAA_ATTIVA_RPT_IMPORTO_NON_VALIDO"}
pytestmark = pytest.mark.django_db
Change = Callable[[Notice, etree._Element], None]


@pytest.fixture
def schema(reference: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(reference / "wsdl" / "xsd" / "paForNode.xsd")))


def put(name: str, value: str) -> Change:
    def change(notice: Notice, message: etree._Element) -> None:
        for found in message.iter(name):
            found.text = value

    return change


def drop(name: str) -> Change:
    def change(notice: Notice, message: etree._Element) -> None:
        for found in list(message.iter(name)):
            found.getparent().remove(found)

    return change


def be(state: str) -> Change:
    def change(notice: Notice, message: etree._Element) -> None:
        Notice.objects.update(state=state, paid_at=NOW if state == "paid" else None)

    return change


def postal(notice: Notice, message: etree._Element) -> None:
    etree.SubElement(
        child(envelope.child(message, "Body"), "paGetPaymentV2Request"), "transferType"
    ).text = "POSTAL"


EVERYBODY, ASKING, DELIVERING = tuple(PRIMITIVES), QUESTIONS, RECEIPTS
FAULTS: list[tuple[str, tuple[str, ...], Change]] = [
    ("PAA_ID_DOMINIO_ERRATO", EVERYBODY, put("idPA", "12345678901")),
    ("PAA_ID_INTERMEDIARIO_ERRATO", EVERYBODY, put("idBrokerPA", "12345678901")),
    ("PAA_STAZIONE_INT_ERRATA", EVERYBODY, put("idStation", "99999000013_77")),
    ("PAA_ID_DOMINIO_ERRATO", ASKING, put("fiscalCode", "12345678901")),
    ("PAA_PAGAMENTO_SCONOSCIUTO", ASKING, put("noticeNumber", UNKNOWN)),
    ("PAA_PAGAMENTO_ANNULLATO", ASKING, be("cancelled")),
    ("PAA_PAGAMENTO_SCADUTO", ASKING, be("expired")),
    ("PAA_PAGAMENTO_DUPLICATO", ASKING, be("paid")),
    ("PAA_SINTASSI_EXTRAXSD", ASKING, put("noticeNumber", "30100000000000428X")),
    ("PAA_SINTASSI_XSD", ASKING, drop("qrCode")),
    ("PAA_SINTASSI_XSD", ASKING, drop("noticeNumber")),
    ("PAA_SEMANTICA", ("paGetPaymentV2Request",), postal),
    ("PAA_SINTASSI_XSD", DELIVERING, drop("receipt")),
    ("PAA_SINTASSI_EXTRAXSD", DELIVERING, put("receiptId", "x" * 36)),
    ("PAA_SINTASSI_EXTRAXSD", DELIVERING, drop("receiptId")),
    ("PAA_SINTASSI_EXTRAXSD", DELIVERING, put("paymentAmount", "trenta")),
]
CASES = [(name, fault, change) for fault, names, change in FAULTS for name in names]


def message_of(name: str, notice: Notice) -> etree._Element:
    raw = receipt_message(notice.nav, "102.00", name=name) if name in RECEIPTS else question(name, notice.nav)
    return etree.fromstring(raw)


@pytest.mark.parametrize(("name", "fault", "change"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_every_fault_is_said_and_is_valid(
    node: NodeClient, schema: etree.XMLSchema, notice: Notice, name: str, fault: str, change: Change
) -> None:
    message = message_of(name, notice)
    change(notice, message)
    response = node.post(etree.tostring(message))
    assert response.status_code == 200
    answer = envelope.open_body(response.content)
    assert etree.QName(answer).localname == PRIMITIVES[name].answer
    assert schema.validate(answer), schema.error_log
    assert (text(answer, "outcome"), text(answer, "fault", "faultCode")) == ("KO", fault)
    assert text(answer, "fault", "faultString") == DESCRIPTIONS[fault]
    assert text(answer, "fault", "id") == creditor().fiscal_code
    assert not Receipt.objects.exists()


@pytest.mark.parametrize("name", EVERYBODY)
def test_our_own_failure_is_a_system_error_after_which_the_node_asks_again(
    node: NodeClient, schema: etree.XMLSchema, notice: Notice, name: str
) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE payments_notice RENAME TO gone")
            cursor.execute("ALTER TABLE payments_receipt RENAME TO gone_too")
        answer = node.ask(etree.tostring(message_of(name, notice)))
        transaction.set_rollback(True)
    assert schema.validate(answer), schema.error_log
    assert text(answer, "fault", "faultCode") == "PAA_SYSTEM_ERROR"


def test_no_fault_of_ours_is_left_untried() -> None:
    tried = {fault for fault, _, _ in FAULTS} | {"PAA_SYSTEM_ERROR"}
    assert tried == set(DESCRIPTIONS)
    assert not NEVER_SAID & set(DESCRIPTIONS)


@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize(
    ("office", "postal_iban"),
    [("", ""), ("x" * 200, "IT60X0542811101000000123456"), ("Scuola & figli <b>", "")],
)
def test_every_ok_is_valid_whatever_the_town_is_called(
    node: NodeClient,
    schema: etree.XMLSchema,
    notice: Notice,
    settings: Any,
    name: str,
    office: str,
    postal_iban: str,
) -> None:
    settings.PAGOPA_OFFICE_NAME, settings.PAGOPA_POSTAL_IBAN = office, postal_iban
    settings.TOWN_NAME = f"Comune di {'Bitritto ' * 30}" if office else "Comune di Sant'Àgata"
    answer = node.ask(etree.tostring(message_of(name, notice)))
    assert schema.validate(answer), schema.error_log
    assert text(answer, "outcome") == "OK"


@pytest.mark.parametrize("first_name", ["Zoë", "\x07Anna", "A" * 60, "D'Àngelo & <Figli>"])
def test_every_name_fits_the_schema(
    node: NodeClient, schema: etree.XMLSchema, notice: Notice, wallet: Wallet, first_name: str
) -> None:
    debtor = wallet.household.applicant
    type(debtor).objects.filter(pk=debtor.pk).update(first_name=first_name)
    answer = node.ask(question("paGetPaymentV2Request", notice.nav))
    assert schema.validate(answer), schema.error_log


class TestThePostalAccount:
    def test_a_slip_is_paid_to_the_postal_account_and_the_rest_to_the_bank(
        self, node: NodeClient, schema: etree.XMLSchema, notice: Notice, settings: Any
    ) -> None:
        settings.PAGOPA_POSTAL_IBAN = "IT60X0760111101000000123456"
        message = message_of("paGetPaymentV2Request", notice)
        assert self.iban(node, message) == creditor().iban
        postal(notice, message)
        assert self.iban(node, message) == "IT60X0760111101000000123456"
        answer = node.ask(question("paVerifyPaymentNoticeReq", notice.nav))
        assert text(answer, "paymentList", "paymentOptionDescription", "allCCP") == "true"

    def iban(self, node: NodeClient, message: etree._Element) -> str:
        return text(node.ask(etree.tostring(message)), "data", "transferList", "transfer", "IBAN")


def test_whatever_is_paid_for_the_transfers_is_what_is_owed(node: NodeClient, notice: Notice) -> None:
    """The schema cannot see it: the sum of the transfers is the amount, the company is named, the reference has the IUV."""
    data = child(node.ask(question("paGetPaymentV2Request", notice.nav)), "data")
    transfers = list(child(data, "transferList"))
    assert sum(Decimal(text(one, "transferAmount")) for one in transfers) == Decimal(
        text(data, "paymentAmount")
    )
    assert {text(one, "companyName") for one in transfers} == {creditor().name}
    assert notice.iuv in text(transfers[0], "remittanceInformation")
    assert text(transfers[0], "transferCategory") == creditor().taxonomy


@pytest.mark.parametrize("prefix", ["soapenv", "S", ""])
def test_prefixes_and_case_say_nothing(node: NodeClient, notice: Notice, prefix: str) -> None:
    raw = question("paVerifyPaymentNoticeReq", notice.nav)
    raw = raw.replace(b"soapenv:", f"{prefix}:".encode() if prefix else b"").replace(
        b"xmlns:soapenv", f"xmlns:{prefix}".encode() if prefix else b"xmlns"
    )
    assert node.outcome(raw) == "OK"


class TestZeep:
    """An independent client made from the official WSDL, over real HTTP."""

    @pytest.fixture
    def service(self, live_server: Any, reference: Path) -> Any:
        import zeep
        from zeep.transports import Transport

        transport = Transport()
        transport.session.trust_env = False
        transport.session.headers[settings.PAGOPA_CALLER_HEADER] = simulator_secret()
        client = zeep.Client(str(reference / "wsdl" / "paForNode.wsdl"), transport=transport)
        return client.create_service(next(iter(client.wsdl.bindings)), f"{live_server}/pagopa/ws")

    @pytest.fixture
    def who(self) -> dict[str, str]:
        body = creditor()
        return {"idPA": body.fiscal_code, "idBrokerPA": body.broker, "idStation": body.stations[0]}

    def code(self, nav: str) -> dict[str, str]:
        return {"fiscalCode": creditor().fiscal_code, "noticeNumber": nav}

    def receipt(self, nav: str, amount: str, receipt_id: str = "a" * 32) -> dict[str, Any]:
        person = {
            "uniqueIdentifier": {"entityUniqueIdentifierType": "F", "entityUniqueIdentifierValue": "ANONIMO"},
            "fullName": "Anonimo",
        }
        transfer = {
            "idTransfer": 1,
            "transferAmount": Decimal(amount),
            "fiscalCodePA": creditor().fiscal_code,
            "IBAN": creditor().iban,
            "remittanceInformation": "mensa",
            "transferCategory": creditor().taxonomy,
        }
        return {
            "receiptId": receipt_id,
            "noticeNumber": nav,
            "fiscalCode": creditor().fiscal_code,
            "outcome": "OK",
            "creditorReferenceId": nav[1:],
            "paymentAmount": Decimal(amount),
            "description": "mensa",
            "companyName": "Comune",
            "debtor": person,
            "transferList": {"transfer": [transfer]},
            "idPSP": "BANCA",
            "PSPCompanyName": "Banca di prova",
            "idChannel": "BANCA_01",
            "channelDescription": "app",
        }

    @pytest.mark.django_db(transaction=True)
    def test_a_notice_is_verified_activated_and_paid(
        self, service: Any, who: dict[str, str], notice: Notice, wallet: Wallet
    ) -> None:
        said = service.paVerifyPaymentNotice(**who, qrCode=self.code(notice.nav))
        option = said.paymentList.paymentOptionDescription
        assert (said.outcome, option.amount, str(option.dueDate)) == ("OK", Decimal("102.00"), "2026-12-24")
        for ask in (service.paGetPayment, service.paGetPaymentV2):
            data = ask(**who, qrCode=self.code(notice.nav)).data
            assert data.transferList.transfer[0].transferAmount == data.paymentAmount == Decimal("102.00")
        for send in (service.paSendRT, service.paSendRTV2, service.paSendRTV2):
            assert send(**who, receipt=self.receipt(notice.nav, "102.00")).outcome == "OK"
        wallet.refresh_from_db()
        assert wallet.balance == Decimal("102.00")
        assert Receipt.objects.get().deliveries == 3
        said = service.paVerifyPaymentNotice(**who, qrCode=self.code(notice.nav))
        assert (said.outcome, said.fault.faultCode) == ("KO", "PAA_PAGAMENTO_DUPLICATO")

    @pytest.mark.django_db(transaction=True)
    def test_what_is_odd_is_answered_ok_credited_and_flagged(
        self, service: Any, who: dict[str, str], issue: Callable[..., Notice], wallet: Wallet
    ) -> None:
        cancelled, expired, dearer, paid = (issue() for _ in range(4))
        Notice.objects.filter(pk=cancelled.pk).update(state="cancelled")
        Notice.objects.filter(pk=expired.pk).update(state="expired")
        sent = [
            (cancelled, "102.00"),
            (expired, "102.00"),
            (dearer, "90.00"),
            (paid, "102.00"),
            (paid, "102.00"),
        ]
        for number, (notice, amount) in enumerate(sent):
            receipt = self.receipt(notice.nav, amount, receipt_id=f"receipt-{number}")
            assert service.paSendRTV2(**who, receipt=receipt).outcome == "OK"
        unknown = self.receipt(UNKNOWN, "50.00", receipt_id="receipt-unknown")
        assert service.paSendRTV2(**who, receipt=unknown).outcome == "OK"
        wallet.refresh_from_db()
        assert wallet.balance == Decimal("498.00")
        states = list(Receipt.objects.order_by("pk").values_list("state", flat=True))
        assert states == ["credited"] * 5 + ["to_review"]
        flags = list(Receipt.objects.order_by("pk").values_list("flag", flat=True))
        assert [bool(flag) for flag in flags] == [True, True, True, False, True, True]

    @pytest.mark.django_db(transaction=True)
    def test_every_operation_says_ko_with_a_fault(
        self, service: Any, who: dict[str, str], notice: Notice
    ) -> None:
        stranger = {**who, "idStation": "99999000013_77"}
        receipt = self.receipt(notice.nav, "102.00")
        answers = [
            *(
                ask(**stranger, qrCode=self.code(notice.nav))
                for ask in (service.paVerifyPaymentNotice, service.paGetPayment, service.paGetPaymentV2)
            ),
            *(send(**stranger, receipt=receipt) for send in (service.paSendRT, service.paSendRTV2)),
        ]
        assert {(said.outcome, said.fault.faultCode) for said in answers} == {
            ("KO", "PAA_STAZIONE_INT_ERRATA")
        }


def test_the_samples_of_the_specification_are_answered(
    node: NodeClient, reference: Path, notice: Notice
) -> None:
    """The questions as published, but for whom they are addressed to."""
    body = creditor()
    for name in ("paVerifyPaymentNoticeReq.xml", "paGetPaymentV2Request.xml"):
        message = etree.fromstring((reference / "samples" / "soap" / name).read_bytes())
        for element, value in (
            ("idPA", body.fiscal_code),
            ("idBrokerPA", body.broker),
            ("idStation", body.stations[0]),
            ("fiscalCode", body.fiscal_code),
            ("noticeNumber", notice.nav),
        ):
            put(element, value)(notice, message)
        assert node.outcome(etree.tostring(message)) == "OK"


class TestTheDoor:
    """The proxy ends mutual TLS and sets a header; what it must not let through is nobody else's to set."""

    def test_in_a_real_mode_the_value_of_the_settings_opens(
        self, node: NodeClient, notice: Notice, settings: Any
    ) -> None:
        settings.PAGOPA_MODE, settings.PAGOPA_CALLER_VALUE = "station", "un-segreto-lungo-e-casuale"
        message = question("paVerifyPaymentNoticeReq", notice.nav)
        assert node.post(message, secret="un-segreto-lungo-e-casuale").status_code == 200
        for wrong in ("", simulator_secret(), "un-segreto-lungo-e-casualE"):
            assert node.post(message, secret=wrong).status_code == 403

    def test_without_a_value_nobody_is_let_in(self, node: NodeClient, notice: Notice, settings: Any) -> None:
        settings.PAGOPA_MODE, settings.PAGOPA_CALLER_VALUE = "station", ""
        assert node.post(question("paVerifyPaymentNoticeReq", notice.nav), secret="").status_code == 403

    def test_the_header_has_the_name_of_the_settings(
        self, node: NodeClient, notice: Notice, settings: Any
    ) -> None:
        settings.PAGOPA_CALLER_HEADER = "X-Nodo"
        message = question("paVerifyPaymentNoticeReq", notice.nav)
        assert node.post(message).status_code == 200
        raw = node._client.post(
            "/pagopa/ws", message, content_type="text/xml", headers={"X-Pagopa-Caller": simulator_secret()}
        )
        assert raw.status_code == 403

    def test_a_body_without_a_length_is_not_read(self, node: NodeClient) -> None:
        from django.test import RequestFactory

        from payments.views.node import soap

        request = RequestFactory().post(
            "/pagopa/ws",
            b"x",
            content_type="text/xml",
            headers={settings.PAGOPA_CALLER_HEADER: simulator_secret()},
        )
        request.META["CONTENT_LENGTH"] = ""
        answer = soap(request)
        assert (answer.status_code, b"Content-Length required" in answer.content) == (500, True)
