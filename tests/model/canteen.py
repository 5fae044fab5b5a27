"""The canteen on paper: who eats, what it costs and what every family's wallet must say, worked out from the regulation.

Dictionaries and loops, no database and no rule of the portal: it is the other witness, and must not have copied the answer.
"""

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")
LAST_MINUTE_OF_A_PARENT = dt.time(9, 0, 59, 999999)
HOUR_OF_THE_NIGHT = dt.time(20, 0)
ONE_DAY = dt.timedelta(days=1)
Meal = tuple[str, dt.date]  # a child and a day


class Refused(Exception):
    """The regulation says no."""


@dataclass
class Child:
    family: str
    born: dt.date
    fiscal_code: str


@dataclass
class ClassRoom:
    school: str
    level: str
    weekdays: frozenset[int] = frozenset(range(5))


@dataclass
class Place:
    """A child in a class, from a day to a day, both included."""

    class_name: str
    first: dt.date
    last: dt.date


@dataclass
class Shut:
    """A closure of a class, of a school or, with neither, of the town."""

    first: dt.date
    last: dt.date
    school: str | None = None
    class_name: str | None = None
    revoked: bool = False


@dataclass
class Isee:
    first: dt.date
    last: dt.date
    value: Decimal


@dataclass
class Fares:
    """Upper bound (none: the top band) and price, from the lowest band up."""

    first: dt.date
    bands: list[tuple[Decimal | None, Decimal]]
    second: Decimal = Decimal(15)
    later: Decimal = Decimal(30)


