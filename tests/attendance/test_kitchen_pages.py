"""The kitchen's pages: who signs in, the caterer's own address, the mails, the alarm, what was delivered, what is to come."""

import datetime as dt
import io
import re
from collections.abc import Callable

import pypdf
import pypdfium2
import pytest
import zxingcpp
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client, RequestFactory
from django.urls import reverse

from attendance import (
    acknowledging,
    caterer_links,
    closures,
    corrections,
    sealing,
    sheet_mail,
    sheet_pdf,
    tasks,
)
from attendance.models import (
    Caterer,
    DeliveredPortions,
    ExtraMeal,
    KitchenRules,
    KitchenSheet,
    SheetAcknowledgement,
    SheetMessage,
)
from enrolments import entitlements
from enrolments.models import HelpDesk, SchoolStaff
from identity import pdf
from identity.models import User
from identity.pdf import PdfUnavailable
from mensa import clock, office_numbers
from mensa.request_log import RequestLogMiddleware
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
HOUR, LATER, AFTER = at("2026-11-24 09:45"), at("2026-11-24 10:01"), at("2026-11-24 10:20")


@pytest.fixture
def cook(canteen: Town) -> Caterer:
    return Caterer.objects.create(name="Cucine riunite", email="cucina@gestore.example", phone="080 123")


@pytest.fixture
def sealed(canteen: Town, cook: Caterer) -> Town:
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-03", from_day=FIRST, reason="celiachia", by=canteen.enzo, now=SUMMER
    )
    sealing.seal_due(now=HOUR)
    clock.move_to(at("2026-11-24 09:50"))
    return canteen


def sheet_of(town: Town) -> KitchenSheet:
    return KitchenSheet.objects.get(school=town.primaria, sequence=0)


def page_of(cook: Caterer, day: dt.date = TUESDAY) -> str:
    return reverse("attendance:caterer", args=[caterer_links.token(cook, day)])


def send_home(town: Town) -> None:
    corrections.correct(
        pupil=town.luca, day=TUESDAY, absent=True, reason="uscito prima", by=town.enzo, now=AFTER
    )


def rendered(page: object) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


# -- who signs in ----------------------------------------------------------------------------------------------------


def test_the_kitchen_reads_the_sealed_sheet(sealed: Town, client_of: ClientOf) -> None:
    page = client_of(sealed.franca).get("/cucina/")
    text = rendered(page)
    assert "Foglio n. 2/2026-27" in text
    assert "D-03" in text
    for secret in ("Luca", "Bianchi", "celiachia", "€", sealed.luca.code):
        assert secret not in page.content.decode()


def test_before_the_hour_the_numbers_are_of_this_moment(canteen: Town, client_of: ClientOf) -> None:
    clock.move_to(at("2026-11-24 08:40"))
    assert "il foglio si sigilla alle 09:45" in rendered(client_of(canteen.franca).get("/cucina/"))


def test_the_kitchen_says_that_it_has_seen_the_sheet(sealed: Town, client_of: ClientOf) -> None:
    client = client_of(sealed.franca)
    sheets = KitchenSheet.objects.values_list("pk", flat=True)
    client.post("/cucina/visto/", {"foglio": list(sheets), "name": "  Franca   la cuoca "})
    again = client.post("/cucina/visto/", {"foglio": list(sheets)}, follow=True)
    assert SheetAcknowledgement.objects.count() == 2
    assert SheetAcknowledgement.objects.first().who == "Franca la cuoca (Franca Cucina)"
    assert "era già registrata" in rendered(again)
    assert "Ho preso visione" not in rendered(again)


def test_a_variation_sealed_while_the_page_was_open_has_not_been_seen(
    sealed: Town, client_of: ClientOf
) -> None:
    on_the_page = list(KitchenSheet.objects.values_list("pk", flat=True))
    send_home(sealed)
    sealing.seal_due(now=AFTER)
    client_of(sealed.franca).post("/cucina/visto/", {"foglio": on_the_page})
    assert [row.sequence for row in acknowledging.unseen(day=TUESDAY)] == [1]


