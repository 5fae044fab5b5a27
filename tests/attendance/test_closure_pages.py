"""The office's pages of a closure: the effect, who was told, undoing with its effect first."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from attendance import closure_mails, closures, night
from attendance.models import Caterer, Closure, ClosureNotice
from enrolments.models import Guardian
from identity.models import User
from mensa import clock
from tests.attendance.conftest import TUESDAY
from tests.cast import Town, at

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
ASKED = {
    "first_day": "2026-11-25",
    "reason": "ordinance",
    "meal": "none",
    "act": "ord. 7",
    "tell": "on",
    "step": "declare",
}


@pytest.fixture(autouse=True)
def _evening() -> None:
    clock.move_to(at("2026-11-24 22:00"))


@pytest.fixture
def closure(canteen: Town) -> Closure:
    return closures.declare(
        first_day=TUESDAY,
        last_day=TUESDAY,
        reason="ordinance",
        by=canteen.enzo,
        now=at("2026-11-24 07:00"),
        tell=True,
    )


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode())).replace("\xa0", " ")


def test_an_ordinance_at_ten_in_the_evening_for_tomorrow_shows_that_the_notice_is_short(
    canteen: Town, client_of: Browser
) -> None:
    """Edge case 12: the caterer has to be called, and the page says whom."""
    Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example", phone="080 1234567")
    page = client_of(canteen.enzo).post(reverse("attendance:closure_new"), {**ASKED, "step": "preview"})
    assert "avvisa il gestore per telefono. Mense di Puglia: 080 1234567." in text(page)
    done = client_of(canteen.enzo).post(reverse("attendance:closure_new"), ASKED, follow=True)
    assert "Chiusura dichiarata: Tutte le scuole. Le famiglie non devono fare niente." in text(done)
    assert "Meno preavviso di quello concordato" in text(done)
    night.run(now=at("2026-11-25 20:05"))
    assert ClosureNotice.objects.get().meals == 3


def test_after_the_sheet_has_gone_the_page_says_to_ring_and_never_that_the_notice_was_kept(
    canteen: Town, client_of: Browser
) -> None:
    clock.move_to(at("2026-11-24 10:30"))
    Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example", phone="080 1234567")
    today = {**ASKED, "first_day": "2026-11-24", "last_day": "2026-11-24"}
    page = client_of(canteen.enzo).post(reverse("attendance:closure_new"), {**today, "step": "preview"})
    assert "telefona subito al gestore. Mense di Puglia: 080 1234567." in text(page)
    done = client_of(canteen.enzo).post(reverse("attendance:closure_new"), today, follow=True)
    assert "Meno preavviso di quello concordato" in text(done)
    assert not ClosureNotice.objects.get().enough_notice


def test_the_page_of_a_closure_says_who_was_told_and_who_must_be_called(
    closure: Closure, canteen: Town, client_of: Browser
) -> None:
    Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example")
    Guardian.objects.filter(first_name="Carla").update(email="", phone="3330000009")
    enzo, url = client_of(canteen.enzo), reverse("attendance:closure", args=[closure.pk])
    assert "Preparo l'elenco dei destinatari" in text(enzo.get(url))
    closure_mails.send_some(now=clock.now())
    page = text(enzo.get(url))
    assert "3 di 3" in page
    assert "Mense di Puglia Avvisato mar 24 nov alle 22:00" in page
    assert "Verdi Carla, 3330000009 senza e-mail" in page
    assert "hx-get" not in enzo.get(reverse("attendance:closure_told", args=[closure.pk])).content.decode()


def test_an_address_typed_later_gets_its_message(closure: Closure, canteen: Town, client_of: Browser) -> None:
    Guardian.objects.filter(first_name="Carla").update(email="")
    closure_mails.send_some(now=clock.now())
    Guardian.objects.filter(first_name="Carla").update(email="nuova@posta.example")
    page = client_of(canteen.enzo).post(reverse("attendance:closure_tell", args=[closure.pk]), follow=True)
    assert "E-mail rimesse in partenza: 1." in text(page)
    closure_mails.send_some(now=clock.now())
    assert mail.outbox[-1].to == ["nuova@posta.example"]


def test_undoing_shows_what_it_charges_and_asks_first(
    closure: Closure, canteen: Town, client_of: Browser, balances: Callable[[], dict[str, str]]
) -> None:
    """Edge case 14, after the debit: charged again, once."""
    canteen.primaria.canteen_periods.update(valid_from=TUESDAY)
    canteen.infanzia.canteen_periods.update(valid_from=TUESDAY)
    night.run(now=clock.now())
    enzo, url = client_of(canteen.enzo), reverse("attendance:closure_revoke", args=[closure.pk])
    page = enzo.get(url)
    assert "Pasti 3 Famiglie 2 Da addebitare 11,29 €" in text(page)
    assert "il suo pasto sarà addebitato di nuovo, una volta sola" in text(page)
    assert Closure.objects.get().revoked_at is None, "looking changes nothing"
    for _ in range(2):
        assert "Revocata" in text(enzo.post(url, follow=True))
    night.run(now=at("2026-11-24 22:10"))
    assert balances() == {"Bianchi": "-6.29", "Neri": "-5.00"}
    assert "È già stata revocata" in text(enzo.get(url))


def test_a_closure_of_nobody_says_so(canteen: Town, client_of: Browser) -> None:
    enzo = client_of(canteen.enzo)
    page = enzo.post(
        reverse("attendance:closure_new"), {**ASKED, "first_day": "2026-11-28", "step": "preview"}
    )
    assert "la chiusura non cambia niente" in text(page)


@pytest.mark.parametrize("name", ["closure", "closure_told", "closure_revoke"])
def test_only_the_office_reads_them(closure: Closure, canteen: Town, client_of: Browser, name: str) -> None:
    url = reverse(f"attendance:{name}", args=[closure.pk])
    assert client_of(canteen.enzo).get(url).status_code == 200
    assert client_of(canteen.enzo).get(reverse(f"attendance:{name}", args=[999_999])).status_code == 404
    for who in (canteen.dora, canteen.anna, canteen.franca, canteen.gino):
        assert client_of(who).get(url).status_code == 403
    assert Client().get(url).status_code == 302


def test_only_the_office_sends_the_messages(closure: Closure, canteen: Town, client_of: Browser) -> None:
    url = reverse("attendance:closure_tell", args=[closure.pk])
    assert client_of(canteen.dora).post(url).status_code == 403
    assert client_of(canteen.enzo).get(url).status_code == 405
