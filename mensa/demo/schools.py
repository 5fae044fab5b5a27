"""The invented schools and their classes."""

import datetime as dt
from dataclasses import dataclass

from enrolments.models import Level

FULL_TIME = (True, True, True, True, True)
#: Two long days a week (*modulo*): the class eats on Tuesday and Thursday only.
MODULO = (False, True, False, True, False)


@dataclass(frozen=True)
class DemoSchool:
    """A school; `sections` says in which grades a section exists and on which days it eats."""

    code: str
    name: str
    level: Level
    sections: tuple[tuple[str, range, tuple[bool, ...]], ...]
    address: str
    phase: str
    next_phase: tuple[str, dt.date] | None = None

    def classes(self) -> list[tuple[int, str, tuple[bool, ...]]]:
        """Grade, section and weekdays of every class."""
        return [(grade, section, days) for section, grades, days in self.sections for grade in grades]


SCHOOLS = (
    DemoSchool(
        code="BADEMO01",
        name="Infanzia «Arcobaleno» (demo)",
        level=Level.INFANZIA,
        sections=(("A", range(1, 4), FULL_TIME), ("B", range(1, 4), FULL_TIME)),
        address="via delle Prove 1",
        phase="A",
        next_phase=("B", dt.date(2027, 1, 7)),
    ),
    DemoSchool(
        code="BADEMO02",
        name="Primaria «Il Girasole» (demo)",
        level=Level.PRIMARIA,
        sections=(("A", range(1, 6), FULL_TIME), ("B", range(1, 6), MODULO)),
        address="via degli Esempi 20",
        phase="B",
    ),
    DemoSchool(
        code="BADEMO03",
        name="Primaria «La Quercia» (demo)",
        level=Level.PRIMARIA,
        sections=(("A", range(1, 6), FULL_TIME), ("B", range(1, 4), FULL_TIME)),
        address="piazza dei Modelli 3",
        phase="C",
    ),
)
