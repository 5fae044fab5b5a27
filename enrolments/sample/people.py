"""Families that do not exist: 430 of them, 600 children in the 24 demo classes, the same every time."""

import datetime as dt
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from stdnum.it import codicefiscale

from enrolments.rules import names
from enrolments.sample import words

SEED = 20260834
FAMILIES = 430
SCHOOL_YEAR = 2026
#: School code -> the classes (grade, section) that the demo town has.
SCHOOLS = {
    "BADEMO01": [(grade, section) for grade in range(1, 4) for section in "AB"],
    "BADEMO02": [(grade, section) for grade in range(1, 6) for section in "AB"],
    "BADEMO03": [(grade, "A") for grade in range(1, 6)] + [(grade, "B") for grade in range(1, 4)],
}
#: Families by number of children: 430 families, 600 children.
SIZES = {1: 276, 2: 140, 3: 12, 4: 2}
#: Age 0 is the first year of the infanzia, age 3 the first of the primaria.
CLASSES_BY_AGE = (2, 2, 2, 4, 4, 4, 3, 3)
MONTHS = "ABCDEHLMPRST"


@dataclass
class Person:
    first: str
    last: str
    code: str
    born: dt.date
    email: str = ""
    phone: str = ""


@dataclass
class Child(Person):
    school: str = ""
    grade: int = 0
    section: str = ""
    diet: str = ""
    exemption: str = ""


@dataclass
class Family:
    number: int
    applicant: Person
    other: Person | None
    children: list[Child]
    address: str
    city: str = "Bitritto"
    resident: bool = True
    isee: Decimal | None = None
    isee_date: dt.date | None = None
    omissions: bool = False
    first_day: dt.date | None = None


@dataclass
class Maker:
    """Draws people; `taken` keeps two of them from having one fiscal code."""

    dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 (invented people, not secrets)
    taken: set[str] = field(default_factory=set)

    def person(self, first: str, last: str, born: dt.date, *, female: bool) -> Person:
        code = self._code(first, last, born, female=female)
        return Person(first=first, last=last, code=code, born=born)

    def _code(self, first: str, last: str, born: dt.date, *, female: bool) -> str:
        for place in range(990, 1000):
            code = fiscal_code(first, last, born, female=female, place=f"Z{place}")
            if code not in self.taken:
                self.taken.add(code)
                return code
        raise RuntimeError("too many people with one name and one birthday")


def fiscal_code(first: str, last: str, born: dt.date, *, female: bool, place: str) -> str:
    """Decree of 23/12/1976; `place` is the cadastral code, here one that belongs to no town and no country."""
    day = born.day + (40 if female else 0)
    letters = names.surname_letters(last) + names.name_letters(first)
    stem = f"{letters}{born.year % 100:02d}{MONTHS[born.month - 1]}{day:02d}{place}"
    return stem + codicefiscale.calc_check_digit(stem)


def families() -> list[Family]:
    """All the families, before anything is made messy."""
    maker = Maker()
    sizes = [size for size, how_many in SIZES.items() for _ in range(how_many)]
    maker.dice.shuffle(sizes)
    made = [_family(maker, number, size) for number, size in enumerate(sizes, start=1)]
    _seat(maker, [child for family in made for child in family.children])
    _entitle(maker, made)
    return made


def _family(maker: Maker, number: int, size: int) -> Family:
    dice = maker.dice
    awkward = number % 37 == 0
    last = dice.choice(words.AWKWARD_LAST_NAMES if awkward else words.LAST_NAMES)
    mother = maker.person(
        dice.choice(words.MOTHERS), dice.choice(words.LAST_NAMES), _birthday(dice, 1978, 1994), female=True
    )
    father = maker.person(dice.choice(words.FATHERS), last, _birthday(dice, 1974, 1993), female=False)
    applicant, other = (mother, father) if dice.random() < 0.7 else (father, mother)
    for person in (applicant, other):
        person.email = f"{_mailbox(person.first)}.{_mailbox(person.last)}.{number}@posta.example"
    applicant.phone = f"3{dice.randrange(20, 99)} {dice.randrange(1000000, 9999999)}"
    street = dice.choice(words.STREETS).replace("_", " ")
    return Family(
        number=number,
        applicant=applicant,
        other=other if dice.random() < 0.85 else None,
        children=_children(maker, last, size),
        address=f"Via {street} {dice.randrange(1, 120)}",
    )


