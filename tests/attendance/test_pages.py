"""The pages: they work, they refuse the wrong method, a stranger gets 404 and the wrong role 403."""

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from attendance import absences, closures, letter_mail, night
from attendance.models import Absence, ClassRegister, Closure
from enrolments import entitlements
from enrolments.models import Price
from identity.models import User
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(at("2026-11-24 08:30"))


def text(response: object) -> str:
    page = response.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_a_parent_marks_today_with_one_tap_and_takes_it_back(canteen: Town, client_of: Browser) -> None:
    anna, code = client_of(canteen.anna), canteen.luca.code
    page = anna.post(reverse("attendance:mark", args=[code]), {"day": "2026-11-24"}, follow=True)
    assert "Assenza segnata per martedì 24/11." in text(page)
    assert "Annulla l'assenza" in page.content.decode()
    page = anna.post(reverse("attendance:undo", args=[code]), {"day": "2026-11-24"}, follow=True)
    assert "il pasto c'è di nuovo" in text(page)


def test_a_parent_marks_a_range_without_script(canteen: Town, client_of: Browser) -> None:
    anna, code = client_of(canteen.anna), canteen.luca.code
    asked = {"first": "2026-12-04", "last": "2026-12-09"}
    page = anna.post(reverse("attendance:mark", args=[code]), asked, follow=True)
    assert "Assenza segnata per 3 giorni" in text(page)
    assert Absence.objects.count() == 3


def test_with_htmx_only_the_body_comes_back(canteen: Town, client_of: Browser) -> None:
    anna, code = client_of(canteen.anna), canteen.luca.code
    page = anna.post(
        reverse("attendance:mark", args=[code]), {"day": "2026-11-24"}, headers={"HX-Request": "true"}
    )
    assert page.status_code == 200
    assert "<html" not in page.content.decode()
    assert "Assenza segnata" in text(page)


def test_a_refusal_is_said_on_the_page(canteen: Town, client_of: Browser) -> None:
    clock.move_to(at("2026-11-24 09:05"))
    anna, code = client_of(canteen.anna), canteen.luca.code
    page = anna.post(reverse("attendance:mark", args=[code]), {"day": "2026-11-24"}, follow=True)
    assert "Sono passate le 09:00" in text(page)


@pytest.mark.parametrize("bad", [{"first": "boh"}, {"first": ""}, {"first": "2026-13-40"}])
def test_a_wrong_date_is_explained(canteen: Town, client_of: Browser, bad: dict[str, str]) -> None:
    page = client_of(canteen.anna).post(reverse("attendance:mark", args=[canteen.luca.code]), bad)
    assert page.status_code == 422
    assert "«Dal giorno»" in page.content.decode()


def test_the_family_goes_back_where_it_came_from_but_never_outside(canteen: Town, client_of: Browser) -> None:
    anna, url = client_of(canteen.anna), reverse("attendance:mark", args=[canteen.luca.code])
    inside = anna.post(url, {"day": "2026-11-24", "next": "/famiglia/"})
    outside = anna.post(url, {"day": "2026-11-24", "next": "https://elsewhere.example/"})
    assert inside["Location"] == "/famiglia/"
    assert outside["Location"].startswith("/presenze/")


@pytest.mark.parametrize("name", ["absences", "mark", "undo"])
def test_another_family_does_not_exist(canteen: Town, client_of: Browser, name: str) -> None:
    url = reverse(f"attendance:{name}", args=[canteen.luca.code])
    carla = client_of(canteen.carla)
    answer = carla.get(url) if name == "absences" else carla.post(url, {"day": "2026-11-24"})
    assert answer.status_code == 404
    assert not Absence.objects.exists()


def test_marking_wants_a_post(canteen: Town, client_of: Browser) -> None:
    assert (
        client_of(canteen.anna).get(reverse("attendance:mark", args=[canteen.luca.code])).status_code == 405
    )


