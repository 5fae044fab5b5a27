"""Strike, assembly, trip, declared by the school: own classes only, no euro, families told, undone in time."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from attendance import absences, closure_mails, closures, kitchen, night, school_days, verdicts
from attendance.errors import NotDeclared
from attendance.models import Caterer, Closure, ClosureNotice
from attendance.school_days import Asked
from enrolments import enrolling
from enrolments.models import Diet, School
from identity.models import User
from mensa import clock
from tests.attendance.conftest import LAST, TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
THURSDAY = dt.date(2026, 11, 26)
NOW = at("2026-11-24 08:20")


@pytest.fixture(autouse=True)
def _morning() -> None:
    clock.move_to(NOW)


def asked(town: Town, *names: str, **changes: Any) -> Asked:
    facts: dict[str, Any] = {
        "classes": tuple(town.classes[name] for name in names or ("primaria 3A",)),
        "first_day": THURSDAY,
        "last_day": THURSDAY,
        "reason": "strike",
        "meal": "none",
        **changes,
    }
    return Asked(**facts)


def form(town: Town, *names: str, **changes: Any) -> dict[str, Any]:
    return {
        "reason": "strike",
        "first_day": "2026-11-26",
        "classes": [f"c{town.classes[name].pk}" for name in names or ("primaria 3A",)],
        "meal": "none",
        "step": "declare",
        **changes,
    }


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode())).replace("\xa0", " ")


def test_a_strike_is_declared_in_two_taps_and_nobody_has_to_do_anything(
    canteen: Town, client_of: Browser, balances: Callable[[], dict[str, str]]
) -> None:
    Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example")
    dora, url = client_of(canteen.dora), reverse("attendance:school_days")
    page = dora.post(url, form(canteen, step="preview"))
    assert "Pasti in meno 2 Alunni 2" in text(page)
    assert not Closure.objects.exists()
    assert "Dichiarato." in text(dora.post(url, form(canteen), follow=True))
    closure_mails.send_some(now=NOW)
    assert sorted(message.to[0] for message in mail.outbox) == [
        "anna@posta.example",
        "bruno@posta.example",
        "carla@posta.example",
        "ordini@mense.example",
    ]
    assert "Famiglie e gestore avvisati" in text(dora.get(url))
    canteen.primaria.canteen_periods.update(valid_from=THURSDAY)
    canteen.infanzia.canteen_periods.update(valid_from=THURSDAY)
    night.run(now=at("2026-11-26 20:05"))
    assert balances() == {"Bianchi": "-2.89", "Neri": "0.00"}, "only Sofia of the other school has eaten"


def test_the_school_never_sees_euro(canteen: Town, client_of: Browser) -> None:
    dora, url = client_of(canteen.dora), reverse("attendance:school_days")
    dora.post(url, form(canteen))
    undo = reverse("attendance:school_day_undo", args=[ClosureNotice.objects.get().pk])
    for page in (dora.post(url, form(canteen, step="preview")), dora.get(url), dora.get(undo)):
        main = page.content.decode().split("<main")[1]
        assert "€" not in main
        assert "euro" not in main.casefold()
        assert "Luca" not in main


def test_several_classes_at_once_are_one_message_for_each_family(canteen: Town) -> None:
    enrolling.change_class(
        pupil=canteen.tommaso,
        class_group=canteen.classes["primaria 1A"],
        from_day=dt.date(2026, 10, 1),
        by=canteen.enzo,
        now=NOW,
    )
    rows = school_days.declare(asked=asked(canteen, "primaria 3A", "primaria 1A"), by=canteen.dora, now=NOW)
    assert len(rows) == 2
    closure_mails.send_some(now=NOW)
    assert len(mail.outbox) == 3


def test_all_the_classes_are_the_school(canteen: Town) -> None:
    names = [f"primaria {grade}A" for grade in range(1, 6)]
    (row,) = school_days.declare(asked=asked(canteen, *names), by=canteen.dora, now=NOW)
    assert (row.school, row.class_group) == (canteen.primaria, None)


def test_the_whole_school_is_one_tick(canteen: Town, client_of: Browser) -> None:
    url = reverse("attendance:school_days")
    client_of(canteen.dora).post(url, form(canteen, classes=[f"s{canteen.primaria.pk}"]))
    assert Closure.objects.get().school == canteen.primaria
    stranger = form(canteen, classes=[f"s{canteen.infanzia.pk}"])
    assert client_of(canteen.dora).post(url, stranger).status_code == 422


def test_declared_twice_it_stands_once(canteen: Town, client_of: Browser) -> None:
    for _ in range(2):
        client_of(canteen.dora).post(reverse("attendance:school_days"), form(canteen))
    assert Closure.objects.count() == ClosureNotice.objects.count() == 1


def test_another_schools_classes_are_not_offered_nor_accepted(canteen: Town, client_of: Browser) -> None:
    dora, url = client_of(canteen.dora), reverse("attendance:school_days")
    assert "Girasole" not in dora.get(url).content.decode()
    assert dora.post(url, form(canteen, "infanzia 2A")).status_code == 422
    for who in (canteen.dora, canteen.enzo, canteen.anna):
        with pytest.raises(NotDeclared, match="solo per le classi della tua scuola"):
            school_days.declare(asked=asked(canteen, "infanzia 2A"), by=who, now=NOW)
    assert not Closure.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reason": "ordinance"}, "scioperi, assemblee e uscite"),
        ({"first_day": dt.date(2026, 11, 23), "last_day": dt.date(2026, 11, 23)}, "Il giorno è passato"),
        ({"last_day": dt.date(2026, 12, 24)}, "Più di 14 giorni"),
        ({"classes": ()}, "almeno una classe"),
    ],
)
def test_what_is_the_offices_stays_with_the_office(
    canteen: Town, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(NotDeclared, match=sentence):
        school_days.declare(asked=asked(canteen, **changes), by=canteen.dora, now=NOW)


def test_for_today_it_can_be_declared_until_the_kitchens_sheet(canteen: Town) -> None:
    today = asked(canteen, first_day=TUESDAY, last_day=TUESDAY)
    with pytest.raises(NotDeclared, match="foglio della cucina di oggi è già chiuso"):
        school_days.declare(asked=today, by=canteen.dora, now=at("2026-11-24 09:45"))
    assert school_days.declare(asked=today, by=canteen.dora, now=at("2026-11-24 09:44"))


def test_where_there_is_no_canteen_anyway_the_page_says_so(canteen: Town, client_of: Browser) -> None:
    page = client_of(canteen.dora).post(
        reverse("attendance:school_days"), form(canteen, first_day="2026-11-28", step="preview")
    )
    assert page.status_code == 422
    assert "sono già senza mensa" in text(page)


def test_it_can_be_undone_before_the_sheet_and_not_after(canteen: Town, client_of: Browser) -> None:
    school_days.declare(asked=asked(canteen), by=canteen.dora, now=NOW)
    closure_mails.send_some(now=NOW)
    notice = ClosureNotice.objects.get()
    dora, url = client_of(canteen.dora), reverse("attendance:school_day_undo", args=[notice.pk])
    assert "1 giorno, 2 pasti" in text(dora.get(url))
    clock.move_to(at("2026-11-26 09:45"))
    assert "è già chiuso" in text(dora.post(url, follow=True))
    assert Closure.objects.get().revoked_at is None
    clock.move_to(at("2026-11-26 09:44"))
    mail.outbox.clear()
    for _ in range(2):
        dora.post(url)
    assert Closure.objects.get().revoked_by == canteen.dora
    closure_mails.send_some(now=clock.now())
    assert len(mail.outbox) == 3


def test_a_strangers_declaration_is_not_found(canteen: Town, client_of: Browser) -> None:
    school_days.declare(asked=asked(canteen), by=canteen.dora, now=NOW)
    url = reverse("attendance:school_day_undo", args=[ClosureNotice.objects.get().pk])
    canteen.dora.school_posts.all().delete()
    assert client_of(canteen.dora).get(url).status_code == 404
    for who in (canteen.enzo, canteen.anna, canteen.franca):
        assert client_of(who).get(url).status_code == 403
        assert client_of(who).get(reverse("attendance:school_days")).status_code == 403


def test_what_the_office_has_closed_is_not_the_schools_to_reopen(canteen: Town, client_of: Browser) -> None:
    closures.declare(
        school=canteen.primaria,
        first_day=THURSDAY,
        last_day=THURSDAY,
        reason="strike",
        by=canteen.enzo,
        now=NOW,
        tell=True,
    )
    url = reverse("attendance:school_day_undo", args=[ClosureNotice.objects.get().pk])
    assert client_of(canteen.dora).get(url).status_code == 404


def test_the_office_sees_what_the_school_declared(canteen: Town, client_of: Browser) -> None:
    (row,) = school_days.declare(asked=asked(canteen), by=canteen.dora, now=NOW)
    enzo = client_of(canteen.enzo)
    assert "Dora Segreteria" in text(enzo.get(reverse("attendance:closures")))
    assert "Dora Segreteria" in text(enzo.get(reverse("attendance:closure", args=[row.pk])))


def test_an_assembly_in_the_last_two_hours_sends_home_only_the_classes_that_leave_before_lunch(
    canteen: Town,
) -> None:
    """Edge case 15: the class of the modulo goes home at half past eleven, the full-time ones eat and assemble later."""
    enrolling.change_class(
        pupil=canteen.tommaso,
        class_group=canteen.classes["primaria 5A"],
        from_day=dt.date(2026, 10, 1),
        by=canteen.enzo,
        now=NOW,
    )
    school_days.declare(asked=asked(canteen, "primaria 3A", reason="assembly"), by=canteen.dora, now=NOW)
    found = verdicts.of_pupils(pupils=[canteen.luca, canteen.tommaso], days=[THURSDAY])
    assert not found[canteen.luca.pk, THURSDAY].eats
    assert found[canteen.luca.pk, THURSDAY].sentence == "Mensa chiusa: assemblea."
    assert found[canteen.tommaso.pk, THURSDAY].eats


def test_a_trip_with_a_packed_lunch_feeds_the_diets_too_and_is_charged(
    canteen: Town, balances: Callable[[], dict[str, str]], client_of: Browser
) -> None:
    """Edge case 16."""
    Diet.objects.create(pupil=canteen.luca, code="D2", valid_from=dt.date(2026, 9, 1))
    school_days.declare(
        asked=asked(canteen, reason="trip", meal="packed", note="Matera"), by=canteen.dora, now=NOW
    )
    sheet = kitchen.sheet(day=THURSDAY, schools=School.objects.filter(pk=canteen.primaria.pk), now=NOW)
    (line,) = [line for school in sheet.schools for line in school.lines]
    assert line.service.packed
    assert line.service.sentence == "Pranzo al sacco: uscita didattica (Matera)."
    assert dict(line.counts) == {"D2": 1, "": 1}
    clock.move_to(at("2026-11-26 08:40"))
    register = reverse("attendance:register", args=[line.class_group.pk, "2026-11-26"])
    for address in (reverse("attendance:school"), register):
        assert "Pranzo al sacco: uscita didattica (Matera)." in text(client_of(canteen.dora).get(address))
    for school in (canteen.primaria, canteen.infanzia):
        school.canteen_periods.update(valid_from=THURSDAY)
    night.run(now=at("2026-11-26 20:05"))
    assert balances()["Neri"] == "-5.00"


def test_a_trip_of_three_days_without_a_meal_leaves_the_days_around_it_alone(canteen: Town) -> None:
    days = [THURSDAY + dt.timedelta(days=step) for step in range(-1, 6)]
    school_days.declare(
        asked=asked(canteen, reason="trip", last_day=dt.date(2026, 11, 30)), by=canteen.dora, now=NOW
    )
    found = verdicts.of_pupils(pupils=[canteen.luca], days=days)
    assert [day.day for day in days if found[canteen.luca.pk, day].eats] == [25, 1]


def test_a_last_day_without_lunch_is_a_closure_of_the_whole_town(
    canteen: Town, balances: Callable[[], dict[str, str]]
) -> None:
    """Edge case 17: lessons until noon on 9 June, the canteen's own last meal is the day before."""
    closures.declare(
        first_day=LAST,
        last_day=LAST,
        reason="other",
        act="ultimo giorno, uscita alle 12",
        by=canteen.enzo,
        now=NOW,
    )
    for school in (canteen.primaria, canteen.infanzia):
        school.canteen_periods.update(valid_from=LAST - dt.timedelta(days=1))
    night.run(now=at("2027-06-09 20:05"))
    assert balances() == {"Bianchi": "-9.25", "Neri": "-5.00"}, (
        "one meal each, that of 8 June (no ISEE of 2027)"
    )


