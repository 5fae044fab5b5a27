"""Receipts paid elsewhere: sent, recognised, read, decided once."""

import datetime as dt
import io
import struct
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from payments import notice_pdf, receipts, upload_mail, uploads
from payments.errors import PaymentRefused
from payments.models import Notice, Receipt, UploadedReceipt
from payments.rules import paper
from payments.uploads import AlreadyDecided, AlreadySent, BadFile, Decision, Declaration, PossibleDuplicate
from tests import cast
from tests.payments.conftest import NOW
from tests.payments.test_receipts import incoming
from tests.refusing import server_down
from wallets.models import Entry, Wallet

DECLARED = Declaration(amount=Decimal("102.00"), paid_on=dt.date(2026, 11, 20))
IUR = "c110729d258c4ab1b765fe902aae41d6"
DECISION = Decision(amount=Decimal("102.00"), paid_on=dt.date(2026, 11, 20), receipt_id=IUR)


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: str = "white") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def pixel_bomb() -> bytes:
    """A PNG of a few bytes that says it is 50,000 pixels wide and high."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def send(town: cast.Town) -> Callable[..., UploadedReceipt]:
    def receive(content: bytes | None = None, **other: Any) -> UploadedReceipt:
        values: dict[str, Any] = {"household": town.family, "declared": DECLARED, "by": town.anna, "now": NOW}
        return uploads.receive(**{**values, **other}, content=content if content is not None else picture())

    return receive


def balance(town: cast.Town) -> Decimal:
    return Wallet.objects.get(household=town.family).balance


# -- reading -------------------------------------------------------------------------------------------------------
def test_what_a_paper_receipt_says_is_found() -> None:
    found = paper.read(
        text=f"""Ricevuta di pagamento
        Identificativo univoco riscossione (IUR): {IUR}
        Codice avviso 3010 0000 0000 0042 85   Importo: € 1.102,50  commissione 1,00 €
        Data 20/11/2026 ore 10:32, codice 123456789012345678""",
        codes=("PAGOPA|002|301000000000000144|99999000013|10200", "altro"),
    )
    assert found.navs == ("301000000000000144", "301000000000004285")
    assert found.receipt_ids == (IUR,)
    assert found.amounts == (Decimal("102.00"), Decimal("1102.50"), Decimal("1.00"))
    assert found.days == (dt.date(2026, 11, 20),)


def test_an_impossible_day_is_no_day() -> None:
    assert paper.read(text="il 31/02/2026").days == ()


@pytest.mark.django_db
def test_the_notice_s_own_code_is_read_from_an_uploaded_pdf(
    send: Callable[..., UploadedReceipt], notice: Notice
) -> None:
    upload = send(notice_pdf.render([notice]))
    assert upload.read_data["navs"] == [notice.nav]
    assert upload.preview.name.endswith(".png")


# -- sending -------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestSending:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG"])
    def test_the_file_keeps_no_name_and_lies_in_the_private_folder(
        self, send: Callable[..., UploadedReceipt], kind: str, settings: Any
    ) -> None:
        upload = send(picture(kind))
        assert upload.file.path.startswith(str(settings.MEDIA_ROOT))
        assert "ricevute/" in upload.file.name

    def test_the_same_file_again_is_recognised_whoever_of_the_family_sends_it(
        self, send: Callable[..., UploadedReceipt], town: cast.Town
    ) -> None:
        send()
        with pytest.raises(AlreadySent, match="già arrivata il 24/11/2026 ed è in verifica"):
            send(by=town.bruno)
        assert UploadedReceipt.objects.count() == 1

    def test_a_rejected_file_may_be_sent_again(
        self, send: Callable[..., UploadedReceipt], town: cast.Town
    ) -> None:
        uploads.reject(upload=send(), reason="Non si legge.", by=town.enzo, now=NOW)
        assert send().state == UploadedReceipt.State.RECEIVED

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "vuoto"),
            (b"GIF89a....", "PDF, un JPEG o un PNG"),
            (b"<html><script>alert(1)</script>", "PDF, un JPEG o un PNG"),
            (b"\x89PNG\r\n\x1a\n" + b"x" * 6 * 1024 * 1024, "5 MB"),
            (b"%PDF-1.7\nrovinato", "rovinato"),
            (b"\xff\xd8\xff rovinato", "rovinato"),
            (pixel_bomb(), "troppo grande"),
        ],
        ids=["empty", "gif", "html", "large", "broken pdf", "broken jpeg", "pixel bomb"],
    )
    def test_a_hostile_file_is_refused_with_a_remedy_and_leaves_nothing(
        self, send: Callable[..., UploadedReceipt], content: bytes, said: str
    ) -> None:
        with pytest.raises(BadFile, match=said):
            send(content)
        assert not UploadedReceipt.objects.exists()

    def test_a_pdf_of_many_pages_is_refused(self, send: Callable[..., UploadedReceipt]) -> None:
        import pypdf

        book, buffer = pypdf.PdfWriter(), io.BytesIO()
        for _ in range(11):
            book.add_blank_page(100, 100)
        book.write(buffer)
        with pytest.raises(BadFile, match="più di 10 pagine"):
            send(buffer.getvalue())


# -- deciding ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestDeciding:
    def test_accepting_credits_once(self, send: Callable[..., UploadedReceipt], town: cast.Town) -> None:
        upload = send()
        decided = uploads.accept(upload=upload, decision=DECISION, by=town.enzo, now=NOW)
        assert (decided.state, balance(town)) == (UploadedReceipt.State.MATCHED, Decimal("102.00"))
        with pytest.raises(AlreadyDecided):
            uploads.accept(upload=upload, decision=DECISION, by=town.enzo, now=NOW)
        assert balance(town) == Decimal("102.00")

    def test_the_office_corrects_the_child_and_a_notice_s_own_child_needs_no_word(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, notice: Notice
    ) -> None:
        upload = send(declared=Declaration(amount=Decimal("102.00"), paid_on=NOW.date(), pupil=town.luca))
        facts: dict[str, Any] = {"amount": Decimal("102.00"), "paid_on": NOW.date()}
        uploads.accept(
            upload=upload,
            decision=Decision(**facts, receipt_id="a1", pupil=town.sofia),
            by=town.enzo,
            now=NOW,
        )
        uploads.accept(
            upload=send(picture(colour="red")),
            decision=Decision(**facts, receipt_id="a2", nav=notice.nav, is_another_payment=True),
            by=town.enzo,
            now=NOW,
        )
        assert [entry.pupil for entry in Entry.objects.order_by("pk")] == [town.sofia, town.luca]

    def test_the_same_receipt_id_on_another_paper_is_a_duplicate(
        self, send: Callable[..., UploadedReceipt], town: cast.Town
    ) -> None:
        uploads.accept(upload=send(), decision=DECISION, by=town.enzo, now=NOW)
        again = uploads.accept(upload=send(picture(colour="red")), decision=DECISION, by=town.enzo, now=NOW)
        assert (again.state, balance(town)) == (UploadedReceipt.State.DUPLICATE, Decimal("102.00"))

    def test_the_node_s_receipt_after_the_paper_is_the_same_money(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, notice: Notice
    ) -> None:
        uploads.accept(upload=send(), decision=DECISION, by=town.enzo, now=NOW)
        receipt = receipts.record(incoming=incoming(notice.nav, receipt_id=IUR), channel="soap", now=NOW)
        notice.refresh_from_db()
        assert (balance(town), receipt.confirmed_at, notice.state) == (
            Decimal("102.00"),
            NOW,
            Notice.State.PAID,
        )

    def test_the_paper_after_the_node_s_receipt_is_a_duplicate(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, notice: Notice
    ) -> None:
        receipts.record(incoming=incoming(notice.nav, receipt_id=IUR), channel="soap", now=NOW)
        decided = uploads.accept(upload=send(), decision=DECISION, by=town.enzo, now=NOW)
        assert (decided.state, balance(town)) == (UploadedReceipt.State.DUPLICATE, Decimal("102.00"))

    def test_a_paper_without_id_is_known_by_its_notice_and_the_node_s_word_waits(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, notice: Notice
    ) -> None:
        decision = Decision(amount=Decimal("102.00"), paid_on=NOW.date(), nav=notice.nav)
        uploads.accept(upload=send(), decision=decision, by=town.enzo, now=NOW)
        receipt = receipts.record(incoming=incoming(notice.nav, receipt_id="altro"), channel="soap", now=NOW)
        assert (receipt.state, balance(town)) == (Receipt.State.TO_REVIEW, Decimal("102.00"))
        assert "doppione" in receipt.flag

    def test_without_id_and_number_nothing_can_be_accepted(
        self, send: Callable[..., UploadedReceipt], town: cast.Town
    ) -> None:
        with pytest.raises(PaymentRefused, match="IUR"):
            uploads.accept(
                upload=send(), decision=Decision(amount=Decimal(1), paid_on=NOW.date()), by=town.enzo, now=NOW
            )

    def test_another_id_for_a_paid_notice_wants_a_person_s_word(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, notice: Notice
    ) -> None:
        receipts.record(incoming=incoming(notice.nav), channel="soap", now=NOW)
        facts: dict[str, Any] = {
            "amount": Decimal("102.00"),
            "paid_on": NOW.date(),
            "receipt_id": "x2",
            "nav": notice.nav,
        }
        upload = send()
        with pytest.raises(PossibleDuplicate):
            uploads.accept(upload=upload, decision=Decision(**facts), by=town.enzo, now=NOW)
        uploads.accept(
            upload=upload, decision=Decision(**facts, is_another_payment=True), by=town.enzo, now=NOW
        )
        assert balance(town) == Decimal("204.00")

    def test_a_notice_of_another_family_credits_nobody(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, issue: Callable[..., Notice]
    ) -> None:
        other = issue(wallet=Wallet.objects.get(household=town.carla_family), pupil=town.tommaso)
        with pytest.raises(PaymentRefused, match="altra famiglia"):
            uploads.accept(
                upload=send(),
                decision=Decision(amount=Decimal(1), paid_on=NOW.date(), nav=other.nav, receipt_id="x"),
                by=town.enzo,
                now=NOW,
            )
        assert not Receipt.objects.exists()

    def test_a_receipt_of_another_service_is_credited_when_the_office_says_so(
        self, send: Callable[..., UploadedReceipt], town: cast.Town
    ) -> None:
        """The external portal has a segregation code of its own: the node's broadcast was ignored."""
        receipts.record(incoming=incoming("347000000000000000", receipt_id=IUR), channel="soap", now=NOW)
        uploads.accept(upload=send(), decision=DECISION, by=town.enzo, now=NOW)
        assert balance(town) == Decimal("102.00")
        assert Receipt.objects.get().state == Receipt.State.CREDITED

    def test_rejecting_wants_a_reason(self, send: Callable[..., UploadedReceipt], town: cast.Town) -> None:
        with pytest.raises(PaymentRefused, match="motivo"):
            uploads.reject(upload=send(), reason="  ", by=town.enzo, now=NOW)


