"""The shape of the tables: names as Italian writes them, money that nothing can carry away, no forgotten migration."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

from tests.guards.source import APPS

#: Words that Italian writes with a capital wherever they stand.
PROPER = {"ISEE", "IBAN", "SPID", "CIE", "L.", "PDF", "NAV", "IUV", "IUR"}


def test_names_of_models_and_fields_are_in_lower_case() -> None:
    names = [(model._meta.label, text) for model in _models() for text in _names(model)]
    wrong = [(label, text) for label, text in names if not _begins_low(text)]
    assert not wrong


def test_no_row_of_money_disappears_with_another_row() -> None:
    careless = [
        f"{field.model.__name__}.{field.name}"
        for field in _foreign_keys()
        if _is_money(field.model) or _is_money(field.related_model)
        if field.remote_field.on_delete is not models.PROTECT
    ]
    assert not careless, f"foreign keys that are not PROTECT: {careless}"


def test_amounts_are_decimals() -> None:
    floats = [
        f"{model.__name__}.{field.name}"
        for model in _models()
        for field in model._meta.get_fields()
        if isinstance(field, models.FloatField)
    ]
    assert not floats


def test_no_model_orders_its_rows_by_itself() -> None:
    assert not [model.__name__ for model in _models() if model._meta.ordering]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def _models() -> Iterator[type[models.Model]]:
    """Ours; the history tables that pghistory makes follow the models they copy."""
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            if not hasattr(model, "pgh_event_model") and "pgh_id" not in _columns(model):
                yield model


def _columns(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.get_fields()}


def _names(model: type[models.Model]) -> Iterator[str]:
    yield str(model._meta.verbose_name)
    yield str(model._meta.verbose_name_plural)
    for field in model._meta.get_fields():
        if isinstance(field, models.Field) and field.model is model and not field.primary_key:
            yield str(field.verbose_name)


def _begins_low(text: str) -> bool:
    return text[:1].islower() or text.split(" ")[0] in PROPER


def _foreign_keys() -> Iterator[Any]:
    for model in _models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey):
                yield field


def _is_money(model: Any) -> bool:
    """Wallets and payments are money from top to bottom; so is a meal, which says what is owed."""
    return model._meta.app_label in {"wallets", "payments"} or model._meta.label == "attendance.Meal"