def test_both_parents_see_who_marked(canteen: Town, client_of: Browser) -> None:
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=at("2026-11-24 08:00"))
    page = client_of(canteen.bruno).get(reverse("attendance:absences", args=[canteen.luca.code]))
    assert "Anna Rossi" in text(page)
    assert "alle 08:00" in text(page)


def test_the_secretary_confirms_a_class(canteen: Town, client_of: Browser) -> None:
    dora, group = client_of(canteen.dora), canteen.classes["primaria 3A"]
    assert "Da fare" in text(dora.get(reverse("attendance:school")))
    url = reverse("attendance:register", args=[group.pk, "2026-11-24"])
    page = dora.get(url)
    assert page.content.decode().count('name="absent"') == 2
    done = dora.post(url, {"absent": [canteen.luca.pk], "seen": ""}, follow=True)
    assert "Appello della 3A confermato: un assente." in text(done)
    assert ClassRegister.objects.get().confirmed_by == canteen.dora


def test_the_secretary_sees_no_money_no_diet_and_no_other_school(canteen: Town, client_of: Browser) -> None:
    entitlements.assign_diet(
        pupil=canteen.luca, code="D-GLU", from_day=FIRST, reason="celiachia", by=canteen.enzo, now=SUMMER
    )
    dora = client_of(canteen.dora)
    pages = [dora.get(reverse("attendance:school"))]
    pages.append(
        dora.get(reverse("attendance:register", args=[canteen.classes["primaria 3A"].pk, "2026-11-24"]))
    )
    for page in pages:
        assert "€" not in page.content.decode()
        assert "D-GLU" not in page.content.decode()
        assert "Girasole" not in page.content.decode()
    other = reverse("attendance:register", args=[canteen.classes["infanzia 2A"].pk, "2026-11-24"])
    assert dora.get(other).status_code == 404
    assert dora.post(other, {"absent": [canteen.sofia.pk]}).status_code == 404


@pytest.mark.parametrize("day", ["ieri", "2026-02-30"])
def test_a_register_of_an_impossible_day_does_not_exist(canteen: Town, client_of: Browser, day: str) -> None:
    group = canteen.classes["primaria 3A"]
    assert client_of(canteen.dora).get(f"/scuola/{group.pk}/{day}/").status_code == 404


def test_a_register_with_a_foreign_child_is_refused(canteen: Town, client_of: Browser) -> None:
    url = reverse("attendance:register", args=[canteen.classes["primaria 3A"].pk, "2026-11-24"])
    page = client_of(canteen.dora).post(url, {"absent": [canteen.sofia.pk]}, follow=True)
    assert "L'elenco è cambiato" in text(page)
    assert not Absence.objects.exists()


def test_the_kitchen_reads_counts_and_no_names(canteen: Town, client_of: Browser) -> None:
    page = client_of(canteen.franca).get(reverse("attendance:kitchen"))
    assert "3 porzioni" in text(page)
    for name in ("Luca", "Bianchi", "Tommaso", "€"):
        assert name not in page.content.decode().split("<main")[1]
    forecast = client_of(canteen.franca).get(reverse("attendance:kitchen") + "?giorno=2026-11-25")
    assert "Previsione dei pasti" in text(forecast)


def test_the_office_sees_the_effect_of_a_closure_then_declares_it_then_revokes_it(
    canteen: Town, client_of: Browser
) -> None:
    enzo, url = client_of(canteen.enzo), reverse("attendance:closure_new")
    asked = {"first_day": "2026-11-25", "reason": "ordinance", "meal": "none", "act": "ord. 7"}
    page = enzo.post(url, {**asked, "step": "preview"})
    assert "Pasti 3 Famiglie 2 Non addebitati 11,29" in text(page)
    assert "meno di 48 ore" in text(page)
    assert not Closure.objects.exists()
    assert "48 ore" not in text(enzo.post(url, {**asked, "first_day": "2026-11-20", "step": "preview"}))
    for _ in range(2):
        done = enzo.post(url, {**asked, "step": "declare"}, follow=True)
    assert "Chiusura dichiarata: Tutte le scuole." in text(done)
    closure = Closure.objects.get()
    for _ in range(2):
        enzo.post(reverse("attendance:closure_revoke", args=[closure.pk]), follow=True)
    closure.refresh_from_db()
    assert closure.revoked_by == canteen.enzo


