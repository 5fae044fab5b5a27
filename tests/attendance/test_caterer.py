"""Which caterer cooks for which school."""

import pytest

from attendance.models import Caterer
from tests.cast import Town

pytestmark = pytest.mark.django_db


def test_a_caterer_without_schools_serves_them_all(town: Town) -> None:
    everywhere = Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example")
    nursery = Caterer.objects.create(name="Il Girasole", email="cucina@girasole.example")
    nursery.schools.add(town.infanzia)
    assert set(Caterer.objects.serving([town.infanzia.pk])) == {everywhere, nursery}
    assert set(Caterer.objects.serving([town.primaria.pk])) == {everywhere}


def test_a_caterer_who_has_left_is_told_nothing_more(town: Town) -> None:
    Caterer.objects.create(name="Mense di Puglia", email="ordini@mense.example", active=False)
    assert not Caterer.objects.serving([town.primaria.pk]).exists()
