"""The invented schools and their classes."""

from dataclasses import dataclass

from enrolments.models import Level

FULL_TIME = (True, True, True, True, True)
#: Two long days a week (*modulo*): the class eats on Tuesday and Thursday only.
MODULO = (False, True, False, True, False)


@dataclass(frozen=True)
class DemoSchool:
    code: str
    name: str
    level: Level
    sections: dict[str, tuple[bool, ...]]
    grades: int
    address: str
    phase: str

    def classes(self) -> list[tuple[int, str, tuple[bool, ...]]]:
        """Grade, section and weekdays of every class."""
        return [
            (grade, section, days)
            for grade in range(1, self.grades + 1)
            for section, days in self.sections.items()
        ]


SCHOOLS = (
    DemoSchool(
        code="BAAA99901X",
        name="Infanzia «Arcobaleno» (demo)",
        level=Level.INFANZIA,
        sections={"A": FULL_TIME, "B": FULL_TIME},
        grades=3,
        address="via delle Prove 1",
        phase="A",
    ),
    DemoSchool(
        code="BAEE99901X",
        name="Primaria «Il Girasole» (demo)",
        level=Level.PRIMARIA,
        sections={"A": FULL_TIME, "B": MODULO},
        grades=5,
        address="via degli Esempi 20",
        phase="B",
    ),
    DemoSchool(
        code="BAEE99902X",
        name="Primaria «La Quercia» (demo)",
        level=Level.PRIMARIA,
        sections={"A": FULL_TIME},
        grades=5,
        address="piazza dei Modelli 3",
        phase="C",
    ),
)
