"""What the admins of this app share: facts that set a price, and data whose every view is logged."""

from collections.abc import Collection
from typing import Any

from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse

from enrolments import pricing
from enrolments.admin_access import OFFICE_AND_AUDITOR, OfficeAdmin
from enrolments.models import Custody, Household
from identity import audit
from identity.models import SensitiveKind, User
from mensa import clock


class PricedAdmin(OfficeAdmin):
    """A fact that sets a price: saving it recomputes the prices it touches, in the same transaction."""

    def pupils_of(self, obj: Any) -> Collection[int] | None:
        """The pupils whose price may change; None: everybody's."""
        raise NotImplementedError

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        pricing.refresh(pupil_ids=self.pupils_of(form.instance))

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        pupils = self.pupils_of(obj)
        super().delete_model(request, obj)
        pricing.refresh(pupil_ids=pupils)


class SensitiveAdmin(PricedAdmin):
    """Opening a row or its history is written down: who, what kind, whose (by code), when."""

    visible_to = OFFICE_AND_AUDITOR
    sensitive_kind: SensitiveKind

    def code_of(self, obj: Any) -> str:
        """The code of the pupil or of the household, never a name."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self._write_down(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._write_down(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def _write_down(self, request: HttpRequest, object_id: str) -> None:
        obj = self.get_object(request, object_id)
        if obj is not None and self.has_view_permission(request, obj):
            audit.record_view(
                user=staff_of(request), kind=self.sensitive_kind, subject=self.code_of(obj), now=clock.now()
            )


class LaidForm(ModelForm):  # type: ignore[type-arg]
    """A new dated row goes over the old ones, which the operation cuts: overlapping is no mistake here."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded | {"valid_from"} if self.instance._state.adding else excluded


def take_over(obj: models.Model, saved: models.Model) -> None:
    """The form's object becomes the row that the operation saved, so that the log of the panel names it."""
    obj.__dict__.update({key: value for key, value in saved.__dict__.items() if key != "_state"})
    obj._state.adding, obj._state.db = False, saved._state.db


def staff_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("the panel is for users of the portal")
    return request.user


def children_of(household: Household) -> set[int]:
    return set(Custody.objects.filter(household=household).values_list("pupil_id", flat=True))
