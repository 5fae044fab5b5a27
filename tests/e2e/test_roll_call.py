"""The roll-call in a real browser: at the keyboard, on a phone, on a line that comes and goes."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, Route, expect

from attendance import absences, phases, registers
from attendance.models import Absence, CanteenPeriod, ClassRegister
from attendance.rules.verdict import Phase
from enrolments.models import Enrolment, Pupil
from identity.models import User
from mensa import clock
from tests.cast import Town, at, client_of
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)
Enter = Callable[[str], Visitor]
TUESDAY = dt.date(2026, 11, 24)
#: What a browser writes in its console when the line is down: expected here, a problem everywhere else.
LINE_IS_DOWN = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED")


def signed_in(visitor: Visitor, user: User) -> Visitor:
    session = client_of(user).cookies[django_settings.SESSION_COOKIE_NAME].value
    visitor.context.add_cookies(
        [{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": visitor.home}]
    )
    return visitor


def roll(town: Town) -> str:
    return f"/scuola/{town.classes['primaria 3A'].pk}/2026-11-24/"


def box(page: Page, pupil: Pupil) -> Any:
    return page.locator(f"input[value='{pupil.pk}']")


def sent(visitor: Visitor) -> None:
    """The list of classes is there again, with what has become of the roll-call."""
    visitor.page.get_by_text("Appello della 3A confermato").wait_for()


def kept(page: Page) -> dict[str, Any]:
    return json.loads(
        page.evaluate(
            "JSON.stringify(Object.fromEntries(Object.entries(localStorage).filter(e => e[0].startsWith('appello:'))))"
        )
    )


def forgive_the_line(visitor: Visitor) -> None:
    visitor.problems[:] = [one for one in visitor.problems if not any(word in one for word in LINE_IS_DOWN)]


def absent_now() -> list[str]:
    rows = Absence.objects.filter(source="school", absent=True).select_related("pupil")
    return sorted(row.pupil.first_name for row in rows)


def a_whole_class(town: Town) -> None:
    """Twenty-four more children in 3A."""
    pupils = Pupil.objects.bulk_create(
        Pupil(
            code=f"CODE{number:04}",
            fiscal_code=f"PROVA{number:011}",
            first_name=f"Nome{number}",
            last_name=f"Cognome{number:02}",
            birth_date=dt.date(2018, 1, 1),
            sort_key=f"cognome{number:02} nome{number}",
        )
        for number in range(24)
    )
    Enrolment.objects.bulk_create(
        Enrolment(pupil=pupil, class_group=town.classes["primaria 3A"], valid_from=dt.date(2026, 9, 1))
        for pupil in pupils
    )


def test_a_class_of_twenty_six_is_confirmed_with_ten_keys(open_town: Town, visitor: Enter) -> None:
    """Far under a minute for anybody, and on any machine: keys are counted, not seconds."""
    a_whole_class(open_town)
    absences.mark(pupil=open_town.luca, days=[TUESDAY], by=open_town.anna, now=at("2026-11-24 08:00"))
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.go("/scuola/")
    dora.look("Appello di oggi")
    dora.press("3A")
    dora.look("Appello della 3A")
    expect(box(dora.page, open_town.luca)).to_be_checked()
    for key in (
        "ArrowRight",
        "ArrowLeft",
        "ArrowDown",
        "ArrowUp",
        "End",
        "Space",
        "Home",
        "ArrowRight",
        "Space",
    ):
        dora.page.keyboard.press(key)
    expect(dora.page.locator("[data-roll-absent]")).to_have_text("3")
    dora.page.keyboard.press("Enter")
    sent(dora)
    dora.reads("Appello della 3A confermato: 3 assenti.")
    assert absent_now() == ["Luca", "Nome0", "Tommaso"]
    assert kept(dora.page) == {}


def test_a_lost_line_loses_nothing_and_sends_by_itself_when_it_is_back(
    open_town: Town, visitor: Enter
) -> None:
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.go(roll(open_town))
    dora.context.set_offline(True)
    box(dora.page, open_town.luca).check()
    dora.press("Conferma l'appello")
    expect(dora.page.get_by_text("Non ancora inviato: manca la connessione.")).to_be_visible()
    (entry,) = kept(dora.page).values()
    assert json.loads(entry)["ids"] == [str(open_town.luca.pk)]
    assert "Luca" not in entry
    dora.look("Appello della 3A")
    box(dora.page, open_town.tommaso).check()  # she goes on while the line is down
    dora.context.set_offline(False)
    sent(dora)
    dora.reads("Appello della 3A confermato: 2 assenti.")
    assert absent_now() == ["Luca", "Tommaso"]
    assert (ClassRegister.objects.count(), kept(dora.page)) == (1, {})
    forgive_the_line(dora)


def test_an_answer_lost_on_the_way_back_is_not_a_second_roll_call(open_town: Town, visitor: Enter) -> None:
    """The server has taken the list, the page does not know: it sends again, changed, and is not taken for a colleague."""
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.go(roll(open_town))
    lost: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.fetch(max_redirects=0).status)
        route.abort()

    dora.page.route(f"**{roll(open_town)}", lose_the_first_answer)
    box(dora.page, open_town.luca).check()
    dora.press("Conferma l'appello")
    expect(dora.page.get_by_text("Non ancora inviato")).to_be_visible()
    assert lost == [200]
    box(dora.page, open_town.luca).uncheck()
    box(dora.page, open_town.tommaso).check()
    dora.page.wait_for_url("**/scuola/")
    dora.reads("Appello della 3A confermato: un assente.")
    assert (absent_now(), ClassRegister.objects.count()) == (["Tommaso"], 1)
    forgive_the_line(dora)


def test_a_page_closed_in_the_middle_finds_its_ticks_again(open_town: Town, visitor: Enter) -> None:
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.go(roll(open_town))
    box(dora.page, open_town.tommaso).check()
    dora.go("/aiuto/")
    dora.go("/scuola/")
    dora.reads("Spunte non ancora inviate")
    dora.go(roll(open_town))
    expect(box(dora.page, open_town.tommaso)).to_be_checked()
    expect(dora.page.get_by_text("ho rimesso le spunte")).to_be_visible()
    dora.look("Appello della 3A")
    dora.press("Conferma l'appello")
    sent(dora)
    assert absent_now() == ["Tommaso"]


def test_ticks_that_a_colleague_has_overtaken_are_named_and_signing_out_forgets(
    open_town: Town, visitor: Enter
) -> None:
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.go(roll(open_town))
    box(dora.page, open_town.tommaso).check()
    registers.confirm(
        class_group=open_town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[],
        by=open_town.enzo,
        now=clock.now(),
    )
    dora.press("Conferma l'appello")
    expect(dora.page.get_by_text("Qui mancano: Neri Tommaso.")).to_be_visible()
    dora.reads("Un collega ha confermato questo appello nel frattempo")
    assert kept(dora.page) == {}
    box(dora.page, open_town.luca).check()
    assert len(kept(dora.page)) == 1
    dora.press("Esci")
    expect(dora.page.get_by_role("button", name="Esci")).to_have_count(0)
    assert kept(dora.page) == {}


def test_an_absence_announced_while_the_page_is_open_is_ticked(open_town: Town, visitor: Enter) -> None:
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.page.clock.install()
    dora.go(roll(open_town))
    absences.mark(pupil=open_town.luca, days=[TUESDAY], by=open_town.anna, now=clock.now())
    dora.page.clock.run_for(21_000)
    expect(dora.page.get_by_text("avvisato ora dalla famiglia")).to_be_visible()
    expect(box(dora.page, open_town.luca)).to_be_checked()


def test_the_list_of_classes_shows_by_itself_what_a_colleague_confirms(
    open_town: Town, visitor: Enter
) -> None:
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.page.clock.install()
    dora.go("/scuola/")
    dora.reads("Da fare")
    registers.confirm(
        class_group=open_town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[],
        by=open_town.dora,
        now=clock.now(),
    )
    dora.page.clock.run_for(21_000)
    expect(dora.page.get_by_text("Confermato")).to_be_visible()
    dora.look("Appello di oggi")


def test_without_script_the_roll_call_works_and_the_sheets_print(
    open_town: Town, visitor: Enter, browser: Any
) -> None:
    dora = signed_in(visitor("dora"), open_town.dora)
    absences.mark(pupil=open_town.luca, days=[TUESDAY], by=open_town.anna, now=at("2026-11-24 08:00"))
    dora.go("/scuola/stampa/")
    dora.look("Fogli dell'appello")
    dora.page.emulate_media(media="print")
    assert dora.page.locator(".site-header").is_hidden()
    luca = dora.page.locator(".paper tr", has_text="Bianchi Luca")
    expect(luca.get_by_text("assente", exact=True)).to_be_visible()
    plain = browser.new_context(java_script_enabled=False, storage_state=dora.context.storage_state())
    page = plain.new_page()
    page.goto(f"{dora.home}{roll(open_town)}")
    page.locator(f"input[value='{open_town.tommaso.pk}']").check()
    page.get_by_role("button", name="Conferma l'appello").click()
    expect(page.locator("main")).to_contain_text("Appello della 3A confermato: 2 assenti.")
    plain.close()


def test_the_other_pages_of_the_morning(open_town: Town, visitor: Enter) -> None:
    CanteenPeriod.objects.update(valid_from=TUESDAY)  # no night is owed yet
    dora = signed_in(visitor("dora"), open_town.dora)
    dora.go("/scuola/personale/")
    dora.look("Docenti e alunni non iscritti")
    dora.page.get_by_label("Docenti (fino a 1)").first.fill("1")
    dora.press("Registra i pasti")
    dora.reads("Pasti registrati")
    dora.go("/scuola/elenco/")
    dora.look("Assenze dal registro elettronico")
    dora.page.set_input_files(
        "input[type=file]",
        {
            "name": "assenze.csv",
            "mimeType": "text/csv",
            "buffer": b"Giorno;Classe;Cognome;Nome\n24/11/2026;3A;Bianchi;Luca\n24/11/2026;3A;Ignoto;Pino\n",
        },
    )
    dora.press("Controlla il file")
    dora.look("Elenco delle assenze")
    dora.press("Registra e conferma gli appelli")
    dora.look("Elenco delle assenze")
    assert absent_now() == ["Luca"]
    dora.go(roll(open_town))
    dora.page.get_by_text("Entra più tardi o esce prima").click()
    dora.page.get_by_label("Alunno").select_option(label="Bianchi Luca")
    dora.page.get_by_label("Entra più tardi e mangia").check()
    dora.press("Registra")
    dora.look("Appello della 3A")
    dora.reads("entra alle 08:40 e mangia")
    assert absent_now() == []
    absences.mark(pupil=open_town.tommaso, days=[TUESDAY], by=open_town.carla, now=at("2026-11-24 08:00"))
    registers.confirm(
        class_group=open_town.classes["primaria 3A"],
        day=TUESDAY,
        absent_pupils=[],
        by=open_town.dora,
        now=at("2026-11-24 08:45"),
    )
    User.objects.filter(pk=open_town.bruno.pk).update(last_login=at("2026-11-20 10:00"))
    phases.plan(
        school=open_town.primaria,
        phase=Phase.PARENTS,
        from_day=dt.date(2026, 12, 9),
        act="Determina 7",
        now=clock.now(),
    )
    anna = signed_in(visitor("anna"), open_town.anna)
    anna.go("/famiglia/")
    anna.look("La mia famiglia")
    anna.reads("da mercoledì 9 dicembre 2026 contano solo le vostre disdette")
    anna.go(f"/presenze/{open_town.luca.code}/")
    anna.look("Assenze di Luca")
    dora.go("/scuola/")
    dora.look("Appello di oggi")
    enzo = signed_in(visitor("enzo"), open_town.enzo)
    for path, title in (
        ("/ufficio/fasi/", "Chi segna le assenze"),
        ("/ufficio/verifiche/", "Verifiche"),
        ("/ufficio/non-iscritti/", "Pasti senza iscrizione"),
    ):
        enzo.go(path)
        enzo.look(title)
    enzo.go("/ufficio/verifiche/")
    enzo.press("Ha ragione la famiglia")
    enzo.reads("Deciso: assente, il pasto non si paga.")