def test_a_kitchen_does_not_answer_for_the_schools_of_others(sealed: Town, client_of: ClientOf) -> None:
    SchoolStaff.objects.filter(user=sealed.franca, school=sealed.primaria).delete()
    client = client_of(sealed.franca)
    client.post("/cucina/visto/", {"foglio": [sheet_of(sealed).pk]})
    assert not SheetAcknowledgement.objects.exists()
    assert client.get(f"/cucina/foglio/{sheet_of(sealed).pk}.pdf").status_code == 404
    delivery = {"school": sealed.primaria.pk, "portions": 3}
    assert client.post("/cucina/consegne/", delivery).status_code == 404


@pytest.mark.parametrize(
    ("address", "welcome"),
    [
        ("/cucina/", {"franca", "enzo", "auditor"}),
        ("/cucina/previsione/", {"franca", "enzo", "auditor"}),
        ("/cucina/previsione.csv", {"franca", "enzo", "auditor"}),
        ("/cucina/consegne/", {"franca", "enzo", "dora", "auditor"}),
        ("/ufficio/riscontro/", {"enzo", "gino", "auditor"}),
        ("/ufficio/riscontro.csv", {"enzo", "gino", "auditor"}),
    ],
)
def test_each_page_knows_its_people(
    sealed: Town, client_of: ClientOf, address: str, welcome: set[str]
) -> None:
    for name in ("anna", "dora", "franca", "enzo", "gino", "auditor"):
        status = client_of(getattr(sealed, name)).get(address).status_code
        assert status == (200 if name in welcome else 403), name


def test_the_kitchen_that_must_be_looked_for_is_read_only(sealed: Town, client_of: ClientOf) -> None:
    assert client_of(sealed.franca).get("/cucina/visto/").status_code == 405
    assert client_of(sealed.franca).post("/cucina/").status_code == 405


# -- the caterer's own address ----------------------------------------------------------------------------------------


def test_the_caterer_reads_and_answers_without_signing_in(sealed: Town, cook: Caterer) -> None:
    client = Client()
    page = client.get(page_of(cook))
    assert "Ho preso visione: 2 fogli" in rendered(page)
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert "celiachia" not in page.content.decode()
    assert "Luca" not in page.content.decode()
    assert not SheetAcknowledgement.objects.exists()
    sheets = list(KitchenSheet.objects.values_list("pk", flat=True))
    after = client.post(page_of(cook) + "visto/", {"foglio": sheets, "name": "Piero"}, follow=True)
    assert "Hai preso visione di tutti i fogli" in rendered(after)
    assert {row.who for row in SheetAcknowledgement.objects.all()} == {"Piero (Cucine riunite)"}


def test_opening_the_link_is_not_an_answer(sealed: Town, cook: Caterer) -> None:
    assert Client().get(page_of(cook) + "visto/").status_code == 405
    Client().get(page_of(cook))
    assert not SheetAcknowledgement.objects.exists()


def test_a_caterer_sees_and_answers_for_its_own_schools_only(sealed: Town, cook: Caterer) -> None:
    cook.schools.add(sealed.infanzia)
    assert "Ulivo" not in rendered(Client().get(page_of(cook)))
    Client().post(page_of(cook) + "visto/", {"foglio": [sheet_of(sealed).pk]})
    assert not SheetAcknowledgement.objects.exists()
    answer = Client().post(page_of(cook) + "consegne/", {"school": sealed.primaria.pk, "portions": 3})
    assert answer.status_code == 404


def test_the_address_ends_with_its_day(sealed: Town, cook: Caterer) -> None:
    clock.move_to(at("2026-11-24 23:59"))
    assert Client().get(page_of(cook)).status_code == 200
    clock.move_to(at("2026-11-25 00:01"))
    old = Client().get(page_of(cook))
    assert (old.status_code, "non vale più" in rendered(old)) == (410, True)
    assert Client().post(page_of(cook) + "visto/", {"foglio": "1"}).status_code == 410


