"""What a school's morning and a kitchen's day leave behind, and the office's desks: one of each, for the addresses that name it."""

import datetime as dt
from decimal import Decimal
from typing import Any

from attendance import caterer_links, electronic, extras, feeds, passages, regional, school_days, sealing
from attendance.models import Caterer, ClosureNotice, ExtraMeal, Passage, SchoolPhase
from enrolments.models import School
from payments.models import ReconciliationCase, TreasuryCredit
from tests.cast import at

NOW, TODAY = at("2026-11-24 08:30"), dt.date(2026, 11, 24)


def add(scene: Any) -> None:
    for fill in (_school, _kitchen, _calendar, _accounts):
        fill(scene)


def _school(scene: Any) -> None:
    town = scene.town
    third = town.classes["primaria 3A"]
    scene.made["passage"] = passages.record(
        pupil=town.tommaso,
        class_group=third,
        day=TODAY,
        kind=Passage.Kind.EARLY_EXIT,
        hour=dt.time(8, 20),
        by=town.dora,
        now=NOW,
    )
    for kind in (ExtraMeal.Kind.STAFF, ExtraMeal.Kind.UNENROLLED):
        extras.declare(
            class_group=third, day=TODAY, kind=kind, count=1, note="Mario Gialli", by=town.dora, now=NOW
        )
    scene.made["unenrolled"] = ExtraMeal.objects.get(kind=ExtraMeal.Kind.UNENROLLED)
    listed = f"Codice alunno;Data\n{town.luca.code};24/11/2026\n".encode()
    schools = School.objects.of_staff(town.dora)
    scene.made["absence list"] = electronic.check(
        data=listed, name="assenze.csv", schools=schools, by=town.dora, now=NOW
    )
    asked = school_days.Asked(
        classes=(third,),
        first_day=dt.date(2026, 12, 11),
        last_day=dt.date(2026, 12, 11),
        reason="trip",
        meal="packed",
        note="gita",
    )
    school_days.declare(asked=asked, by=town.dora, now=NOW)
    scene.made["school day"] = ClosureNotice.objects.latest("pk")
    scene.made["phase"] = SchoolPhase.objects.create(
        school=town.primaria, phase="C", valid_from=dt.date(2027, 2, 1)
    )


def _kitchen(scene: Any) -> None:
    caterer = Caterer.objects.create(name="Ristorazione", email="gestore@posta.example")
    caterer.schools.set(School.objects.all())
    sealing.seal_due(now=at("2026-11-23 09:46"))
    scene.made["sheet"] = sealing.of_day(dt.date(2026, 11, 23))[scene.town.primaria.pk][0]
    scene.made["caterer token"] = caterer_links.token(caterer, TODAY)


def _calendar(scene: Any) -> None:
    town = scene.town
    scene.made["calendar list"] = regional.check(
        data=b"dal;al;motivo\n8/12/2026;8/12/2026;festa\n",
        name="c.csv",
        year=town.year,
        by=town.enzo,
        now=NOW,
    )
    scene.made["feeds"] = [
        feeds.open_feed(now=NOW, school=town.primaria),
        feeds.open_feed(now=NOW, class_group=town.classes["primaria 3A"]),
    ]


def _accounts(scene: Any) -> None:
    credit = TreasuryCredit.objects.create(
        year=2026,
        number="1",
        amount=Decimal("10.00"),
        booked_on=TODAY,
        source=TreasuryCredit.Source.HAND,
        recorded_at=NOW,
        recorded_by=scene.town.gino,
    )
    scene.made["credit"] = credit
    scene.made["case"] = ReconciliationCase.objects.create(
        key="segreto",
        label=ReconciliationCase.LABELS[0][0],
        day=TODAY,
        amount=Decimal("10.00"),
        reason="accredito senza flusso",
        credit=credit,
        opened_at=NOW,
    )
