"""The load script of the last minutes: a short run against a real server, and judges that see a wrong answer."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections

from attendance.models import Absence, AbsenceReceipt
from mensa.benchmark import cutoff, parents, peak, population
from mensa.benchmark.taps import Answer, Tap
from tests.cast import at

MINUTE = dt.timedelta(minutes=1)
TAP = Tap(
    day=peak.TODAY,
    mark=True,
    asked_at=at("2026-11-24 08:50"),
    answered_at=at("2026-11-24 08:50:01"),
    took=0.05,
    answer=Answer.ACCEPTED,
)


@pytest.mark.django_db(transaction=True)
def test_a_crowd_at_the_cutoff_gets_exact_answers_from_a_real_server(tmp_path: Path) -> None:
    population.build(54)
    found = peak.run(
        families=parents.sign_in(),
        database_url=_address(),
        folder=tmp_path,
        rate=10,
        seconds=4,
        idle=5,
    )
    assert found.errors == []
    assert found.wrongs == []
    assert found.count(Answer.ACCEPTED) > 0
    assert found.count(Answer.REFUSED) > 0
    assert AbsenceReceipt.objects.filter(word="late").exists()
    assert (
        Absence.objects.filter(
            day=peak.TODAY, in_time=False, marked_at__lt=cutoff.deadline(peak.TODAY)
        ).count()
        == 0
    )


def _address() -> str:
    """The test's own database, as the server started by the benchmark reaches it."""
    facts = connections["default"].settings_dict
    return f"postgres://{facts['USER']}:{facts['PASSWORD']}@{_place(facts)}/{facts['NAME']}"


def _place(facts: dict[str, str]) -> str:
    port = f":{facts['PORT']}" if facts["PORT"] else ""
    return f"/{facts['HOST']}" if facts["HOST"].startswith("/") else f"{facts['HOST']}{port}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tap", "sentence"),
    [
        (replace(TAP, answer=Answer.REFUSED), "rifiutati prima dell'orario"),
        (
            replace(TAP, asked_at=at("2026-11-24 09:01"), answered_at=at("2026-11-24 09:02")),
            "accettati dopo l'orario",
        ),
        (replace(TAP, answer=Answer.REFUSED, day=peak.TOMORROW), "rifiutati per un giorno ancora aperto"),
        (replace(TAP, receipt="9/2026"), "ricevute che non corrispondono al tocco"),
    ],
)
def test_the_judge_sees_a_wrong_answer(tap: Tap, sentence: str) -> None:
    assert any(sentence in said for said in cutoff.wrongs([tap], peak.TODAY))


@pytest.mark.django_db
def test_an_answer_in_flight_at_the_instant_of_the_cutoff_may_be_either() -> None:
    end = cutoff.deadline(peak.TODAY)
    across = replace(TAP, asked_at=end - MINUTE / 600, answered_at=end + MINUTE / 600)
    for answer in (Answer.ACCEPTED, Answer.REFUSED):
        assert cutoff.wrongs([replace(across, answer=answer)], peak.TODAY) == []