def test_an_address_that_was_guessed_or_changed_does_not_exist(sealed: Town, cook: Caterer) -> None:
    token = caterer_links.token(cook, TUESDAY)
    for text in (token[:-1], "x", token.replace(":", "a"), f"a{token}"):
        assert Client().get(f"/gestore/{text}/").status_code == 404
    cook.active = False
    cook.save()
    assert Client().get(page_of(cook)).status_code == 404


def test_who_tries_addresses_by_the_hundred_is_stopped(sealed: Town) -> None:
    statuses = {Client(REMOTE_ADDR="192.0.2.9").get("/gestore/x/").status_code for _ in range(61)}
    assert statuses == {404, 429}


# -- the mails ---------------------------------------------------------------------------------------------------------


def test_the_sheets_of_the_hour_leave_in_one_mail_with_the_paper(sealed: Town, cook: Caterer) -> None:
    clock.move_to(HOUR)
    tasks.serve_kitchen()
    tasks.serve_kitchen()
    (message,) = mail.outbox
    assert message.to == ["cucina@gestore.example"]
    assert message.subject == "Mensa scolastica: foglio della cucina del 24/11/2026"
    assert page_of(cook) in message.body
    assert "foglio n. 2/2026-27, Scuola primaria Ulivo (demo): 2 per gli alunni" in message.body
    (_, paper, kind) = message.attachments[0]
    assert (len(pypdf.PdfReader(io.BytesIO(paper)).pages), kind) == (2, "application/pdf")


def test_a_variation_has_a_mail_of_its_own(sealed: Town, cook: Caterer) -> None:
    clock.move_to(HOUR)
    tasks.serve_kitchen()
    send_home(sealed)
    clock.move_to(at("2026-11-24 09:55"))
    tasks.serve_kitchen()
    assert mail.outbox[1].subject == "Mensa scolastica: variazione al foglio della cucina del 24/11/2026"
    assert "\N{MINUS SIGN}1 per gli alunni; ora in tutto 1" in mail.outbox[1].body


class PostOffice(EmailBackend):
    answers = False

    def send_messages(self, messages: object) -> int:
        if not PostOffice.answers:
            raise OSError
        return super().send_messages(messages)


