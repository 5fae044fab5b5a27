"""The auditor reads the canteen's pages and finds nothing there to press."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from attendance import extras, sealing
from attendance.models import ExtraMeal, KitchenSheet
from enrolments import entitlements
from enrolments.models import Price, Pupil
from identity.models import SensitiveView, User
from mensa import clock
from tests.attendance.conftest import FIRST, TUESDAY
from tests.cast import SUMMER, Town, at
from tests.guards.crawl.walker import text_of

Browser = Callable[[User], Client]

PAGES = (
    "closures",
    "office_calendar",
    "desk",
    "unenrolled",
    "phases",
    "pupils",
    "school",
    "kitchen",
    "forecast",
    "deliveries",
    "extra_meals",
)


@pytest.mark.parametrize("name", PAGES)
def test_the_auditor_reads_the_page_and_no_form_of_it_changes_anything(
    canteen: Town, client_of: Browser, name: str
) -> None:
    page = client_of(canteen.auditor).get(reverse(f"attendance:{name}")).content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    posts = [form for form in re.findall(r"<form[^>]*>", main) if 'method="post"' in form]
    assert posts == (['<form method="post" class="search-line" role="search">'] if name == "pupils" else [])
    assert reverse("attendance:closure_new") not in main


def test_what_the_auditor_sends_is_refused_on_a_page_that_may_be_read(
    canteen: Town, client_of: Browser
) -> None:
    auditor = client_of(canteen.auditor)
    urls = [
        reverse(name)
        for name in ("attendance:phases", "attendance:deliveries", "attendance:extra_meals", "mensa:years")
    ]
    for url in (*urls, reverse("attendance:correct", args=[canteen.luca.code])):
        assert auditor.get(url).status_code == 200
        assert auditor.post(url, {}).status_code == 403


@pytest.fixture
def served(canteen: Town) -> Town:
    """Luca's diet D-03 is on the sealed sheet of 3A; Tommaso's, of the same class, comes with a variation and a light meal."""
    give_diet(canteen, canteen.luca, "D-03")
    clock.move_to(at("2026-11-24 09:50"))
    sealing.seal_due(now=clock.now())
    give_diet(canteen, canteen.tommaso, "D-04")
    sealing.seal_due(now=at("2026-11-24 09:55"))
    assert KitchenSheet.objects.filter(sequence=1).count() == 1
    return canteen


def give_diet(town: Town, pupil: Pupil, code: str) -> None:
    entitlements.assign_diet(
        pupil=pupil, code=code, reason="celiachia", from_day=FIRST, by=town.enzo, now=SUMMER
    )


COUNTS = ("school", "kitchen", "deliveries", "extra_meals")


def main_of(client: Client, name: str) -> str:
    page = client.get(reverse(f"attendance:{name}")).content.decode()
    return page[page.index("<main") : page.index("</main>")]


def test_the_auditor_reads_the_counts_of_every_school_and_no_name(served: Town, client_of: Browser) -> None:
    """The secretary, on the same pages, is led to the register of the class and reads who eats without being enrolled."""
    third = served.classes["primaria 3A"]
    extras.declare(
        class_group=third,
        day=TUESDAY,
        kind=ExtraMeal.Kind.UNENROLLED,
        count=1,
        note="Mario Gialli",
        by=served.dora,
        now=clock.now(),
    )
    register = reverse("attendance:register", args=[third.pk, "2026-11-24"])
    secretary, auditor = client_of(served.dora), client_of(served.auditor)
    assert register in main_of(secretary, "school")
    assert "Mario Gialli" in main_of(secretary, "extra_meals")
    for name in COUNTS:
        main = main_of(auditor, name)
        assert "Ulivo" in main
        assert "Girasole" in main
        assert not [secret for secret in (register, "Mario", "Gialli", "Luca") if secret in main]
    assert auditor.get(register).status_code == 403
    assert auditor.get(reverse("attendance:paper")).status_code == 403
    assert auditor.post(reverse("attendance:acknowledge")).status_code == 403


KITCHEN = ("attendance:kitchen", "attendance:forecast", "attendance:forecast_csv")


def test_who_checks_the_money_reads_every_portion_and_no_diet(served: Town, client_of: Browser) -> None:
    """Pages, CSV, paper and panel: the sheet of 3A, and the variation that changes nothing but a diet."""
    sheets = KitchenSheet.objects.filter(school=served.primaria).order_by("sequence")
    papers = [reverse("attendance:kitchen_pdf", args=[sheet.pk]) for sheet in sheets]
    panel = [reverse("admin:attendance_kitchensheet_change", args=[sheet.pk]) for sheet in sheets]
    kitchen, *others = [reverse(name) for name in KITCHEN]

    def codes(who: User, url: str) -> set[str]:
        return set(re.findall(r"D-0[34]", text_of(client_of(who).get(url))))

    for url in (kitchen, *others, papers[1]):
        assert codes(served.enzo, url) == {"D-03", "D-04"}, url
    assert codes(served.enzo, panel[0]) == {"D-03"}
    for url in (kitchen, *others, *papers, *panel):
        assert codes(served.auditor, url) == codes(served.gino, url) == set(), url
    page = " ".join(text_of(client_of(served.auditor).get(kitchen)).split())
    assert "Pasti a tavola: 2" in page
    assert "Senza dieta" not in page
    assert "senza i codici di dieta" in text_of(client_of(served.auditor).get(papers[1]))


def test_the_diets_of_children_are_not_for_the_auditor(served: Town, client_of: Browser) -> None:
    auditor, office = client_of(served.auditor), client_of(served.enzo)
    names = [f"admin:enrolments_{name}_changelist" for name in ("diet", "dietconfirmation", "diethold")]
    for name in (*names, "enrolments:diet_inbox"):
        assert office.get(reverse(name)).status_code == 200
        assert auditor.get(reverse(name)).status_code == 403
    assert reverse("enrolments:diet_inbox") not in text_of(auditor.get(reverse("mensa:office")))


def test_that_the_price_of_a_charge_is_right_the_auditor_still_reads(
    served: Town, client_of: Browser
) -> None:
    """The reasons of a price, the ISEE among them, are what a charge is checked against; each opening is written down."""
    price = Price.objects.filter(pupil=served.luca).latest("valid_from")
    page = client_of(served.auditor).get(reverse("admin:enrolments_price_change", args=[price.pk]))
    assert "Conto:" in page.content.decode()
    assert SensitiveView.objects.filter(user=served.auditor, kind="isee").count() == 1


def test_whose_diet_is_on_hold_is_not_for_the_auditor(
    canteen: Town, client_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(**_: object) -> None:
        raise AssertionError("the diets on hold were read")

    monkeypatch.setattr("attendance.held_meals.of_day", asked)
    assert client_of(canteen.auditor).get(reverse("attendance:kitchen")).status_code == 200


def test_the_auditor_reads_the_change_of_year_and_cannot_make_it(canteen: Town, client_of: Browser) -> None:
    page = client_of(canteen.auditor).get(reverse("mensa:years")).content.decode()
    assert "Finiscono il percorso" in page
    main = page[page.index("<main") : page.index("</main>")]
    assert "<form" not in main
