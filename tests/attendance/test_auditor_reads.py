"""The auditor reads the canteen's pages and finds nothing there to press."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from attendance import sealing
from identity.models import User
from mensa import clock
from tests.cast import Town, at

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


def test_the_auditor_reads_the_counts_of_every_school_and_no_name(canteen: Town, client_of: Browser) -> None:
    clock.move_to(at("2026-11-24 09:50"))
    sealing.seal_due(now=clock.now())
    auditor = client_of(canteen.auditor)
    for name in ("school", "kitchen", "deliveries", "extra_meals"):
        page = auditor.get(reverse(f"attendance:{name}")).content.decode()
        main = page[page.index("<main") : page.index("</main>")]
        assert "Ulivo" in main
        assert "Girasole" in main
        assert "Luca" not in main
        assert "/scuola/classe" not in main
    assert auditor.get(reverse("attendance:paper")).status_code == 403
    assert auditor.post(reverse("attendance:acknowledge")).status_code == 403


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