def test_a_mail_that_does_not_leave_is_said_and_tried_again(
    sealed: Town, cook: Caterer, settings: object
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.PostOffice"
    sheet_mail.owe(now=HOUR)
    assert sheet_mail.send_owed(now=HOUR) == 0
    assert SheetMessage.objects.first().error == "La posta non è partita: OSError."
    PostOffice.answers = True
    assert sheet_mail.send_owed(now=HOUR + dt.timedelta(minutes=1)) == 0  # claimed: not yet
    assert sheet_mail.send_owed(now=HOUR + dt.timedelta(minutes=6)) == 1
    assert not SheetMessage.objects.filter(sent_at__isnull=True).exists()
    assert sheet_mail.send_owed(now=HOUR + dt.timedelta(minutes=12)) == 0


def test_without_the_library_of_pdfs_the_mail_leaves_all_the_same(
    sealed: Town, cook: Caterer, monkeypatch: pytest.MonkeyPatch, client_of: ClientOf
) -> None:
    def missing() -> None:
        raise PdfUnavailable

    monkeypatch.setattr(pdf, "_weasyprint", missing)
    sheet_mail.owe(now=HOUR)
    assert sheet_mail.send_owed(now=HOUR) == 1
    assert mail.outbox[0].attachments == []
    assert client_of(sealed.franca).get(f"/cucina/foglio/{sheet_of(sealed).pk}.pdf").status_code == 503


def test_a_paper_that_fails_does_not_keep_the_mail(
    sealed: Town, cook: Caterer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(pdf, "_weasyprint", broken)
    sheet_mail.owe(now=HOUR)
    assert sheet_mail.send_owed(now=HOUR) == 1


def test_a_sheet_that_cannot_be_read_keeps_no_other_caterer_waiting(sealed: Town, cook: Caterer) -> None:
    good, bad = sheet_of(sealed), KitchenSheet.objects.exclude(school=sealed.primaria).get()
    KitchenSheet.objects.create(
        year=bad.year, number=0, day=TUESDAY, school=bad.school, sequence=1, kind="variation", base=bad,
        sealed_at=LATER, content="{}",
    )  # fmt: skip
    cook.schools.add(bad.school)
    Caterer.objects.create(name="Altri", email="altri@gestore.example").schools.add(good.school)
    sheet_mail.owe(now=LATER)
    sheet_mail.send_owed(now=LATER)
    assert ["altri@gestore.example"] in [message.to for message in mail.outbox]
    unsent = SheetMessage.objects.filter(sent_at__isnull=True, caterer=cook)
    assert {message.error for message in unsent} == {sheet_mail.NOT_WRITTEN}


def test_a_caterer_written_down_after_the_hour_gets_its_sheets(canteen: Town) -> None:
    sealing.seal_due(now=HOUR)
    sheet_mail.owe(now=HOUR)
    assert sheet_mail.send_owed(now=HOUR) == 0
    Caterer.objects.create(name="Tardi", email="tardi@gestore.example")
    sheet_mail.owe(now=LATER)
    sheet_mail.send_owed(now=LATER)
    assert "tardi@gestore.example" in [message.to[0] for message in mail.outbox]


# -- the alarm ---------------------------------------------------------------------------------------------------------


def test_a_sheet_that_nobody_has_seen_in_a_quarter_of_an_hour_is_an_alarm_told_once(
    sealed: Town, cook: Caterer, client_of: ClientOf
) -> None:
    HelpDesk.objects.update_or_create(id=1, defaults={"email": "mensa@comune.example"})
    clock.move_to(at("2026-11-24 09:59"))
    tasks.serve_kitchen()
    assert [message.to for message in mail.outbox] == [["cucina@gestore.example"]]
    clock.move_to(at("2026-11-24 10:01"))
    tasks.serve_kitchen()
    tasks.serve_kitchen()
    (alarm,) = mail.outbox[1:]
    assert alarm.to == ["mensa@comune.example"]
    assert "Cucine riunite, 080 123" in alarm.body
    assert "Nessuno ha ancora preso visione di 2 fogli" in rendered(client_of(sealed.franca).get("/cucina/"))
    assert numbers(LATER) == [("Fogli della cucina non visti", "2", True)]
    acknowledging.acknowledge(sheets=KitchenSheet.objects.all(), by=sealed.franca, now=LATER)
    assert "Nessuno ha ancora preso visione" not in rendered(client_of(sealed.franca).get("/cucina/"))
    assert numbers(LATER) == []


def numbers(now: dt.datetime) -> list[tuple[str, str, bool]]:
    found = office_numbers.at(now, outside=now)
    return [(row.title, row.value, row.alarm) for row in found if row.page == "attendance:kitchen"]


def test_a_sheet_that_was_not_sealed_is_an_alarm(canteen: Town, client_of: ClientOf) -> None:
    assert numbers(at("2026-11-24 09:49")) == []
    assert numbers(at("2026-11-24 09:51")) == [("Plessi senza foglio della cucina", "2", True)]
    assert numbers(at("2026-11-28 09:51")) == []  # a Saturday
    clock.move_to(at("2026-11-24 09:51"))
    assert "non è stato sigillato" in rendered(client_of(canteen.franca).get("/cucina/"))


def test_a_kitchen_is_warned_of_its_own_schools_alone(canteen: Town, client_of: ClientOf) -> None:
    SchoolStaff.objects.filter(user=canteen.franca, school=canteen.infanzia).delete()
    clock.move_to(at("2026-11-24 09:51"))
    told = {
        user.username: [school in text for school in ("Ulivo", "Girasole")]
        for user in (canteen.franca, canteen.enzo)
        for text in re.findall(
            r"non è stato sigillato ?: (.*?)\. Usa", rendered(client_of(user).get("/cucina/"))
        )
    }
    assert list(told.values()) == [[True, False], [True, True]]


def test_the_page_of_a_caterer_does_not_look_for_what_it_does_not_show(
    sealed: Town, cook: Caterer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(**_: object) -> None:
        raise AssertionError("the sheets that are missing were looked for")

    monkeypatch.setattr(sealing, "missing", asked)
    assert client.get(page_of(cook)).status_code == 200


def test_the_address_of_a_caterer_stays_out_of_the_log(cook: Caterer, rf: RequestFactory) -> None:
    request = rf.post(page_of(cook) + "visto/")
    assert RequestLogMiddleware.format_request(request) == "POST /gestore/…/visto/"


def test_how_long_to_wait_is_a_rule_of_the_office(sealed: Town) -> None:
    KitchenRules.objects.create(act="contratto", valid_from=FIRST, acknowledge_within_minutes=40)
    assert acknowledging.overdue(now=AFTER) == []
    assert len(acknowledging.overdue(now=at("2026-11-24 10:25"))) == 2


def test_the_office_answers_for_a_kitchen_on_the_telephone(sealed: Town, client_of: ClientOf) -> None:
    client_of(sealed.enzo).post("/cucina/visto/", {"foglio": [sheet_of(sealed).pk], "name": "Franca"})
    assert SheetAcknowledgement.objects.get().who == "Franca (Enzo Ufficio)"


# -- paper and verification -------------------------------------------------------------------------------------------


def test_the_paper_carries_number_counts_fingerprint_and_no_child(sealed: Town, client_of: ClientOf) -> None:
    answer = client_of(sealed.franca).get(f"/cucina/foglio/{sheet_of(sealed).pk}.pdf")
    text = " ".join(pypdf.PdfReader(io.BytesIO(answer.content)).pages[0].extract_text().split())
    assert "Foglio della cucina n. 2/2026-27" in text
    assert "non confermato" in text
    assert "D-03" in text
    assert sheet_of(sealed).digest in text.replace(" ", "")
    for secret in ("Luca", "Bianchi", "celiachia", "€"):
        assert secret not in text
    picture = pypdfium2.PdfDocument(answer.content)[0].render(scale=3).to_pil()
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [sheet_pdf.verify_url(sheet_of(sealed))]


def test_a_variation_on_paper_shows_the_change_and_what_it_leads_to(sealed: Town) -> None:
    send_home(sealed)
    (variation,) = sealing.seal_due(now=AFTER)
    text = " ".join(
        pypdf.PdfReader(io.BytesIO(sheet_pdf.render([variation]))).pages[0].extract_text().split()
    )
    assert "Variazione n. 3/2026-27" in text
    assert "1 porzione dopo questa variazione" in text


def test_packed_lunches_and_grown_ups_are_apart(canteen: Town, client_of: ClientOf) -> None:
    closures.declare(
        first_day=TUESDAY,
        last_day=TUESDAY,
        class_group=canteen.classes["primaria 3A"],
        reason="trip",
        meal="packed",
        by=canteen.enzo,
        now=SUMMER,
    )
    ExtraMeal.objects.create(
        day=TUESDAY,
        school=canteen.infanzia,
        kind="support",
        count=1,
        declared_by=canteen.dora,
        declared_at=SUMMER,
    )
    sealing.seal_due(now=HOUR)
    clock.move_to(HOUR)
    text = rendered(client_of(canteen.franca).get("/cucina/"))
    assert "Pranzi al sacco: 2" in text
    assert "Oltre gli alunni iscritti: 1" in text
    assert "docenti di sostegno" in text


def test_the_code_on_the_paper_opens_a_page_that_verifies_it(sealed: Town) -> None:
    sheet = sheet_of(sealed)
    page = Client().get(sheet_pdf.verify_url(sheet).removeprefix("http://localhost:8000"))
    assert "Questo foglio è autentico" in rendered(page)
    assert "n. 2/2026-27" in rendered(page)
    assert Client().get(f"/cucina/verifica/{'0' * 64}/").status_code == 404


def test_a_sheet_tampered_with_by_an_owner_of_the_database_shows(sealed: Town) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE attendance_kitchensheet SET content = replace(content, ',1]', ',9]') WHERE number = 2"
        )
        cursor.execute("SET session_replication_role = origin")
    page = Client().get(f"/cucina/verifica/{sheet_of(sealed).digest}/")
    assert "non corrisponde più" in rendered(page)


def test_the_verification_of_a_sheet_says_that_it_was_varied(sealed: Town) -> None:
    send_home(sealed)
    (variation,) = sealing.seal_due(now=AFTER)
    assert "n. 3/2026-27 delle 10:20" in rendered(
        Client().get(f"/cucina/verifica/{sheet_of(sealed).digest}/")
    )
    assert "varia il n. 2/2026-27" in rendered(Client().get(f"/cucina/verifica/{variation.digest}/"))


# -- delivered ---------------------------------------------------------------------------------------------------------


def test_kitchen_school_and_caterer_write_what_was_delivered(
    sealed: Town, cook: Caterer, client_of: ClientOf
) -> None:
    delivery = {"school": sealed.primaria.pk, "portions": 3, "note": "una di scorta"}
    client_of(sealed.franca).post("/cucina/consegne/", delivery)
    assert "Consegnate: 3" in rendered(client_of(sealed.dora).get("/cucina/consegne/"))
    Client().post(page_of(cook) + "consegne/", {**delivery, "portions": 2})
    row = DeliveredPortions.objects.get()
    assert (row.portions, row.caterer, row.user) == (2, cook, None)
    assert [event.portions for event in row.events.order_by("pgh_id")] == [3, 2]


@pytest.mark.parametrize(
    ("portions", "sentence"),
    [
        ("-1", "non può essere negativo"),
        ("tre", "numero intero"),
        ("", "Scrivi quante porzioni"),
        ("6000", "controlla il numero"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(
    sealed: Town, client_of: ClientOf, portions: str, sentence: str
) -> None:
    answer = client_of(sealed.franca).post(
        "/cucina/consegne/", {"school": sealed.primaria.pk, "portions": portions}
    )
    assert (answer.status_code, sentence in rendered(answer)) == (422, True)
    assert not DeliveredPortions.objects.exists()


def test_without_a_sheet_nothing_was_delivered(sealed: Town, client_of: ClientOf) -> None:
    answer = client_of(sealed.franca).post(
        "/cucina/consegne/?giorno=2026-11-23", {"school": sealed.primaria.pk, "portions": 3}
    )
    assert answer.status_code == 422
    assert not DeliveredPortions.objects.exists()


# -- to come -----------------------------------------------------------------------------------------------------------


def test_the_next_ten_service_days_by_school_and_diet(sealed: Town, client_of: ClientOf) -> None:
    page = rendered(client_of(sealed.franca).get("/cucina/previsione/"))
    assert "Mer 25 nov" in page
    assert "Mer 9 dic" in page
    assert "Gio 10 dic" not in page
    table = client_of(sealed.franca).get("/cucina/previsione.csv").content.decode()
    assert "25/11/2026;Scuola primaria Ulivo (demo);D-03;1" in table


def test_the_queries_of_the_kitchen_do_not_depend_on_how_many_schools(
    sealed: Town, client_of: ClientOf, django_assert_max_num_queries: Callable[..., object]
) -> None:
    client = client_of(sealed.franca)
    with django_assert_max_num_queries(40):
        client.get("/cucina/")
    with django_assert_max_num_queries(40):
        client.get("/cucina/previsione/")
