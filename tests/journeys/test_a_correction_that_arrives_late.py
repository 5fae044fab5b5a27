"""A meal was charged, the school admits the mistake the day after: the family reads a reversal and why."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from attendance import tasks
from identity.models import User
from tests import cast
from tests.journeys.conftest import assert_books_tally, balance, words
from wallets.models import Charge

pytestmark = pytest.mark.django_db
REASON = "La scuola conferma che Luca era a casa"


def test_a_correction_that_arrives_late(
    canteen: cast.Town,
    browser: Callable[[User], Client],
    at: Callable[[str], None],
    night: Callable[[str], None],
) -> None:
    night("2026-11-24")
    before = balance(canteen.family)
    assert list(Charge.objects.filter(service_day="2026-11-24").values_list("revision", flat=True)) == [0] * 3

    at("2026-11-25 11:00")
    office, address = browser(canteen.enzo), reverse("attendance:correct", args=[canteen.luca.code])
    correction = {"day": "2026-11-24", "absent": "1", "reason": REASON}
    page = office.post(address, correction, follow=True)
    assert "Correzione registrata" in words(page)
    tasks.sweep()
    assert (before, balance(canteen.family)) != (before, before)

    anna = browser(canteen.anna)
    statement = words(anna.get(reverse("wallets:statement", args=[canteen.family.code])))
    assert "+3,40 €" in statement
    assert REASON in statement

    after = balance(canteen.family)
    office.post(address, correction)
    tasks.sweep()
    assert balance(canteen.family) == after, "the same correction again changes nothing"
    revisions = Charge.objects.filter(service_day="2026-11-24", pupil=canteen.luca).order_by("revision")
    assert [(one.revision, str(one.amount)) for one in revisions] == [(0, "-3.40"), (1, "3.40")]
    assert_books_tally()
