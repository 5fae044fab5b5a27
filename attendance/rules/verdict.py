"""Two sources of absence and the office, one verdict per (pupil, day): the table of domain.md section 5.

The same function answers the parent's page, the register and the kitchen; the night joins the table that ``every_case``
enumerates from it, so that the rule is written once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product


class Phase(StrEnum):
    SCHOOL = "A"
    BOTH = "B"
    PARENTS = "C"


class Parent(StrEnum):
    NOTHING = "nothing"
    ABSENT = "absent"
    LATE = "late"


class School(StrEnum):
    NOT_TAKEN = "not_taken"
    PRESENT = "present"
    ABSENT = "absent"


class Office(StrEnum):
    NOTHING = "nothing"
    ABSENT = "absent"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``conflict``: the office's queue; ``disputable``: the parent may contest the debit; ``tell_parent``: a kind note."""

    eats: bool
    charged: bool
    code: str
    sentence: str
    conflict: bool = False
    disputable: bool = False
    tell_parent: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    phase: Phase
    parent: Parent
    school: School
    office: Office


EATS = Verdict(eats=True, charged=True, code="eats", sentence="Mangia a mensa.")
EATS_LATE = replace(
    EATS,
    code="eats_late_notice",
    disputable=True,
    sentence="Mangia a mensa: la disdetta è arrivata dopo l'orario.",
)
EATS_OFFICE = replace(EATS, code="eats_office", sentence="Presente: corretto dall'ufficio.")
CONFLICT = replace(
    EATS,
    code="conflict",
    conflict=True,
    disputable=True,
    sentence="Il genitore ha disdetto il pasto, la scuola lo segna presente: l'ufficio verifica.",
)
ABSENT_PARENT = Verdict(
    eats=False, charged=False, code="absent_parent", sentence="Assente: nessun pasto, nessun addebito."
)
ABSENT_BOTH = replace(ABSENT_PARENT, code="absent_both")
ABSENT_SCHOOL = replace(
    ABSENT_PARENT,
    code="absent_school",
    tell_parent=True,
    sentence="La scuola lo segna assente: nessun pasto, nessun addebito.",
)
#: Where only the school speaks nobody expects the parent to: no note.
ABSENT_SCHOOL_ALONE = replace(ABSENT_SCHOOL, tell_parent=False)
ABSENT_SCHOOL_LATE = replace(ABSENT_SCHOOL, code="absent_school_late", tell_parent=False)
ABSENT_OFFICE = replace(
    ABSENT_PARENT, code="absent_office", sentence="Assente: corretto dall'ufficio, nessun addebito."
)
UNANNOUNCED = Verdict(
    eats=False,
    charged=True,
    code="charged_unannounced",
    disputable=True,
    sentence="Assente senza disdetta: il pasto è addebitato, puoi contestarlo.",
)
UNANNOUNCED_LATE = replace(
    UNANNOUNCED,
    code="charged_late_notice",
    sentence="Assente, con disdetta dopo l'orario: il pasto è addebitato, puoi contestarlo.",
)
ALL = (
    EATS,
    EATS_LATE,
    EATS_OFFICE,
    CONFLICT,
    ABSENT_PARENT,
    ABSENT_BOTH,
    ABSENT_SCHOOL,
    ABSENT_SCHOOL_LATE,
    ABSENT_OFFICE,
    UNANNOUNCED,
    UNANNOUNCED_LATE,
)


def decide(case: Case) -> Verdict:
    """The office has the last word; then the school's roll-call is weighed against the parent's notice."""
    if case.office is Office.ABSENT:
        return ABSENT_OFFICE
    if case.office is Office.PRESENT:
        return EATS_OFFICE
    if case.school is School.ABSENT:
        return _seen_absent(case.phase, case.parent)
    if case.parent is Parent.ABSENT:
        return CONFLICT if case.school is School.PRESENT else ABSENT_PARENT
    return EATS_LATE if case.parent is Parent.LATE else EATS


def _seen_absent(phase: Phase, parent: Parent) -> Verdict:
    """The school says absent: in phase C only a notice in time spares the debit."""
    if parent is Parent.ABSENT:
        return ABSENT_BOTH
    if phase is Phase.PARENTS:
        return UNANNOUNCED_LATE if parent is Parent.LATE else UNANNOUNCED
    if parent is Parent.LATE:
        return ABSENT_SCHOOL_LATE
    return ABSENT_SCHOOL if phase is Phase.BOTH else ABSENT_SCHOOL_ALONE


def every_case() -> Iterator[tuple[Case, Verdict]]:
    """The whole table, 81 rows: what the night hands to the database."""
    for phase, parent, school, office in product(Phase, Parent, School, Office):
        case = Case(phase, parent, school, office)
        yield case, decide(case)