# -- telling -------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestTelling:
    def round_after(self, minutes: int) -> int:
        return upload_mail.send_owed(now=NOW + dt.timedelta(minutes=minutes))

    def test_a_mail_server_that_is_down_delays_the_answer_and_does_not_lose_it(
        self, send: Callable[..., UploadedReceipt], town: cast.Town
    ) -> None:
        uploads.reject(upload=send(), reason="La foto non si legge.", by=town.enzo, now=NOW)
        with server_down():
            assert [self.round_after(minutes) for minutes in (0, 11)] == [0, 0]
        assert [self.round_after(minutes) for minutes in (15, 22, 60)] == [0, 1, 0]
        (message,) = mail.outbox
        assert message.to == ["anna@posta.example"]
        assert "La foto non si legge." in message.body

    def test_what_is_still_to_be_decided_is_no_news_nor_is_what_was_decided_last_week(
        self, send: Callable[..., UploadedReceipt], town: cast.Town
    ) -> None:
        upload = send()
        assert self.round_after(0) == 0
        uploads.reject(upload=upload, reason="Non si legge.", by=town.enzo, now=NOW - dt.timedelta(days=6))
        assert self.round_after(0) == 0


# -- pages ---------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
class TestPages:
    def form(self, content: bytes, **other: str) -> dict[str, Any]:
        file = SimpleUploadedFile("Ricevuta di Luca Bianchi.png", content, "text/html")
        return {"file": file, "amount": "102,00", "paid_on": "2026-11-20", "nav": "", "pupil": "", **other}

    def test_from_the_parent_to_the_office_and_back(
        self, town: cast.Town, client_of: Callable[..., Client], notice: Notice
    ) -> None:
        anna, enzo = client_of(town.anna), client_of(town.enzo)
        address = reverse("payments:upload_receipt", args=[town.family.code])
        response = anna.post(address, self.form(picture(), nav=notice.nav, pupil=str(town.luca.pk)))
        assert response.status_code == 302, response.content.decode()
        assert "In verifica" in anna.get(address).content.decode()
        upload = UploadedReceipt.objects.get()
        assert town.family.code in enzo.get(reverse("payments:inbox")).content.decode()
        page = enzo.get(reverse("payments:upload", args=[upload.token])).content.decode()
        assert "stesso numero avviso, stesso importo" in page
        assert enzo.get(reverse("payments:upload_preview", args=[upload.token])).status_code == 200
        data = {"receipt_id": IUR, "nav": notice.nav, "amount": "102,00", "paid_on": "2026-11-20"}
        enzo.post(reverse("payments:upload_accept", args=[upload.token]), data)
        assert "Accreditata" in anna.get(address).content.decode()
        assert balance(town) == Decimal("102.00")
        assert mail.outbox[0].to == ["anna@posta.example"]

    def test_a_rejection_reaches_the_parent_with_its_reason(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, client_of: Callable[..., Client]
    ) -> None:
        upload = send()
        enzo = client_of(town.enzo)
        assert (
            enzo.post(reverse("payments:upload_reject", args=[upload.token]), {"reason": ""}).status_code
            == 422
        )
        enzo.post(reverse("payments:upload_reject", args=[upload.token]), {"reason": "La foto non si legge."})
        page = client_of(town.bruno).get(reverse("payments:upload_receipt", args=[town.family.code]))
        assert "La foto non si legge." in page.content.decode()
        assert "La foto non si legge." in mail.outbox[0].body

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("amount", "cento", "importo in euro"),
            ("amount", "0", "maggiore di zero"),
            ("paid_on", "domani", "giorno/mese/anno"),
            ("paid_on", "2099-01-01", "nel futuro"),
            ("pupil", "999999", "tuoi figli"),
        ],
    )
    def test_a_wrong_field_is_named_with_its_remedy(
        self, town: cast.Town, client_of: Callable[..., Client], field: str, value: str, said: str
    ) -> None:
        address = reverse("payments:upload_receipt", args=[town.family.code])
        response = client_of(town.anna).post(address, self.form(picture(), **{field: value}))
        assert response.status_code == 422
        assert said in response.content.decode()

    def test_a_form_of_many_megabytes_is_not_even_stored(
        self, town: cast.Town, client_of: Callable[..., Client]
    ) -> None:
        address = reverse("payments:upload_receipt", args=[town.family.code])
        response = client_of(town.anna).post(address, self.form(b"%PDF-" + b"x" * 13 * 1024 * 1024))
        assert response.status_code == 413
        assert not UploadedReceipt.objects.exists()

    def test_the_file_is_a_download_and_strangers_find_nothing(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, client_of: Callable[..., Client]
    ) -> None:
        address = reverse("payments:upload_file", args=[send().token])
        response = client_of(town.anna).get(address)
        assert response["Content-Disposition"].startswith("attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"]
        assert client_of(town.carla).get(address).status_code == 404
        assert client_of(town.dora).get(address).status_code == 403

    def test_only_the_office_decides(
        self, send: Callable[..., UploadedReceipt], town: cast.Town, client_of: Callable[..., Client]
    ) -> None:
        upload = send()
        for name in ("upload_accept", "upload_reject", "upload_duplicate"):
            for user in (town.gino, town.auditor, town.anna, town.dora):
                assert (
                    client_of(user).post(reverse(f"payments:{name}", args=[upload.token])).status_code == 403
                )

    def test_what_nobody_could_place_is_placed_by_the_office(
        self, town: cast.Town, client_of: Callable[..., Client], wallet: Wallet
    ) -> None:
        receipt = receipts.record(incoming=incoming("301000000099999962"), channel="soap", now=NOW)
        enzo = client_of(town.enzo)
        assert "sconosciuto" in enzo.get(reverse("payments:review")).content.decode()
        address = reverse("payments:review_attach", args=[receipt.pk])
        enzo.post(address, {"household": "NONESISTE"[:8]})
        assert balance(town) == 0
        enzo.post(address, {"household": town.family.code.lower()})
        assert balance(town) == Decimal("102.00")
        assert "Nulla da abbinare" in enzo.get(reverse("payments:review")).content.decode()
