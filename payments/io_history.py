"""What was decided lately about rows that are true from a day to a day, read from their history: nobody who decides need know."""

from typing import Any, TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from enrolments.dated import Dated, DatedQuerySet
from payments.io_news import News

Row = TypeVar("Row", bound=Dated)


def begun(rows: DatedQuerySet[Row], news: News, *keys: str) -> DatedQuerySet[Row]:
    """Written lately for the first time: not what is left of an older row, with the same ``keys``, that was cut in two.

    All that one transaction does has one hour: with ``pgh_created_at`` among the keys only what it cut itself counts as older.
    """
    known = _history(rows).filter(pgh_id__lt=OuterRef("pgh_id"), **{key: OuterRef(key) for key in keys})
    return rows.filter(pk__in=_lately(rows, news, "insert").exclude(Exists(known)).values("pgh_obj_id"))


def written_at(rows: DatedQuerySet[Row]) -> Subquery:
    """When a row was written for the first time, by the clock of the database."""
    first = _history(rows).filter(pgh_obj_id=OuterRef("pk"), pgh_label="insert")
    return Subquery(first.order_by("pgh_id").values("pgh_created_at")[:1])


def shortened(rows: DatedQuerySet[Row], news: News) -> DatedQuerySet[Row]:
    """Given lately the last day that they still have, where the day before was a later one or none."""
    longer = Q(valid_to__isnull=True) | Q(valid_to__gt=OuterRef("valid_to"))
    before = _history(rows).filter(longer, pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id"))
    cut = _lately(rows, news, "update").filter(Exists(before), valid_to=F("pgh_obj__valid_to"))
    return rows.filter(pk__in=cut.values("pgh_obj_id"))


def dropped(rows: DatedQuerySet[Row], news: News) -> QuerySet[Any]:
    """Taken back lately before they began: what the history has kept of them."""
    return _lately(rows, news, "delete")


def taken_back(rows: DatedQuerySet[Row]) -> QuerySet[Any]:
    """Before they began, at any time."""
    return _history(rows).filter(pgh_label="delete")


def _lately(rows: DatedQuerySet[Row], news: News, label: str) -> QuerySet[Any]:
    return _history(rows).filter(pgh_created_at__gte=news.since_by_database, pgh_label=label)


def _history(rows: DatedQuerySet[Row]) -> QuerySet[Any]:
    history: QuerySet[Any] = rows.model.pgh_event_model.objects.all()  # type: ignore[attr-defined]
    return history
