"""What the office writes in its panel before a year begins: schools, classes, rules, calendar, fares, people."""

import datetime as dt
from typing import Any, TypeVar

from django.db import models, transaction

from attendance import closures
from attendance.models import (
    AttendanceRules,
    CanteenPeriod,
    Caterer,
    ClassWeekdays,
    Closure,
    PatronDay,
    SchoolPhase,
)
from enrolments import fares
from enrolments.models import (
    ClassGroup,
    EnrolmentRules,
    FareTable,
    HelpDesk,
    Level,
    School,
    SchoolStaff,
    SchoolYear,
)
from identity.models import User
from mensa.demo import cooking, facts, people
from mensa.demo.plan import Step
from mensa.demo.schools import SCHOOLS, DemoSchool
from payments.models import PaymentRules
from wallets.models import WalletRules

Row = TypeVar("Row", bound=models.Model)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def steps() -> list[Step]:
    return [
        Step("Il personale…", _staff_is_there, people.create_staff),
        Step("Scuole, classi e regole…", _schools_are_there, prepare_schools),
        Step("Tariffe…", FareTable.objects.exists, adopt_fares),
        Step("Calendario…", Closure.objects.exists, declare_holidays),
        Step("", Caterer.objects.exists, cooking.hire),
    ]


def _staff_is_there() -> bool:
    return User.objects.filter(username__in=[one.username for one in people.STAFF]).count() == len(
        people.STAFF
    )


def _schools_are_there() -> bool:
    return SchoolStaff.objects.exists()


@transaction.atomic
def prepare_schools() -> None:
    write(HelpDesk(id=1, whatsapp="379 197 2960", email="mensa@comune.example", portal_name="PluginPay"))
    for rules in (EnrolmentRules, AttendanceRules, PaymentRules):
        write_rules(rules)
    write_rules(WalletRules, low_credit_meals=facts.LOW_CREDIT_MEALS)
    year = write(
        SchoolYear(
            label=facts.YEAR,
            valid_from=facts.YEAR_FIRST,
            valid_to=facts.YEAR_LAST,
            state=SchoolYear.State.OPEN,
        )
    )
    write(PatronDay(city="Bitritto", name="Madonna di Costantinopoli", month=3, weekday=1, nth=1))
    schools = [_open_school(school, year) for school in SCHOOLS]
    for school in schools[:2]:
        write(SchoolStaff(user=people.secretary(), school=school))
    for school in schools:
        write(SchoolStaff(user=people.kitchen(), school=school))


def write_rules(model: type[Any], **values: Any) -> None:
    """The defaults of the model are the defaults of the service; a migration may have adopted them already."""
    if not model.objects.exists():
        write(model(act=facts.RULES_ACT, valid_from=facts.YEAR_FIRST, **values))


def _open_school(plan: DemoSchool, year: SchoolYear) -> School:
    school = write(
        School(
            code=plan.code,
            name=plan.name,
            level=plan.level,
            address=plan.address,
            city="Bitritto",
            is_demo=True,
        )
    )
    write(
        CanteenPeriod(
            school=school, year=year, valid_from=facts.CANTEEN_FIRST, valid_to=facts.CANTEEN_LAST[plan.level]
        )
    )
    _settle_phases(school, plan)
    for grade, section, days in plan.classes():
        group = write(ClassGroup(school=school, year=year, grade=grade, section=section))
        write(
            ClassWeekdays(
                class_group=group, valid_from=facts.YEAR_FIRST, **dict(zip(WEEKDAYS, days, strict=True))
            )
        )
    return school


def _settle_phases(school: School, plan: DemoSchool) -> None:
    """The phase of today and, where one is planned, the next: families read from when it changes."""
    phase, begins = plan.next_phase or ("", None)
    until = begins - dt.timedelta(days=1) if begins else None
    write(SchoolPhase(school=school, phase=plan.phase, valid_from=facts.YEAR_FIRST, valid_to=until))
    if begins:
        write(SchoolPhase(school=school, phase=phase, valid_from=begins, act=facts.RULES_ACT))


def write(row: Row) -> Row:
    """As the panel does: every check of the form first."""
    row.full_clean()
    row.save()
    return row


@transaction.atomic
def adopt_fares() -> None:
    for level in (Level.INFANZIA, Level.PRIMARIA):
        fares.adopt_table(
            level=level,
            valid_from=facts.YEAR_FIRST,
            act=facts.FARE_ACT,
            bands=facts.BANDS,
            second_child_discount=facts.SECOND_CHILD,
            later_child_discount=facts.LATER_CHILD,
            by=people.office(),
            now=facts.PREPARED,
        )


@transaction.atomic
def declare_holidays() -> None:
    for first, last, title in facts.HOLIDAYS:
        closures.declare(
            first_day=first,
            last_day=last,
            reason=Closure.Reason.CALENDAR,
            act=f"{facts.CALENDAR_ACT}: {title}",
            by=people.office(),
            now=facts.PREPARED,
        )