@dataclass
class Canteen:
    first: dt.date
    last: dt.date
    end_of_year: dt.date
    holidays: frozenset[dt.date]
    classes: dict[str, ClassRoom]
    children: dict[str, Child]
    places: dict[str, list[Place]] = field(default_factory=dict)
    closures: list[Shut] = field(default_factory=list)
    absent_by_parent: set[Meal] = field(default_factory=set)
    word_of_the_office: dict[Meal, bool] = field(default_factory=dict)  # True: the child was absent
    isee: dict[str, list[Isee]] = field(default_factory=dict)
    lives_here: dict[str, list[tuple[dt.date, bool]]] = field(default_factory=dict)
    exempt_from: dict[str, dt.date] = field(default_factory=dict)
    fares: dict[str, list[Fares]] = field(default_factory=dict)
    money: dict[str, tuple[str, Decimal]] = field(default_factory=dict)  # cause -> family, signed euro
    debits: dict[Meal, Decimal] = field(default_factory=dict)  # what the nights have charged, net

    # -- enrolments --------------------------------------------------------------------------------------------
    def place_on(self, child: str, day: dt.date) -> Place | None:
        return next((one for one in self.places.get(child, []) if one.first <= day <= one.last), None)

    def enrol(self, child: str, class_name: str, first: dt.date) -> None:
        known = self.places.setdefault(child, [])
        if any((one.class_name, one.first) == (class_name, first) for one in known):
            return
        if any(one.last >= first for one in known):
            raise Refused
        known.append(Place(class_name, first, self.end_of_year))

    def leave(self, child: str, last: dt.date) -> None:
        kept = [one for one in self.places.get(child, []) if one.first <= last]
        for one in kept:
            one.last = min(one.last, last)
        self.places[child] = kept

    def move(self, child: str, class_name: str, first: dt.date) -> None:
        """From that day in another class; the day before belongs to the old one."""
        old = self.place_on(child, first)
        if old is None:
            raise Refused
        if old.class_name == class_name:
            return
        new = Place(class_name, first, old.last)
        old.last = first - ONE_DAY
        self.places[child] = [one for one in self.places[child] if one.first <= one.last] + [new]

    # -- is there a meal? --------------------------------------------------------------------------------------
    def serves(self, class_name: str, day: dt.date) -> bool:
        room = self.classes[class_name]
        if not self.first <= day <= self.last or day in self.holidays or day.weekday() not in room.weekdays:
            return False
        return not any(self._shuts(one, class_name, day) for one in self.closures)

    def _shuts(self, shut: Shut, class_name: str, day: dt.date) -> bool:
        if shut.revoked or not shut.first <= day <= shut.last:
            return False
        if shut.class_name:
            return shut.class_name == class_name
        return shut.school in (None, self.classes[class_name].school)

    def has_a_meal(self, child: str, day: dt.date) -> bool:
        """Before anybody has said anything about the child: presence is automatic."""
        place = self.place_on(child, day)
        return place is not None and self.serves(place.class_name, day)

    def eats(self, child: str, day: dt.date) -> bool:
        if not self.has_a_meal(child, day):
            return False
        if (child, day) in self.word_of_the_office:
            return not self.word_of_the_office[child, day]
        return (child, day) not in self.absent_by_parent

    # -- what is said of a child -------------------------------------------------------------------------------
    def mark(self, child: str, days: list[dt.date], now: dt.datetime) -> None:
        self.absent_by_parent |= {(child, day) for day in self._open(child, days, now)}

    def take_back(self, child: str, days: list[dt.date], now: dt.datetime) -> None:
        self.absent_by_parent -= {(child, day) for day in self._open(child, days, now)}

    def _open(self, child: str, days: list[dt.date], now: dt.datetime) -> list[dt.date]:
        today, hour = now.astimezone(ROME).date(), now.astimezone(ROME).time()
        in_time = [day for day in days if day > today or (day == today and hour <= LAST_MINUTE_OF_A_PARENT)]
        found = [day for day in in_time if self.has_a_meal(child, day)]
        if not found:
            raise Refused
        return found

    def correct(self, child: str, day: dt.date, *, absent: bool) -> None:
        if not self.has_a_meal(child, day):
            raise Refused
        self.word_of_the_office[child, day] = absent

    # -- what it costs -----------------------------------------------------------------------------------------
    def declare_isee(self, family: str, value: Decimal, filed: dt.date) -> None:
        """By 28 February it counts from 1 January, later from the first of the next month; always to 31 December."""
        first = dt.date(filed.year, 1, 1)
        if filed > dt.date(filed.year, 2, 28):
            if filed.month == 12:
                raise Refused
            first = dt.date(filed.year, filed.month + 1, 1)
        self.isee.setdefault(family, []).append(Isee(first, dt.date(filed.year, 12, 31), value))

    def move_house(self, family: str, day: dt.date, *, here: bool) -> None:
        self.lives_here.setdefault(family, []).append((day, here))

    def exempt(self, child: str, day: dt.date) -> None:
        self.exempt_from[child] = min(day, self.exempt_from.get(child, day))

    def adopt(self, level: str, fares: Fares) -> None:
        known = self.fares.setdefault(level, [])
        if any(one.first >= fares.first for one in known):
            raise Refused
        known.append(fares)

    def price(self, child: str, day: dt.date) -> Decimal:
        place = self.place_on(child, day)
        assert place is not None
        if child in self.exempt_from and self.exempt_from[child] <= day:
            return Decimal("0.00")
        fares = max((one for one in self._tables(place) if one.first <= day), key=lambda one: one.first)
        discount = (Decimal(0), fares.second, fares.later)[min(self._elder_siblings(child, day), 2)]
        exact = self._of_band(fares, self.children[child].family, day) * (100 - discount) / 100
        return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

    def _tables(self, place: Place) -> list[Fares]:
        return self.fares[self.classes[place.class_name].level]

    def _of_band(self, fares: Fares, family: str, day: dt.date) -> Decimal:
        top = fares.bands[-1][1]
        told = [here for since, here in self.lives_here.get(family, []) if since <= day]
        declared = [one for one in self.isee.get(family, []) if one.first <= day <= one.last]
        if (told and not told[-1]) or not declared:
            return top
        value = declared[-1].value
        return next((price for bound, price in fares.bands if bound is not None and value <= bound), top)

    def _elder_siblings(self, child: str, day: dt.date) -> int:
        """Children of the family enrolled that day who come before: by birth date, twins by fiscal code."""
        me = self.children[child]
        return sum(
            (one.born, one.fiscal_code) < (me.born, me.fiscal_code)
            for name, one in self.children.items()
            if one.family == me.family and self.place_on(name, day)
        )

    # -- the money ---------------------------------------------------------------------------------------------
    def night(self, now: dt.datetime) -> None:
        """Whatever was charged before, afterwards each meal eaten so far is charged once at its price, and nothing else."""
        self.debits = self.owed(now)

    def owed(self, now: dt.datetime) -> dict[Meal, Decimal]:
        return {
            (child, day): self.price(child, day)
            for day in self.days_due(now)
            for child in self.children
            if self.eats(child, day) and self.price(child, day) > 0
        }

    def days_due(self, now: dt.datetime) -> list[dt.date]:
        wall = now.astimezone(ROME)
        last = wall.date() if wall.time() >= HOUR_OF_THE_NIGHT else wall.date() - ONE_DAY
        count = (min(last, self.last) - self.first).days + 1
        return [self.first + n * ONE_DAY for n in range(max(count, 0))]

    def receive(self, cause: str, family: str, amount: Decimal) -> None:
        """One cause, one movement."""
        self.money.setdefault(cause, (family, amount))

    def balance(self, family: str) -> Decimal:
        came = sum((amount for whose, amount in self.money.values() if whose == family), Decimal("0.00"))
        eaten = [euro for (child, _), euro in self.debits.items() if self.children[child].family == family]
        return came - sum(eaten, Decimal("0.00"))
