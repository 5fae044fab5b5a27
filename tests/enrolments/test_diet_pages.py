"""Pages of diets: the parent asks, the office weighs and leaves a trace, the kitchen sees a code, the family sees who looked."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from enrolments import diets, entitlements
from enrolments.models import Diet, DietConfirmation, Dietician, DietRequest
from identity import audit
from identity.models import SensitiveView, User
from mensa import clock
from tests.cast import SUMMER, Town, at

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
NOW = at("2026-11-24 08:00")
PDF = b"%PDF-1.4 celiachia %%EOF"
FORM = {"kind": "health", "reason": "celiachia", "first_day": "2026-11-30", "agreed": "on"}


@pytest.fixture(autouse=True)
def _tuesday(db: None) -> None:
    clock.move_to(NOW)


def certificate(content: bytes = PDF, name: str = "c.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def asked(town: Town) -> DietRequest:
    what = diets.Asked(kind="health", reason="celiachia", first_day=dt.date(2026, 11, 30), certificate=PDF)
    return diets.ask(pupil=town.luca, asked=what, by=town.anna, now=NOW)


def test_a_parent_asks_with_a_certificate(town: Town, client_of: ClientOf) -> None:
    address = reverse("enrolments:diets", args=[town.luca.code])
    sent = client_of(town.anna).post(address, {**FORM, "certificate": certificate()})
    assert sent.status_code == 302
    page = client_of(town.bruno).get(address).content.decode()
    assert "In valutazione" in page
    assert "Scarica il certificato" in page
    assert "Invia la richiesta" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"certificate": None}, "serve il certificato"),
        ({"certificate": b"MZ"}, "non è un PDF, un JPEG o un PNG"),
        ({"agreed": ""}, "metti la spunta"),
        ({"first_day": "ieri"}, "non è una data"),
        ({"kind": "vegan"}, "Scegli uno dei motivi"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(
    town: Town, client_of: ClientOf, change: dict[str, object], said: str
) -> None:
    content = change.get("certificate", PDF)
    data = {**FORM, **{key: value for key, value in change.items() if key != "certificate"}}
    if isinstance(content, bytes):
        data["certificate"] = certificate(content)  # type: ignore[assignment]
    answer = client_of(town.anna).post(reverse("enrolments:diets", args=[town.luca.code]), data)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not DietRequest.objects.exists()


def test_a_certificate_that_is_too_large_is_refused(town: Town, client_of: ClientOf) -> None:
    large = certificate(PDF + b"x" * 5 * 1024 * 1024)
    answer = client_of(town.anna).post(
        reverse("enrolments:diets", args=[town.luca.code]), {**FORM, "certificate": large}
    )
    assert answer.status_code in {413, 422}
    assert not DietRequest.objects.exists()


def test_a_stranger_finds_nothing(town: Town, client_of: ClientOf) -> None:
    request = asked(town)
    carla = client_of(town.carla)
    assert carla.get(reverse("enrolments:diets", args=[town.luca.code])).status_code == 404
    assert carla.post(reverse("enrolments:diet_withdraw", args=[request.token])).status_code == 404
    assert carla.get(reverse("enrolments:diet_certificate", args=[request.token])).status_code == 404


def test_school_and_kitchen_are_refused_the_certificate(town: Town, client_of: ClientOf) -> None:
    address = reverse("enrolments:diet_certificate", args=[asked(town).token])
    for who in (town.dora, town.franca, town.gino):
        assert client_of(who).get(address).status_code == 403


def test_every_reading_of_the_office_is_written_down_and_shown_to_the_family(
    town: Town, client_of: ClientOf
) -> None:
    request = asked(town)
    office = client_of(town.enzo)
    assert "celiachia" not in office.get(reverse("enrolments:diet_inbox")).content.decode()
    assert not SensitiveView.objects.exists()
    assert (
        "celiachia" in office.get(reverse("enrolments:diet_request", args=[request.token])).content.decode()
    )
    paper = office.get(reverse("enrolments:diet_certificate", args=[request.token]))
    assert (paper.content, paper["Content-Disposition"]) == (PDF, 'attachment; filename="certificato.pdf"')
    assert "sandbox" in paper["Content-Security-Policy"]
    assert list(SensitiveView.objects.order_by("pk").values_list("kind", "subject")) == [
        ("diet", town.luca.code),
        ("certificate", town.luca.code),
    ]
    for who in (town.anna, town.bruno):
        page = client_of(who).get(reverse("enrolments:seen")).content.decode()
        assert page.count("Ufficio mensa") >= 2
        assert "Enzo" not in page
    assert "Ufficio mensa</td>" not in client_of(town.carla).get(reverse("enrolments:seen")).content.decode()


def test_the_panel_writes_down_each_reason_it_opens(town: Town, client_of: ClientOf) -> None:
    diet = entitlements.assign_diet(
        pupil=town.luca, code="D-03", reason="celiachia", from_day=SUMMER.date(), by=town.enzo, now=SUMMER
    )
    address = reverse("admin:enrolments_diet_change", args=[diet.pk])
    assert "celiachia" in client_of(town.enzo).get(address).content.decode()
    for who in (town.gino, town.auditor):
        assert client_of(who).get(address).status_code == 403
    assert SensitiveView.objects.filter(kind="diet", subject=town.luca.code).count() == 1


def test_a_family_opening_its_own_papers_leaves_no_trace(town: Town, client_of: ClientOf) -> None:
    address = reverse("enrolments:diet_certificate", args=[asked(town).token])
    assert client_of(town.bruno).get(address).content == PDF
    assert not SensitiveView.objects.exists()


def test_a_parent_sees_the_views_of_the_own_household_only(town: Town, client_of: ClientOf) -> None:
    for subject in (town.family.code, town.carla_family.code):
        audit.record_view(user=town.gino, kind="bank", subject=subject, now=NOW)
    page = client_of(town.anna).get(reverse("enrolments:seen")).content.decode()
    assert page.count("Ragioneria") == 1
    assert "Coordinate bancarie" in page


def test_the_office_accepts_and_the_list_empties(town: Town, client_of: ClientOf) -> None:
    request, office = asked(town), client_of(town.enzo)
    wrong = office.post(reverse("enrolments:diet_accept", args=[request.token]), {"code": "CELIACO"})
    assert wrong.status_code == 422
    office.post(
        reverse("enrolments:diet_accept", args=[request.token]), {"code": "d-03", "first_day": "2026-11-30"}
    )
    assert Diet.objects.get().code == "D-03"
    assert "Nessuna richiesta" in office.get(reverse("enrolments:diet_inbox")).content.decode()
    page = client_of(town.anna).get(reverse("enrolments:diets", args=[town.luca.code])).content.decode()
    assert "Accolta" in page
    assert "Codice D-03" in page


def test_the_reason_of_a_refusal_is_read_by_the_family(town: Town, client_of: ClientOf) -> None:
    request, office = asked(town), client_of(town.enzo)
    reject = reverse("enrolments:diet_reject", args=[request.token])
    assert office.post(reject, {"reason": ""}).status_code == 422
    office.post(reject, {"reason": "Il certificato non è firmato."})
    page = client_of(town.anna).get(reverse("enrolments:diets", args=[town.luca.code])).content.decode()
    assert "Il certificato non è firmato." in page


def test_dietician_and_kitchen_confirm_from_their_own_pages(town: Town, client_of: ClientOf) -> None:
    office, cook = client_of(town.enzo), client_of(town.franca)
    office.post(
        reverse("enrolments:diet_accept", args=[asked(town).token]),
        {"code": "D-07", "first_day": "2026-11-30", "severe": "on"},
    )
    one = DietConfirmation.objects.get()
    plates = cook.get(reverse("enrolments:kitchen_diets")).content.decode()
    assert "D-07" in plates
    assert "scuola primaria" in plates
    for private in ("Luca", "Bianchi", "celiachia", "allergia"):
        assert private not in plates
    page = client_of(town.anna).get(reverse("enrolments:diets", args=[town.luca.code])).content.decode()
    assert "Pasto sospeso in attesa di conferma" in page
    office.post(reverse("enrolments:diet_confirm", args=[one.token]))
    one.refresh_from_db()
    assert one.dietician is None  # Enzo works in the office, but is no dietician
    Dietician.objects.create(user=town.enzo, qualification="dietista")
    client_of(town.enzo).post(reverse("enrolments:diet_confirm", args=[one.token]))
    cook.post(reverse("enrolments:kitchen_confirm", args=[one.token]), {"ready_from": "2026-11-30"})
    one.refresh_from_db()
    assert (one.dietician, one.kitchen) == (town.enzo, town.franca)
    assert one.released_at is not None


def test_a_certificate_on_paper_is_registered_by_the_office(town: Town, client_of: ClientOf) -> None:
    diet = entitlements.assign_diet(
        pupil=town.luca,
        code="D-03",
        from_day=SUMMER.date(),
        certificate_until=dt.date(2026, 12, 10),
        by=town.enzo,
        now=SUMMER,
    )
    office = client_of(town.enzo)
    assert "10 dicembre 2026" in office.get(reverse("enrolments:diet_inbox")).content.decode()
    office.post(
        reverse("enrolments:diet_renew", args=[diet.pk]),
        {"certificate_until": "2027-12-10", "from_day": "2026-11-25"},
    )
    diet.refresh_from_db()
    assert diet.certificate_until == dt.date(2027, 12, 10)
