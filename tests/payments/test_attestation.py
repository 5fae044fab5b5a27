"""The payer's attestation: what it says, when there is one, and for whom."""

import io
from collections.abc import Callable
from decimal import Decimal

import pypdf
import pytest
from django.test import Client
from django.urls import reverse

from payments import receipt_pdf, receipts
from payments.models import Notice
from payments.rules import identifiers
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.test_receipts import incoming
from wallets import ledger

pytestmark = pytest.mark.django_db
ID = "c110729d258c4ab1b765fe902aae41d6"


def pay(notice: Notice, channel: str = "soap", receipt_id: str = ID) -> None:
    paid = incoming(notice.nav, receipt_id=receipt_id, psp="Banca di prova", fee=Decimal("1.50"))
    receipts.record(incoming=paid, channel=channel, now=NOW)


def address(notice: Notice) -> str:
    return reverse("payments:payment_pdf", args=[notice.token])


def words(document: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(document)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_it_says_what_the_guidelines_want(notice: Notice) -> None:
    pay(notice)
    text = words(receipt_pdf.render(receipt_pdf.of(notice)))
    for expected in (
        "Attestazione di pagamento",
        "102,00",
        "martedì 24 novembre 2026, ore 10:00",
        "Comune di Bitritto",
        "99999000013",
        notice.subject,
        identifiers.printed(notice.nav),
        notice.iuv,
        "Banca di prova",
        ID,
        "1,50",
        "Anna Rossi",
        "SIMULAZIONE",
    ):
        assert expected in text
    assert "Luca" not in text


def test_it_is_tagged_titled_and_in_italian(notice: Notice) -> None:
    pay(notice)
    catalog = pypdf.PdfReader(io.BytesIO(receipt_pdf.render(receipt_pdf.of(notice)))).root_object
    assert catalog["/Lang"] == "it"
    assert "/StructTreeRoot" in catalog


def test_the_family_and_the_office_download_it_and_strangers_do_not(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    pay(notice)
    for user in (town.anna, town.bruno, town.enzo, town.gino):
        assert client_of(user).get(address(notice)).content.startswith(b"%PDF-")
    assert client_of(town.carla).get(address(notice)).status_code == 404
    assert client_of(town.dora).get(address(notice)).status_code == 403


def test_the_family_finds_it_where_it_pays(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    pay(notice)
    page = client_of(town.anna).get(reverse("payments:pay", args=[town.family.code])).content.decode()
    assert address(notice) in page


def test_before_the_payment_there_is_none(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    assert client_of(town.anna).get(address(notice)).status_code == 404


def test_a_paper_receipt_attests_nothing_until_the_node_confirms_it(notice: Notice) -> None:
    pay(notice, "upload")
    assert not receipt_pdf.of(notice).exists()
    pay(notice, "soap")
    assert receipt_pdf.of(notice).count() == 1


def test_two_payments_are_two_pages_and_a_revoked_one_is_none(notice: Notice, town: cast.Town) -> None:
    pay(notice)
    pay(notice, receipt_id="second")
    document = receipt_pdf.render(receipt_pdf.of(notice))
    assert len(pypdf.PdfReader(io.BytesIO(document)).pages) == 2
    first = receipt_pdf.of(notice)[0]
    ledger.reverse(entry=first.entry, reason="Revocato.", by=town.enzo, now=NOW)
    assert [row.receipt_id for row in receipt_pdf.of(notice)] == ["second"]
