"""The demo town is the same every time, goes on from where it was stopped, and its books tally. A street of it is enough here."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count
from pytest_django import Settings

from attendance import conflicts
from attendance.models import Absence, AbsencePattern, Dispute, ServiceDay
from enrolments.models import ClassGroup, Exemption, Household, Price, Pupil, School
from identity.models import User
from mensa import books, clock
from mensa.demo import facts, families, history, paper, parents_list, people, town, voices
from mensa.demo.plan import Scale
from mensa.demo.top_ups import TopUps
from payments.models import Campaign, Notice, Receipt, UploadedReceipt
from payments.rules import paper as reader
from wallets.models import Charge, Entry, Wallet

pytestmark = pytest.mark.django_db
LAST = dt.date(2026, 10, 7)
STREET = Scale(rows=40, last_day=LAST)


class Killed(BaseException):
    """The machine was switched off."""


@pytest.fixture(autouse=True)
def _own_clock() -> Iterator[None]:
    yield
    clock.reset()


def build() -> int:
    return town.build(say=lambda text: None, scale=STREET)


def build_until(title: str) -> None:
    def say(text: str) -> None:
        if text == title:
            raise Killed

    with pytest.raises(Killed):
        town.build(say=say, scale=STREET)


def fingerprint() -> dict[str, str]:
    """What a person would find in the town, in an order that does not depend on keys; numbers of notices may differ."""
    found: dict[str, Iterable[Any]] = {
        "pupils": Pupil.objects.order_by("fiscal_code").values_list("code", "fiscal_code"),
        "wallets": Wallet.objects.order_by("household__code").values_list("household__code", "balance"),
        "charges": Charge.objects.order_by("service_day", "pupil__fiscal_code", "revision").values_list(
            "service_day", "pupil__fiscal_code", "revision", "amount", "posted_on", "explanation__digest"
        ),
        "entries": Entry.objects.order_by("recorded_at", "amount", "wallet__household__code").values_list(
            "wallet__household__code", "kind", "amount", "recorded_at"
        ),
        "receipts": Receipt.objects.order_by("receipt_id").values_list("receipt_id", "amount", "state"),
        "absences": Absence.objects.order_by("day", "pupil__fiscal_code", "source").values_list(
            "day", "pupil__fiscal_code", "source", "absent", "marked_at", "marked_by__fiscal_code"
        ),
        "notices": Notice.objects.order_by("wallet__household__code", "issued_at", "amount").values_list(
            "wallet__household__code", "state", "amount"
        ),
        "uploads": UploadedReceipt.objects.order_by("uploaded_at").values_list(
            "household__code", "declared_amount"
        ),
        "people": [(person.fiscal_code, person.note) for person in parents_list.choose()],
    }
    return {
        name: hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()[:12]
        for name, rows in found.items()
    }


@cache
def fingerprint_of_another_build() -> dict[str, str]:
    with transaction.atomic():
        build()
        found = fingerprint()
        transaction.set_rollback(True)
    return found


def test_the_town_is_the_same_every_time() -> None:
    first = fingerprint_of_another_build()
    build()
    assert fingerprint() == first


def test_a_builder_that_was_stopped_goes_on_and_the_town_is_the_same() -> None:
    whole = fingerprint_of_another_build()
    build_until("Genitori separati…")
    build_until("La mensa, settimana del 05/10/2026…")
    history.before_the_night(facts.CANTEEN_FIRST, TopUps())
    build_until("Ricevute consegnate dai genitori…")
    build()
    assert fingerprint() == whole


def test_the_books_tally_and_a_second_build_finds_nothing_to_do() -> None:
    build()
    assert books.check(now=facts.START).findings == []
    assert ServiceDay.objects.filter(state=ServiceDay.State.CLOSED, day__lte=LAST).count() == 3
    assert Receipt.objects.filter(state=Receipt.State.TO_REVIEW).count() == 1
    assert clock.now().replace(second=0, microsecond=0) == facts.START
    before = fingerprint()
    assert build() == 0
    assert fingerprint() == before


def test_the_desks_have_a_dispute_a_disagreement_and_a_weekday_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voices, "DISPUTED", LAST - dt.timedelta(days=1))
    monkeypatch.setattr(voices, "DISPUTED_AT", facts.at(LAST, 18, 5))
    monkeypatch.setattr(history, "DISAGREEMENT", LAST)
    monkeypatch.setattr(history, "EVERY_CLASS_FROM", LAST)
    monkeypatch.setattr(history, "ANNOUNCED", 300)
    build()
    assert Dispute.objects.get().state == Dispute.State.OPEN
    assert str(AbsencePattern.objects.get()) == "ogni mercoledì fino al 22/12/2026"
    assert conflicts.desk(today=LAST)
    assert {"assente ogni mercoledì fino a Natale", "contesta un addebito: l'ufficio deve rispondere"} <= {
        person.note for person in parents_list.choose()
    }
    assert books.check(now=facts.START).findings == []


def test_a_town_that_stands_is_not_touched_again() -> None:
    """Somebody plays in it: a day reopened by a late fact and a clock moved on stay as they are."""
    build()
    ServiceDay.objects.filter(day=LAST).update(state=ServiceDay.State.FROZEN, closed_at=None)
    clock.move_to(facts.at(dt.date(2026, 12, 1), 10))
    assert build() == 0
    assert clock.today() == dt.date(2026, 12, 1)


def test_the_whole_town_has_its_people() -> None:
    """All the families, and no day of canteen yet."""
    town.build(say=lambda text: None, scale=Scale(last_day=facts.CANTEEN_FIRST - dt.timedelta(days=1)))
    assert (School.objects.count(), ClassGroup.objects.count(), Pupil.objects.count()) == (3, 24, 600)
    sizes = Counter(Household.objects.annotate(n=Count("custodies")).values_list("n", flat=True))
    assert 430 <= sum(sizes.values()) <= 440
    assert sizes[2] > 100
    assert sizes[3] > 5
    today = facts.START.date()
    bands = Price.objects.on(today).values_list("explanation__facts__band", flat=True).distinct()
    assert set(bands) >= set("ABCDEF")
    assert Exemption.objects.count() > 10
    assert Household.objects.filter(residences__resident=False).count() > 10
    shared = Pupil.objects.annotate(homes=Count("custodies__household", distinct=True)).filter(homes=2)
    assert shared.count() == len(families.OTHER_HOMES)
    assert UploadedReceipt.objects.filter(state=UploadedReceipt.State.RECEIVED).count() == 3
    assert Campaign.objects.filter(state=Campaign.State.DRAFT).count() == 1
    assert books.check(now=facts.START).findings == []


def test_every_account_of_the_demo_is_announced() -> None:
    people.create_staff()
    people.create_staff()
    assert User.objects.count() == len(people.STAFF)
    announced = "\n".join(people.lines())
    assert all(one.username in announced for one in people.STAFF)


def test_in_production_no_demo_is_built(settings: Settings) -> None:
    settings.TESTING = False
    with pytest.raises(town.NotADemo):
        build()
    assert not School.objects.exists()


def test_the_canteen_of_the_demo_opens_on_working_days() -> None:
    days = history.working_days(facts.START.date())
    assert (days[0], days[-1], len(days)) == (dt.date(2026, 10, 5), dt.date(2026, 11, 24), 37)


def test_a_receipt_of_the_demo_can_be_read() -> None:
    """The office's hints come from the text of the file; the characters of the file are those of its lines."""
    content = paper.receipt("Codice avviso: 301000000000000132", "Importo: 62,40 EUR")
    assert content.startswith(b"%PDF-1.4")
    assert b"(Importo: 62,40 EUR)" in content
    assert facts.SIMULATION.encode() in content
    assert reader.read(text="Importo: 62,40 EUR").amounts


def test_the_dice_fall_the_same_way_for_the_same_thing() -> None:
    assert facts.dice("a", 1).random() == facts.dice("a", 1).random()
    assert facts.dice("a", 1).random() != facts.dice("a", 2).random()
