"""The browser journey: a family, a school, the office, at two widths, without a violation, an error or a request elsewhere."""

from collections.abc import Callable

import pytest

from tests import cast
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.browser
Enter = Callable[[str], Visitor]


def sign_in_with_spid(anna: Visitor, name: str) -> None:
    anna.go("/")
    anna.look("Il servizio")
    anna.press("Accedi con SPID")
    anna.look("Accedi")
    anna.page.locator("summary", has_text="SPID").first.click()
    anna.press("Gestore di prova")
    anna.press(name)
    anna.page.wait_for_url("**/famiglia/")


def test_a_parent_signs_in_and_reads_the_public_pages(visitor: Enter, town: cast.Town) -> None:
    anna = visitor("anna")
    sign_in_with_spid(anna, "Anna Rossi")
    anna.look("La mia famiglia")
    assert anna.reads("Ciao Anna")