def _children(maker: Maker, last: str, size: int) -> list[Child]:
    """Siblings a year or more apart; now and then twins."""
    dice = maker.dice
    ages = sorted(_distinct_ages(dice, size))
    if size > 1 and dice.random() < 0.08:
        ages[1] = ages[0]
    made: list[Child] = []
    for age in ages:
        born = next((one.born for one in made if _age(one.born) == age), None) or _born(dice, age)
        female = dice.random() < 0.5
        first = _new_name(dice, made, female=female)
        person = maker.person(first, last, born, female=female)
        made.append(Child(first=first, last=last, code=person.code, born=born))
    return made


def _distinct_ages(dice: random.Random, size: int) -> set[int]:
    """As many children of an age as there are classes for it."""
    ages: set[int] = set()
    while len(ages) < size:
        ages.add(dice.choices(range(8), weights=CLASSES_BY_AGE)[0])
    return ages


def _new_name(dice: random.Random, siblings: list[Child], *, female: bool) -> str:
    used = {one.first for one in siblings}
    pool = words.GIRLS if female else words.BOYS
    return dice.choice([name for name in pool if name.replace("_", " ") not in used]).replace("_", " ")


def _age(born: dt.date) -> int:
    """0 to 2: the years of the infanzia; 3 to 7: those of the primaria."""
    return SCHOOL_YEAR - 3 - born.year


def _born(dice: random.Random, age: int) -> dt.date:
    return dt.date(SCHOOL_YEAR - 3 - age, dice.randrange(1, 13), dice.randrange(1, 29))


def _birthday(dice: random.Random, first: int, last: int) -> dt.date:
    return dt.date(dice.randrange(first, last), dice.randrange(1, 13), dice.randrange(1, 29))


def _mailbox(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(char for char in plain if char.isascii() and char.isalpha()).lower()


def _seat(maker: Maker, children: list[Child]) -> None:
    """Everybody in a class of the right age, the emptiest first."""
    count: dict[tuple[str, int, str], int] = {
        (school, grade, section): 0 for school, classes in SCHOOLS.items() for grade, section in classes
    }
    for child in children:
        age = _age(child.born)
        places = [place for place in count if _fits(place, age)]
        child.school, child.grade, child.section = min(places, key=lambda place: (count[place], place))
        count[child.school, child.grade, child.section] += 1


def _fits(place: tuple[str, int, str], age: int) -> bool:
    school, grade, _ = place
    return grade == age + 1 if school == "BADEMO01" else grade == age - 2


# A code says neither an illness nor a belief: the kitchen has the menu of each.
DIETS = ("D-01", "D-02", "D-03", "D-04", "D-05", "D-06")
#: How many families in each band of the demo table; the rest presents no ISEE.
BANDS = (
    (0, 5000, 62),
    (5000, 10000, 78),
    (10000, 15000, 84),
    (15000, 20000, 70),
    (20000, 30000, 62),
    (30000, 62000, 30),
)


def _entitle(maker: Maker, made: list[Family]) -> None:
    dice = maker.dice
    shuffled = made[:]
    dice.shuffle(shuffled)
    for family, (low, high) in zip(shuffled, _ranges(), strict=False):
        family.isee = Decimal(dice.randrange(low * 100 + 1, high * 100)) / 100
        family.isee_date = dt.date(2026, dice.randrange(1, 7), dice.randrange(1, 29))
    shuffled[0].isee = Decimal("0.00")
    shuffled[1].isee = Decimal("5000.00")
    for family in shuffled[5:11]:
        family.omissions = True
    for index, family in enumerate(shuffled[-26:]):
        family.resident = False
        family.city = words.NEARBY[index % 2]
    for family in dice.sample(made, 6):
        family.first_day = dt.date(2026, 11, 16)
    children = [child for family in made for child in family.children]
    for child in dice.sample(children, 21):
        child.exemption = "104" if dice.random() < 0.7 else "servizi sociali"
    for child in dice.sample(children, 48):
        child.diet = dice.choice(DIETS)


def _ranges() -> Iterator[tuple[int, int]]:
    for low, high, how_many in BANDS:
        for _ in range(how_many):
            yield low, high
