"""Notices: their numbers, their end, their paper."""

import datetime as dt
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pypdf
import pypdfium2
import pytest
import zxingcpp
from django.core.exceptions import SuspiciousFileOperation
from django.db import connection
from django.test import Client
from django.urls import reverse

from identity import pdf
from identity.pdf import PdfUnavailable
from payments import notice_pdf, notices
from payments.errors import PaymentRefused
from payments.models import Campaign, Notice
from payments.rules import identifiers
from tests import cast
from tests.payments.conftest import NOW
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


def decoded(document: bytes) -> list[tuple[str, str]]:
    """Every code of every page, read from a raster at 150 dpi by a decoder that did not draw them."""
    with pypdfium2.PdfDocument(document) as pages:
        images = [page.render(scale=150 / 72).to_pil() for page in pages]
    return [(code.format.name, code.text) for image in images for code in zxingcpp.read_barcodes(image)]


def words(document: bytes) -> str:
    return " ".join(pypdf.PdfReader(io.BytesIO(document)).pages[0].extract_text().split())


def test_a_number_carries_our_segregation_code_and_its_check_digits(notice: Notice) -> None:
    number = identifiers.parse(notice.nav)
    assert (number.aux, number.segregation) == ("3", "01")
    assert number.check_digits_hold


def test_a_notice_of_nothing_is_refused(issue: Callable[..., Notice]) -> None:
    with pytest.raises(PaymentRefused, match="maggiore di zero"):
        issue("0.00")


@pytest.mark.django_db(transaction=True)
def test_sixteen_hands_never_draw_the_same_number(issue: Callable[..., Notice]) -> None:
    def draw(_: int) -> str:
        try:
            return issue().nav
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(draw, range(48)))
    assert len(set(numbers)) == 48


def test_a_campaign_has_one_notice_per_child_whoever_asks(
    issue: Callable[..., Notice], town: cast.Town
) -> None:
    campaign = Campaign.objects.create(
        year=town.year,
        name="30 pasti",
        price_day=NOW.date(),
        due_date=NOW.date(),
        created_by=town.enzo,
        created_at=NOW,
    )
    assert issue(campaign=campaign) == issue("999.00", campaign=campaign)
    assert Notice.objects.get().amount == Decimal("102.00")


def test_top_ups_left_behind_expire_and_children_s_notices_stay_payable(issue: Callable[..., Notice]) -> None:
    child, top_up = issue(), issue(pupil=None)
    Notice.objects.update(due_date=dt.date(2026, 11, 1))
    assert notices.expire_due(now=NOW) == 1
    assert list(Notice.objects.payable()) == [child]
    top_up.refresh_from_db()
    assert top_up.state == Notice.State.EXPIRED


def test_a_paid_notice_is_not_cancelled(notice: Notice) -> None:
    Notice.objects.update(state="paid", paid_at=NOW)
    assert notices.cancel(notice=notice) is False


# -- paper ---------------------------------------------------------------------------------------------------------
def test_the_paper_is_one_page_and_its_code_is_read_back(notice: Notice) -> None:
    document = notice_pdf.render([notice])
    assert len(pypdf.PdfReader(io.BytesIO(document)).pages) == 1
    assert decoded(document) == [("QRCode", f"PAGOPA|002|{notice.nav}|99999000013|10200")]


def test_the_paper_says_what_the_model_prescribes(notice: Notice, settings: Any) -> None:
    text = words(notice_pdf.render([notice]))
    for expected in (
        "AVVISO DI PAGAMENTO",
        "ENTE CREDITORE",
        "DESTINATARIO",
        "QUANTO E QUANDO PAGARE?",
        "DOVE PAGARE?",
        "DATI PER IL PAGAMENTO",
        "102,00 Euro",
        "24/12/2026",
        "Anna Rossi",
        identifiers.printed(notice.nav),
        "SIMULAZIONE",
    ):
        assert expected in text
    assert settings.PAGOPA_IBAN not in text.replace(" ", "")
    assert "Luca" not in text
    assert "BOLLETTINO" not in text


def test_the_paper_is_tagged_and_in_italian(notice: Notice) -> None:
    catalog = pypdf.PdfReader(io.BytesIO(notice_pdf.render([notice]))).root_object
    assert catalog["/Lang"] == "it"
    assert bool(catalog["/MarkInfo"]["/Marked"])
    assert "/StructTreeRoot" in catalog


def test_a_family_s_notices_in_one_file_are_a_page_each(issue: Callable[..., Notice]) -> None:
    papers = [issue(), issue("86.70"), issue("1500.00")]
    document = notice_pdf.render(papers)
    assert len(pypdf.PdfReader(io.BytesIO(document)).pages) == 3
    assert [text.split("|")[2] for _, text in decoded(document)] == [paper.nav for paper in papers]


def test_with_a_postal_account_the_slip_has_its_data_matrix(notice: Notice, settings: Any) -> None:
    settings.PAGOPA_POSTAL_ACCOUNT = "000000123456"
    codes = dict(decoded(notice_pdf.render([notice])))
    assert codes["DataMatrix"].startswith(f"codfase=NBPA;18{notice.nav}12000000123456100000010200")
    assert len(codes["DataMatrix"]) == 256


def test_a_real_notice_does_not_say_simulazione(notice: Notice, settings: Any) -> None:
    settings.PAGOPA_MODE = "gpd"
    assert "SIMULAZIONE" not in words(notice_pdf.render([notice]))


def test_long_and_strange_names_stay_on_their_page(notice: Notice, town: cast.Town) -> None:
    applicant = town.family.applicant
    applicant.first_name, applicant.last_name = (
        "Maria Immacolata Concetta",
        "D'Àngelo & <b>Figli</b> Degli Uberti Ω",
    )
    applicant.address = "Via " + "lunghissima " * 12
    applicant.save()
    notice.wallet.household.applicant = applicant
    document = notice_pdf.render([notice])
    assert len(pypdf.PdfReader(io.BytesIO(document)).pages) == 1
    assert len(decoded(document)) == 1


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:1/x.png", "static:../../etc/passwd"]
)
def test_a_document_reaches_nothing_but_its_own_files(address: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError, SuspiciousFileOperation)):
        pdf._fetcher().fetch(address)


def test_without_pango_the_page_says_what_to_install(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise PdfUnavailable

    monkeypatch.setattr(pdf, "_weasyprint", missing)
    page = client_of(town.anna).get(reverse("payments:notice_pdf", args=[notice.token]))
    assert page.status_code == 503
    assert "apt-get install libpango" in page.content.decode()
    assert notice.nav in page.content.decode()


def test_the_family_and_the_office_download_the_notice(
    notice: Notice, town: cast.Town, client_of: Callable[..., Client]
) -> None:
    for user in (town.anna, town.bruno, town.enzo, town.gino):
        response = client_of(user).get(reverse("payments:notice_pdf", args=[notice.token]))
        assert response.status_code == 200
        assert response.content.startswith(b"%PDF-")


def test_the_wallet_of_another_family_is_another_notice(
    issue: Callable[..., Notice], town: cast.Town
) -> None:
    issue(wallet=Wallet.objects.get(household=town.carla_family))
    assert not Notice.objects.of_parent(town.anna).exists()
