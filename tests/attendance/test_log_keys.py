"""What the log writes of addresses that are keys, whoever writes the line."""

import io

import pytest
from django.test import Client
from django.urls import reverse

from attendance import caterer_links
from attendance.models import Caterer
from tests.attendance.conftest import TUESDAY
from tests.cast import Town

pytestmark = pytest.mark.django_db


def test_a_refused_delivery_does_not_write_the_caterer_s_key(
    canteen: Town, client: Client, written: io.StringIO
) -> None:
    """The key is good until midnight, and the answer is a refusal: the kind of answer that Django names in the log."""
    cook = Caterer.objects.create(name="Cucine riunite", email="cucina@gestore.example")
    token = caterer_links.token(cook, TUESDAY)
    assert client.post(reverse("attendance:caterer_delivered", args=[token]), {}).status_code == 422
    assert "/gestore/…/consegne/" in written.getvalue()
    assert token not in written.getvalue()


def test_a_calendar_that_is_not_found_is_named_without_its_key(
    town: Town, client: Client, written: io.StringIO
) -> None:
    assert client.get(reverse("attendance:feed", args=["secret-secret"])).status_code == 404
    assert "/calendario/….ics" in written.getvalue()
    assert "secret-secret" not in written.getvalue()
