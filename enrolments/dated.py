"""Rows that are true from a day to a day: both ends inclusive, an open end is None."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Self, TypeVar

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Func, Q, Value

Row = TypeVar("Row", bound=models.Model, covariant=True)


class DatedQuerySet(models.QuerySet[Row]):
    def on(self, day: dt.date) -> Self:
        """The rows true on that day."""
        return self.overlapping(day, day)

    def overlapping(self, first: dt.date, last: dt.date) -> Self:
        """The rows true on at least one day between ``first`` and ``last``."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=first), valid_from__lte=last)


def with_deletions() -> tuple[Any, ...]:
    """What the history keeps where a row that has not begun yet may disappear: also that it did, and when."""
    return pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent()


class DateRange(Func):
    """``daterange(valid_from, valid_to, '[]')``: an open end is an unbounded range."""

    function = "daterange"
    output_field = DateRangeField()

    def __init__(self) -> None:
        super().__init__("valid_from", "valid_to", Value("[]"))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return "enrolments.dated.DateRange", (), {}


BACKWARDS = "La data «al» viene prima della data «dal»: correggi una delle due."


class NeverOverlap(ExclusionConstraint):
    """In the database and in the migrations the stock constraint; a form asks it first, and days the wrong way round are no
    range to ask about: they are told, here where no other constraint of the table tells them."""

    def validate(
        self,
        model: type[models.Model],
        instance: Any,
        exclude: Iterable[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        if not _is_backwards(instance):
            super().validate(model, instance, exclude, using)
        elif not any(one.violation_error_message == BACKWARDS for one in model._meta.constraints):
            raise ValidationError(BACKWARDS)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        _, args, kwargs = super().deconstruct()
        return "django.contrib.postgres.constraints.ExclusionConstraint", tuple(args), kwargs


def _is_backwards(instance: Any) -> bool:
    first, last = instance.valid_from, instance.valid_to
    return first is not None and last is not None and last < first


def never_overlap(name: str, *keys: str, condition: Q | None = None) -> ExclusionConstraint:
    """No two rows with equal ``keys`` may be true on the same day."""
    expressions: list[Any] = [(key, RangeOperators.EQUAL) for key in keys]
    expressions.append((DateRange(), RangeOperators.OVERLAPS))
    return NeverOverlap(
        name=name,
        expressions=expressions,
        condition=condition,
        violation_error_message="Le date si sovrappongono a quelle di un'altra riga: chiudi prima l'altra.",
    )


def ends_after_it_begins(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
        violation_error_message=BACKWARDS,
    )


class Dated(models.Model):
    """True from ``valid_from`` to ``valid_to``, both included; ``valid_to`` empty means until further notice."""

    valid_from = models.DateField("dal")
    valid_to = models.DateField("al", null=True, blank=True, help_text="Compreso. Vuoto: fino a nuovo atto.")

    class Meta:
        abstract = True
