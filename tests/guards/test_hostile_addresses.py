"""What nobody types and scanners send: bytes no text has, numbers no column takes, days before every calendar."""

from collections.abc import Callable

import pytest
from django.test import Client

from identity.models import User
from tests.cast import Town

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
NINES = "9" * 5000


@pytest.mark.parametrize(
    "path", ["/calendario/%00.ics", "/cucina/verifica/%00/", "/gestore/%00/", "/contestazioni/X/%00/"]
)
def test_a_key_that_is_no_text_is_not_found(
    client: Client, client_of: ClientOf, town: Town, path: str
) -> None:
    visitor = client_of(town.anna) if "contestazioni" in path else client
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("dora", f"/scuola/stampa/?classe={NINES}"),
        ("enzo", f"/ufficio/calendario/?vista=s{NINES}"),
        ("enzo", f"/ufficio/riscontro/?plesso={NINES}"),
        ("gino", "/ufficio/riconciliazione/quadratura.csv?dal=0001-01-01&al=0001-01-02"),
        ("gino", "/ufficio/riconciliazione/?dal=9999-12-30&al=9999-12-31"),
        ("gino", "/ufficio/riconciliazione/flussi/?dal=%00&al=0001-01-01"),
        ("franca", "/cucina/?giorno=%00"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered(
    town: Town, client_of: ClientOf, who: str, path: str
) -> None:
    assert client_of(getattr(town, who)).get(path).status_code in {200, 404}


@pytest.mark.parametrize("sheet", [NINES, "9" * 30, "²", "\0"])
def test_having_seen_a_sheet_that_cannot_be_is_nothing(town: Town, client_of: ClientOf, sheet: str) -> None:
    assert client_of(town.franca).post("/cucina/visto/", {"foglio": [sheet]}).status_code == 302
