"""The auditor reads the canteen's pages and finds nothing there to press."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import User
from tests.cast import Town

Browser = Callable[[User], Client]

PAGES = ("closures", "office_calendar", "desk", "unenrolled", "phases", "pupils")


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
    for url in (reverse("attendance:phases"), reverse("attendance:correct", args=[canteen.luca.code])):
        assert auditor.get(url).status_code == 200
        assert auditor.post(url, {}).status_code == 403
