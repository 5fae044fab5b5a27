"""The creditor body as the node sees it: three SOAP questions over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from lxml import etree

from payments.soap import envelope
from payments.soap.envelope import Content, child, text

VERIFY_SECONDS = 7.0
RECEIPT_SECONDS = 15.0


class Refused(Exception):
    """The body answered KO; str() is the fault code."""


class Silent(Exception):
    """The body is down, slow or answers garbage: the node will try again."""


@dataclass(frozen=True)
class CreditorBody:
    """Where it listens and what the node must say to be believed."""

    address: str
    headers: Mapping[str, str]
    broker: str
    station: str

    def verify(self, *, fiscal_code: str, nav: str) -> etree._Element:
        return self._ask(
            "paVerifyPaymentNotice", "paVerifyPaymentNoticeReq", self._question(fiscal_code, nav)
        )

    def get_payment(self, *, fiscal_code: str, nav: str, note: str) -> etree._Element:
        question = [*self._question(fiscal_code, nav), ("paymentNote", note or None)]
        answer = self._ask("paGetPaymentV2", "paGetPaymentV2Request", question)
        data = child(answer, "data")
        if data is None:
            raise Silent("paGetPaymentV2 without data")
        return data

    def send(self, message: bytes) -> None:
        """Deliver a receipt that has been written before; silence and KO both mean: again later."""
        self._post("paSendRTV2", message, RECEIPT_SECONDS)

    def receipt(self, fiscal_code: str, content: Content) -> bytes:
        return envelope.write("paSendRTV2Request", [*self._caller(fiscal_code), ("receipt", content)])

    def _caller(self, fiscal_code: str) -> Content:
        return [("idPA", fiscal_code), ("idBrokerPA", self.broker), ("idStation", self.station)]

    def _question(self, fiscal_code: str, nav: str) -> Content:
        code: Content = [("fiscalCode", fiscal_code), ("noticeNumber", nav)]
        return [*self._caller(fiscal_code), ("qrCode", code)]

    def _ask(self, action: str, name: str, content: Content) -> etree._Element:
        return self._post(action, envelope.write(name, content), VERIFY_SECONDS)

    def _post(self, action: str, message: bytes, seconds: float) -> etree._Element:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action, **self.headers}
        try:
            answer = httpx.post(
                self.address, content=message, headers=headers, timeout=seconds, trust_env=False
            )
            body = envelope.open_body(answer.content)
        except (httpx.HTTPError, envelope.UnreadableEnvelope) as problem:
            raise Silent(type(problem).__name__) from problem
        if text(body, "outcome") == "OK":
            return body
        raise Refused(text(body, "fault", "faultCode") or f"HTTP {answer.status_code}")