def test_an_absence_on_a_day_closed_later_is_credited_once(
    canteen: Town, balances: Callable[[], dict[str, str]]
) -> None:
    """Edge case 24: Luca was absent and pays nothing; the strike declared after it gives back only what was charged."""
    absences.mark(pupil=canteen.luca, days=[TUESDAY], by=canteen.anna, now=NOW)
    for school in (canteen.primaria, canteen.infanzia):
        school.canteen_periods.update(valid_from=TUESDAY)
    night.run(now=at("2026-11-24 20:05"))
    assert balances() == {"Bianchi": "-2.89", "Neri": "-5.00"}
    closures.declare(
        first_day=TUESDAY, last_day=TUESDAY, reason="strike", by=canteen.enzo, now=at("2026-11-24 21:00")
    )
    for hour in ("21:05", "21:10"):
        night.run(now=at(f"2026-11-24 {hour}"))
    assert balances() == {"Bianchi": "0.00", "Neri": "0.00"}


def test_the_school_reads_also_what_the_office_has_declared_and_cannot_undo_it(
    canteen: Town, client_of: Browser
) -> None:
    office: dict[str, Any] = {"first_day": THURSDAY, "last_day": THURSDAY, "by": canteen.enzo, "now": NOW}
    closures.declare(reason="ordinance", act="ord. 12", **office)
    closures.declare(reason="heating", school=canteen.primaria, **office)
    revoked = closures.declare(reason="polling", class_group=canteen.classes["primaria 3A"], **office)
    closures.declare(reason="pest_control", school=canteen.infanzia, **office)
    long_ago = {**office, "first_day": dt.date(2026, 9, 3), "last_day": dt.date(2026, 9, 3)}
    closures.declare(reason="assembly", **long_ago)
    closures.revoke(closure=revoked, by=canteen.enzo, now=NOW)
    page = client_of(canteen.dora).get(reverse("attendance:school_days"))
    said = text(page).split("Dall'ufficio mensa")[1]
    assert said.count("Dichiarata dall'ufficio") == 2
    assert said.count("Revocata dall'ufficio") == 1
    for word, shown in (
        ("ord. 12", True),
        ("riscaldamento", True),
        ("isinfestazione", False),
        ("ssemblea", False),
    ):
        assert (word in said) is shown, word
    assert "Annulla…" not in page.content.decode()
