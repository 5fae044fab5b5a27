"""The accounts office in front of its page: what it sees, what it loads, what it may not do."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from identity.models import User
from tests import cast

pytestmark = pytest.mark.django_db
PAGE = "/ufficio/riconciliazione/"


def test_the_empty_page_says_how_to_begin(town: cast.Town, client_of: Callable[[User], Client]) -> None:
    answer = client_of(town.gino).get(PAGE)
    assert answer.status_code == 200
    assert "Nessun flusso di rendicontazione, ancora" in answer.content.decode()
    assert reverse("payments:reconciliation_load") in answer.content.decode()
