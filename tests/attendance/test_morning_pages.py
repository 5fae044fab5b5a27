"""The pages of the school's morning and of the office's desk: they work, strangers do not find them, the school sees no money."""

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from attendance import absences, phases, readiness, registers
from attendance.models import (
    Absence,
    AttendanceRules,
    ClassRegister,
    ExtraMeal,
    Letter,
    Passage,
    RegisterImport,
    SchoolPhase,
)
from attendance.rules.verdict import Phase
from enrolments.models import ClassGroup, Enrolment, Pupil
from identity.models import User
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
MONEY = re.compile(r"€|euro|ISEE|borsellin|debit|fascia|diagnos|religio", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(at("2026-11-24 08:50"))


def text(response: Any) -> str:
    page = response.content.decode()
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def main(response: Any) -> str:
    found = re.search(r"<main.*?</main>", response.content.decode(), re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", found.group() if found else "")))


def group(town: Town) -> ClassGroup:
    return town.classes["primaria 3A"]


def school_pages(town: Town) -> list[str]:
    batch = RegisterImport.objects.create(
        day=TUESDAY,
        file_name="a.csv",
        absent={},
        problems=[],
        uploaded_by=town.dora,
        uploaded_at=at("2026-11-24 08:40"),
    )
    return [
        reverse("attendance:school"),
        reverse("attendance:register", args=[group(town).pk, "2026-11-24"]),
        reverse("attendance:register_news", args=[group(town).pk, "2026-11-24"]),
        reverse("attendance:paper"),
        reverse("attendance:extra_meals"),
        reverse("attendance:absence_list_new"),
        reverse("attendance:absence_list", args=[batch.pk]),
    ]


@pytest.mark.parametrize("phase", ["A", "B", "C"])
def test_the_school_sees_no_money_in_any_phase(canteen: Town, client_of: Browser, phase: str) -> None:
    SchoolPhase.objects.create(school=canteen.primaria, phase=phase, valid_from=dt.date(2026, 9, 1))
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    dora = client_of(canteen.dora)
    for url in school_pages(canteen):
        page = dora.get(url)
        assert page.status_code == 200
        assert not MONEY.search(main(page)), url


def test_each_page_of_the_school_is_for_secretaries_alone(canteen: Town, client_of: Browser) -> None:
    for url in school_pages(canteen):
        for stranger in (canteen.anna, canteen.franca, canteen.enzo, canteen.gino):
            assert client_of(stranger).get(url).status_code == 403


def test_a_class_of_another_school_and_anothers_list_do_not_exist(canteen: Town, client_of: Browser) -> None:
    dora, other = client_of(canteen.dora), canteen.classes["infanzia 2A"].pk
    for name in ("register", "register_news"):
        assert dora.get(reverse(f"attendance:{name}", args=[other, "2026-11-24"])).status_code == 404
    assert dora.post(reverse("attendance:passage", args=[other, "2026-11-24"])).status_code == 404
    assert "Sofia" not in text(dora.get(f"{reverse('attendance:paper')}?classe={other}"))
    batch = RegisterImport.objects.create(
        day=TUESDAY,
        file_name="a.csv",
        absent={},
        problems=[],
        uploaded_by=canteen.enzo,
        uploaded_at=at("2026-11-24 08:40"),
    )
    assert dora.get(reverse("attendance:absence_list", args=[batch.pk])).status_code == 404
    assert dora.post(reverse("attendance:absence_list_apply", args=[batch.pk])).status_code == 404
    row = Passage.objects.create(
        day=TUESDAY,
        pupil=canteen.sofia,
        class_group=canteen.classes["infanzia 2A"],
        kind="late_entry",
        hour=dt.time(10),
        recorded_by=canteen.enzo,
        recorded_at=at("2026-11-24 08:40"),
    )
    assert dora.post(reverse("attendance:passage_undo", args=[row.pk])).status_code == 404


@pytest.mark.parametrize("name", ["desk", "phases", "unenrolled"])
def test_the_offices_pages_are_for_the_office(canteen: Town, client_of: Browser, name: str) -> None:
    url = reverse(f"attendance:{name}")
    assert client_of(canteen.enzo).get(url).status_code == 200
    for stranger in (canteen.anna, canteen.dora, canteen.franca, canteen.gino):
        assert client_of(stranger).get(url).status_code == 403


def test_what_changes_something_is_never_a_get(canteen: Town, client_of: Browser) -> None:
    dora, enzo = client_of(canteen.dora), client_of(canteen.enzo)
    assert dora.get(reverse("attendance:passage", args=[group(canteen).pk, "2026-11-24"])).status_code == 405
    assert dora.get(reverse("attendance:passage_undo", args=[1])).status_code == 405
    assert dora.get(reverse("attendance:absence_list_apply", args=[1])).status_code == 405
    assert enzo.get(reverse("attendance:phase_cancel", args=[1])).status_code == 405
    assert enzo.get(reverse("attendance:unenrolled_settle", args=[1])).status_code == 405
    url = reverse("attendance:desk_decide", args=[canteen.luca.code, "2026-11-24"])
    assert enzo.get(url).status_code == 405


def test_the_pages_script_gets_an_address_and_the_message_waits_there(
    canteen: Town, client_of: Browser
) -> None:
    dora, url = (
        client_of(canteen.dora),
        reverse("attendance:register", args=[group(canteen).pk, "2026-11-24"]),
    )
    answer = dora.post(
        url, {"absent": [canteen.luca.pk], "seen": "", "key": "k", "turn": 1}, headers={"X-Appello": "1"}
    )
    assert answer.json() == {"go": reverse("attendance:school")}
    assert "confermato: un assente" in text(dora.get(reverse("attendance:school")))
    again = dora.post(url, {"absent": [canteen.luca.pk], "seen": "", "key": "k", "turn": 1})
    assert again["Location"] == reverse("attendance:school")
    assert ClassRegister.objects.count() == 1


def test_nobody_absent_in_a_school_is_asked_on_the_page(canteen: Town, client_of: Browser) -> None:
    AttendanceRules.objects.create(act="Delibera 1", valid_from=dt.date(2026, 9, 1), nobody_absent_from=2)
    dora, url = (
        client_of(canteen.dora),
        reverse("attendance:register", args=[group(canteen).pk, "2026-11-24"]),
    )
    page = dora.post(url, {"seen": ""}, follow=True)
    assert "nessun assente su 2 alunni: è proprio così?" in text(page)
    assert "Sì, sono tutti presenti" in text(page)
    assert not ClassRegister.objects.exists()
    assert "confermato: nessun assente" in text(dora.post(url, {"seen": "", "sure": "1"}, follow=True))
    assert ClassRegister.objects.exists()


def test_a_passage_from_the_page_and_its_mistakes(canteen: Town, client_of: Browser) -> None:
    dora, url = client_of(canteen.dora), reverse("attendance:passage", args=[group(canteen).pk, "2026-11-24"])
    wrong = dora.post(url, {"pupil": canteen.sofia.pk, "kind": "late_entry", "hour": "25"})
    assert wrong.status_code == 422
    assert "L'ora si scrive come 10:30." in text(wrong)
    page = dora.post(
        url, {"pupil": canteen.luca.pk, "kind": "early_exit", "hour": "10:30", "sent_home": "on"}, follow=True
    )
    assert "rimandato a casa alle 10:30" in text(page)
    undone = dora.post(reverse("attendance:passage_undo", args=[Passage.objects.get().pk]), follow=True)
    assert "Annullato" in text(undone)


def test_the_meals_of_the_staff_from_the_page(canteen: Town, client_of: Browser) -> None:
    dora, url, name = client_of(canteen.dora), reverse("attendance:extra_meals"), f"c{group(canteen).pk}"
    page = dora.post(url, {f"{name}-staff": "2", f"{name}-unenrolled": "1"}, follow=True)
    assert "Classe 3A: Scrivi nome e cognome" in text(page)
    assert "1 oltre la quota" in text(page)
    dora.post(url, {f"{name}-staff": "2", f"{name}-unenrolled": "1", f"{name}-note": "Rossi Piero"})
    assert sorted(ExtraMeal.objects.values_list("kind", "count")) == [("staff", 2), ("unenrolled", 1)]
    assert dora.post(url, {f"{name}-staff": "-1"}).status_code == 422
    enzo = client_of(canteen.enzo)
    assert "Rossi Piero" in text(enzo.get(reverse("attendance:unenrolled")))
    case = ExtraMeal.objects.get(kind="unenrolled")
    assert "Caso chiuso" in text(
        enzo.post(reverse("attendance:unenrolled_settle", args=[case.pk]), follow=True)
    )
    assert "Rossi Piero" not in text(enzo.get(reverse("attendance:unenrolled")))


def test_a_list_from_the_page(canteen: Town, client_of: Browser) -> None:
    dora = client_of(canteen.dora)
    url = reverse("attendance:absence_list_new")
    bad = dora.post(url, {"file": SimpleUploadedFile("a.csv", b"Nome\nLuca\n")})
    assert (bad.status_code, "Manca la colonna" in text(bad)) == (422, True)
    rows = b"Giorno;Classe;Cognome;Nome\n24/11/2026;3A;Bianchi;Luca\n24/11/2026;3A;Ignoto;Pino\n"
    page = dora.post(url, {"file": SimpleUploadedFile("assenze.csv", rows)}, follow=True)
    assert "1 assente riconosciuto, 1 riga con errori" in text(page)
    assert not Absence.objects.exists()
    apply = reverse("attendance:absence_list_apply", args=[RegisterImport.objects.get().pk])
    for _ in range(2):
        assert "Elenco registrato: 1 classe confermata." in text(dora.post(apply, follow=True))
    assert Absence.objects.filter(absent=True).count() == 1


def test_the_sheet_on_paper_has_the_parents_absences(canteen: Town, client_of: Browser) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    page = text(client_of(canteen.dora).get(reverse("attendance:paper")))
    assert re.search(r"Bianchi Luca\s+assente\s+avvisato dalla famiglia", page)
    assert "Già assenti: 1" in page
    assert "nessuna classe ha la mensa" in text(
        client_of(canteen.dora).get(f"{reverse('attendance:paper')}?giorno=2026-11-28")
    )


def grow(town: Town) -> None:
    """Twenty more pupils, in two classes of the school."""
    for name in ("primaria 3A", "primaria 4A"):
        pupils = Pupil.objects.bulk_create(
            Pupil(
                code=f"{name[-2:]}X{number:05}",
                fiscal_code=f"{name[-2:]}PROVA{number:09}",
                first_name=f"Nome{number}",
                last_name="Cognome",
                birth_date=dt.date(2018, 1, 1),
                sort_key=f"cognome nome{number}",
            )
            for number in range(10)
        )
        Enrolment.objects.bulk_create(
            Enrolment(pupil=pupil, class_group=town.classes[name], valid_from=dt.date(2026, 9, 1))
            for pupil in pupils
        )


@pytest.mark.parametrize("name", ["school", "paper", "extra_meals"])
def test_the_schools_pages_ask_the_database_the_same_number_of_questions(
    canteen: Town, client_of: Browser, name: str
) -> None:
    dora, url = client_of(canteen.dora), reverse(f"attendance:{name}")
    dora.get(url)
    with CaptureQueriesContext(connection) as few:
        dora.get(url)
    grow(canteen)
    with CaptureQueriesContext(connection) as many:
        page = dora.get(url)
    assert "4A" in text(page)
    assert len(many) == len(few)


def test_the_desk_asks_the_same_number_of_questions_whatever_waits(canteen: Town, client_of: Browser) -> None:
    enzo, url = client_of(canteen.enzo), reverse("attendance:desk")
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    registers.confirm(
        class_group=group(canteen), day=TUESDAY, absent_pupils=[], by=canteen.dora, now=at("2026-11-24 08:45")
    )
    enzo.get(url)
    with CaptureQueriesContext(connection) as few:
        enzo.get(url)
    Absence.objects.create(
        day=TUESDAY,
        pupil=canteen.tommaso,
        source="parent",
        marked_by=canteen.carla,
        marked_at=at("2026-11-24 08:00"),
    )
    with CaptureQueriesContext(connection) as many:
        page = text(enzo.get(url))
    assert "Neri Tommaso" in page
    assert "alle 08:45:00" in page
    assert len(many) == len(few)


def test_the_desk_decides_with_one_click(canteen: Town, client_of: Browser) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    registers.confirm(
        class_group=group(canteen), day=TUESDAY, absent_pupils=[], by=canteen.dora, now=at("2026-11-24 08:45")
    )
    enzo = client_of(canteen.enzo)
    assert "Presenze da verificare" in text(enzo.get(reverse("mensa:office")))
    url = reverse("attendance:desk_decide", args=[canteen.luca.code, "2026-11-24"])
    assert "Deciso: assente" in text(enzo.post(url, {"absent": "1"}, follow=True))
    assert "Era già deciso così" in text(enzo.post(url, {"absent": "1"}, follow=True))
    assert "Niente da verificare" in text(enzo.get(reverse("attendance:desk")))
    assert Letter.objects.filter(kind="conflict").count() == 2  # the parents; Dora has no address here


# phases


def test_the_office_plans_a_change_and_calls_it_off(canteen: Town, client_of: Browser) -> None:
    enzo, url = client_of(canteen.enzo), reverse("attendance:phases")
    asked = {"school": canteen.primaria.pk, "phase": "C", "from_day": "2026-12-01", "act": "Determina 7"}
    assert "fase C dal 01/12/2026" in text(enzo.post(url, asked, follow=True))
    assert "Determina 7" in text(enzo.get(url))
    past = enzo.post(url, {**asked, "from_day": "2026-11-24"})
    assert (past.status_code, "da domani in poi" in text(past)) == (422, True)
    row = SchoolPhase.objects.get()
    assert "Cambio annullato" in text(
        enzo.post(reverse("attendance:phase_cancel", args=[row.pk]), follow=True)
    )
    assert not SchoolPhase.objects.exists()


def test_the_readiness_meter_counts_the_families_that_have_signed_in(
    canteen: Town, client_of: Browser
) -> None:
    def meter() -> readiness.Readiness:
        found = readiness.of_schools([canteen.primaria.pk], TUESDAY, since=dt.date(2026, 10, 1))
        return found[canteen.primaria.pk]

    assert (meter().families, meter().signed_in, meter().share) == (2, 0, 0)
    User.objects.filter(pk=canteen.bruno.pk).update(last_login=at("2026-11-20 10:00"))
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    assert (meter().signed_in, meter().share, meter().spoken, meter().ready) == (1, 50, 1, False)
    User.objects.filter(pk=canteen.carla.pk).update(last_login=at("2026-11-20 10:00"))
    assert (meter().share, meter().ready) == (100, True)
    page = client_of(canteen.enzo).get(reverse("attendance:phases"))
    assert "2 (100%)" in text(page)
    assert 'class="meter-ready" width="100"' in page.content.decode()


@pytest.mark.parametrize(
    ("phase", "sentence"),
    [
        ("A", "le assenze le segna la scuola all'appello"),
        ("B", "le assenze le segnate voi genitori"),
        ("C", "contano solo le vostre disdette"),
    ],
)
def test_the_parents_page_says_who_records_absences(
    canteen: Town, client_of: Browser, phase: str, sentence: str
) -> None:
    SchoolPhase.objects.create(school=canteen.primaria, phase=phase, valid_from=dt.date(2026, 9, 1))
    page = text(client_of(canteen.anna).get(reverse("attendance:absences", args=[canteen.luca.code])))
    assert sentence in page


def test_before_a_change_families_and_school_read_from_when(canteen: Town, client_of: Browser) -> None:
    phases.plan(
        school=canteen.primaria,
        phase=Phase.PARENTS,
        from_day=dt.date(2026, 12, 9),
        act="",
        now=at("2026-11-24 08:00"),
    )
    anna, dora = client_of(canteen.anna), client_of(canteen.dora)
    family = text(anna.get(reverse("mensa:family")))
    assert "(Luca): da mercoledì 9 dicembre 2026 contano solo le vostre disdette" in family
    assert "Da mercoledì 9 dicembre 2026 cambia chi segna le assenze" in text(
        anna.get(reverse("attendance:absences", args=[canteen.luca.code]))
    )
    sofia = text(anna.get(reverse("attendance:absences", args=[canteen.sofia.code])))
    assert "cambia chi segna" not in sofia
    assert "Da mercoledì 9 dicembre 2026 le assenze le segnano solo le famiglie" in text(
        dora.get(reverse("attendance:school"))
    )


def test_in_phase_c_the_roll_call_is_offered_and_not_asked(canteen: Town, client_of: Browser) -> None:
    SchoolPhase.objects.create(school=canteen.primaria, phase="C", valid_from=dt.date(2026, 9, 1))
    clock.move_to(at("2026-11-24 09:45"))
    page = text(client_of(canteen.dora).get(reverse("attendance:school")))
    assert "Facoltativo" in page
    assert "non è confermata" not in page