def test_a_closure_without_a_date_is_explained(canteen: Town, client_of: Browser) -> None:
    page = client_of(canteen.enzo).post(
        reverse("attendance:closure_new"), {"reason": "strike", "meal": "none", "step": "declare"}
    )
    assert page.status_code == 422
    assert not Closure.objects.exists()


def test_the_office_corrects_a_day(canteen: Town, client_of: Browser) -> None:
    enzo = client_of(canteen.enzo)
    assert "Bianchi Luca" in text(enzo.post(reverse("attendance:pupils"), {"q": "bian"}))
    url = reverse("attendance:correct", args=[canteen.luca.code])
    page = enzo.post(url, {"day": "2026-11-23", "absent": "1", "reason": "febbre"}, follow=True)
    assert "Correzione registrata" in text(page)
    assert "febbre" in text(page)


def test_the_last_nights_are_told(canteen: Town, client_of: Browser) -> None:
    Price.objects.filter(pupil=canteen.tommaso).delete()
    canteen.primaria.canteen_periods.update(valid_from=TUESDAY)
    canteen.infanzia.canteen_periods.update(valid_from=TUESDAY)
    night.run(now=at("2026-11-24 20:05"))
    clock.move_to(at("2026-11-25 06:00"))
    page = client_of(canteen.gino).get(reverse("attendance:nights"))
    assert "ancora aperto" in text(page)
    assert "Neri Tommaso" in text(page)
    assert 'class="night-late"' in page.content.decode()


DOORS = [
    ("absences", ["LUCA"], {"anna", "bruno"}),
    ("school", [], {"dora", "auditor"}),
    ("kitchen", [], {"franca", "enzo", "auditor"}),
    ("closures", [], {"enzo", "auditor"}),
    ("closure_new", [], {"enzo"}),
    ("pupils", [], {"enzo", "auditor"}),
    ("correct", ["LUCA"], {"enzo", "auditor"}),
    ("nights", [], {"enzo", "gino", "auditor"}),
]


@pytest.mark.parametrize(("name", "args", "welcome"), DOORS)
def test_each_page_opens_for_its_roles_only(
    canteen: Town, client_of: Browser, name: str, args: list[str], welcome: set[str]
) -> None:
    url = reverse(f"attendance:{name}", args=[canteen.luca.code for _ in args])
    for who in ("anna", "bruno", "dora", "enzo", "franca", "gino", "auditor"):
        expected = 200 if who in welcome else 403
        assert client_of(getattr(canteen, who)).get(url).status_code == expected, who
    assert Client().get(url).status_code == 302


def test_the_preview_counts_by_school_and_class(canteen: Town) -> None:
    effect = closures.preview(
        first_day=dt.date(2026, 11, 25),
        last_day=dt.date(2026, 11, 29),
        class_group=canteen.classes["primaria 3A"],
        now=at("2026-11-20 08:00"),
    )
    assert (effect.meals, effect.families, str(effect.euro)) == (6, 2, "25.20")
    assert effect.enough_notice


def test_both_parents_are_told_by_mail(canteen: Town, client_of: Browser, mailoutbox: list[Any]) -> None:
    anna, url = client_of(canteen.anna), reverse("attendance:mark", args=[canteen.luca.code])
    anna.post(url, {"day": "2026-11-24"})
    anna.post(url, {"day": "2026-11-24"})  # a double tap tells nobody again
    letter_mail.send_waiting(now=clock.now())
    assert sorted(message.to[0] for message in mailoutbox) == ["anna@posta.example", "bruno@posta.example"]
    assert "Luca" not in mailoutbox[0].subject
    assert "martedì 24 novembre 2026: assente, nessun addebito (Anna Rossi, mar 24 nov alle 08:30)" in (
        mailoutbox[0].body
    )
