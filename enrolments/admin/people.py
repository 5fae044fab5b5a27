"""Guardians, households, pupils, their classes and the applications they came from."""

from collections.abc import Collection
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from enrolments import enrolling, families
from enrolments.admin.priced import LaidForm, PricedAdmin, staff_of, take_over
from enrolments.admin_access import (
    NOBODY,
    OFFICE,
    OFFICE_AND_AUDITOR,
    OfficeAdmin,
    OfficeInline,
    ReadOnlyAdmin,
)
from enrolments.models import (
    Application,
    ApplicationBatch,
    Custody,
    Enrolment,
    Guardian,
    Household,
    HouseholdMember,
    Pupil,
)
from enrolments.rules import names
from mensa import clock

CONTACTS = ("email", "phone", "address", "city")
KEPT_CONTACTS = (
    "Questa persona era già nel portale: restano i recapiti che aveva, quelli scritti ora non sono stati presi. "
    "Se sono cambiati, correggili dalla sua scheda."
)


class NamedAdmin(OfficeAdmin):
    """People come from applications; here their names are mended, and found without accents."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.sort_key = names.sort_key(obj.last_name, obj.first_name)
        super().save_model(request, obj, form, change)


def name_family(household: Household) -> str:
    return f"{household.applicant} ({household.code})"


class FamilyField(ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Household) -> str:
        return name_family(obj)


class NewGuardianForm(ModelForm):  # type: ignore[type-arg]
    """Another parent of a family. Somebody the portal knows already is taken as stored, contacts too."""

    household = FamilyField(
        Household.objects.select_related("applicant"),
        label="Famiglia",
        widget=AutocompleteSelect(HouseholdMember._meta.get_field("household"), admin.site),
        help_text="Vedrà i figli di questa famiglia, quando entra con SPID o CIE.",
    )

    def clean_fiscal_code(self) -> str:
        return "".join(self.cleaned_data["fiscal_code"].split()).upper()

    def validate_unique(self) -> None:
        """A code that is there already is no mistake here."""


@admin.register(Guardian)
class GuardianAdmin(NamedAdmin):
    """Applicants come from applications; another parent of a family is added here."""

    list_display = ("last_name", "first_name", "fiscal_code", "email", "phone")
    search_fields = ("sort_key", "last_name", "first_name", "fiscal_code", "email")
    ordering = ("sort_key",)
    add_fields = ("household", "fiscal_code", "last_name", "first_name", "email", "phone", "address", "city")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewGuardianForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fields(request, obj) if obj else self.add_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("fiscal_code",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Guardian, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        asked = dict(form.cleaned_data)
        household = asked.pop("household")
        guardian = families.GuardianData(**asked)
        saved = families.add_guardian(
            household=household, guardian=guardian, by=staff_of(request), now=clock.now()
        )
        take_over(obj, saved)
        if any(value and value != getattr(saved, name) for name, value in asked.items() if name in CONTACTS):
            self.message_user(request, KEPT_CONTACTS, messages.WARNING)


class MemberFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        if any(form.instance.guardian_id == self.instance.applicant_id for form in self.deleted_forms):
            raise ValidationError(
                "Chi ha fatto domanda resta nella famiglia: si toglie solo un altro genitore."
            )


class MemberInline(OfficeInline):
    """Read and removed here; one more is added with the person's data."""

    model = HouseholdMember
    formset = MemberFormSet
    select_related = ("guardian", "household")
    readonly_fields = ("guardian",)
    removable_by = OFFICE

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CustodyInline(OfficeInline):
    """Read here; shares are changed from their own list, where the five weekdays are checked."""

    model = Custody
    editable_by = NOBODY
    visible_to = OfficeInline.visible_to
    show_change_link = True
    autocomplete_fields = ("pupil",)
    select_related = ("pupil", "household")
    fields = ("pupil", "valid_from", "valid_to", *families.WEEKDAYS)


@admin.register(Household)
class HouseholdAdmin(OfficeAdmin):
    list_display = ("code", "applicant")
    list_select_related = ("applicant",)
    search_fields = (
        "code",
        "applicant__sort_key",
        "applicant__last_name",
        "applicant__fiscal_code",
        "members__guardian__sort_key",
        "members__guardian__fiscal_code",
    )
    readonly_fields = ("code", "applicant", "another_parent")
    ordering = ("applicant__sort_key",)
    inlines = (MemberInline, CustodyInline)

    def option_label(self, obj: Household) -> str:
        return name_family(obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Household]:
        return super().get_queryset(request).select_related("applicant")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = ("code", "applicant")
        return (*fields, "another_parent") if self.has_change_permission(request, obj) else fields

    @admin.display(description="altro genitore")
    def another_parent(self, obj: Household) -> str:
        address = reverse("admin:enrolments_guardian_add")
        return format_html(
            '<a href="{}?household={}">Aggiungi un genitore a questa famiglia</a>', address, obj.pk
        )


class EnrolmentInline(OfficeInline):
    model = Enrolment
    editable_by = NOBODY
    show_change_link = True
    ordering = ("valid_from",)
    fields = ("class_group", "school", "valid_from", "valid_to")
    readonly_fields = ("school",)
    select_related = ("pupil", "class_group__school")

    @admin.display(description="plesso")
    def school(self, obj: Enrolment) -> str:
        return obj.class_group.school.name


@admin.register(Pupil)
class PupilAdmin(NamedAdmin, PricedAdmin):
    """The birth date sets the rank among siblings: changing it changes prices."""

    list_display = ("last_name", "first_name", "fiscal_code", "birth_date", "code")
    list_filter = ("enrolments__class_group__school", "enrolments__class_group__year")
    search_fields = ("sort_key", "last_name", "first_name", "fiscal_code", "code")
    readonly_fields = ("code", "fiscal_code")
    ordering = ("sort_key",)
    inlines = (EnrolmentInline,)

    def option_label(self, obj: Pupil) -> str:
        return f"{obj}, {obj.birth_date:%d/%m/%Y}"

    def pupils_of(self, obj: Pupil) -> Collection[int] | None:
        return [obj.pk]


@admin.register(Enrolment)
class EnrolmentAdmin(PricedAdmin):
    """Adding one for a pupil who is already in a class of that year is a change of class; a last day is a withdrawal."""

    form = LaidForm
    list_display = ("pupil", "class_group", "school", "valid_from", "valid_to")
    list_filter = ("class_group__year", "class_group__school")
    list_select_related = ("pupil", "class_group__school")
    search_fields = ("pupil__sort_key", "pupil__last_name", "pupil__fiscal_code", "pupil__code")
    autocomplete_fields = ("pupil", "class_group")
    fields = ("pupil", "class_group", "valid_from", "valid_to")
    ordering = ("pupil__sort_key", "valid_from")

    def get_fields(self, request: HttpRequest, obj: Enrolment | None = None) -> tuple[str, ...]:
        return ("pupil", "school", "class_group", "valid_from", "valid_to") if obj else self.fields

    @admin.display(description="plesso", ordering="class_group__school__name")
    def school(self, obj: Enrolment) -> str:
        return obj.class_group.school.name

    def pupils_of(self, obj: Enrolment) -> Collection[int] | None:
        return [obj.pupil_id]

    def get_readonly_fields(self, request: HttpRequest, obj: Enrolment | None = None) -> tuple[str, ...]:
        return ("pupil", "school", "class_group", "valid_from") if obj else ("school",)

    def save_model(self, request: HttpRequest, obj: Enrolment, form: Any, change: bool) -> None:
        who: dict[str, Any] = {"by": staff_of(request), "now": clock.now()}
        if change:
            enrolling.set_last_day(enrolment=obj, last_day=obj.valid_to, **who)
        elif Enrolment.objects.on(obj.valid_from).filter(pupil=obj.pupil).exists():
            moved = enrolling.change_class(
                pupil=obj.pupil, class_group=obj.class_group, from_day=obj.valid_from, **who
            )
            take_over(obj, moved)
        else:
            saved = enrolling.enrol(
                pupil=obj.pupil,
                class_group=obj.class_group,
                first_day=obj.valid_from,
                last_day=obj.valid_to,
                **who,
            )
            take_over(obj, saved)


@admin.register(Custody)
class CustodyAdmin(PricedAdmin):
    """Which family pays on which weekday: two families never on the same one (the database refuses it)."""

    list_display = ("pupil", "applicant", "household", "valid_from", "valid_to", "weekdays")
    list_select_related = ("pupil", "household__applicant")
    search_fields = ("pupil__sort_key", "pupil__fiscal_code", "pupil__code", "household__code")
    autocomplete_fields = ("pupil", "household")
    fields = ("pupil", "household", "valid_from", "valid_to", *families.WEEKDAYS)
    ordering = ("pupil__sort_key", "valid_from")

    @admin.display(description="richiedente", ordering="household__applicant__sort_key")
    def applicant(self, obj: Custody) -> str:
        return str(obj.household.applicant)

    @admin.display(description="giorni")
    def weekdays(self, obj: Custody) -> str:
        days = (
            ("lun", obj.monday),
            ("mar", obj.tuesday),
            ("mer", obj.wednesday),
            ("gio", obj.thursday),
            ("ven", obj.friday),
        )
        return " ".join(name for name, is_theirs in days if is_theirs)

    def pupils_of(self, obj: Custody) -> Collection[int] | None:
        return set(Custody.objects.filter(household=obj.household).values_list("pupil_id", flat=True))

    def get_readonly_fields(self, request: HttpRequest, obj: Custody | None = None) -> tuple[str, ...]:
        return ("pupil", "household") if obj else ()


@admin.register(Application)
class ApplicationAdmin(OfficeAdmin):
    """Where the notices of a child go."""

    list_display = ("pupil", "applicant", "year", "protocol", "email")
    list_filter = ("year",)
    list_select_related = ("pupil", "household__applicant", "year")
    search_fields = ("pupil__sort_key", "pupil__fiscal_code", "protocol", "household__code")
    fields = ("pupil", "applicant", "household", "year", "protocol", "email", "loaded_with")
    readonly_fields = ("pupil", "applicant", "household", "year", "loaded_with")
    ordering = ("pupil__sort_key",)

    @admin.display(description="richiedente", ordering="household__applicant__sort_key")
    def applicant(self, obj: Application) -> str:
        return str(obj.household.applicant)

    @admin.display(description="elenco")
    def loaded_with(self, obj: Application) -> str:
        return str(obj.batch or "-")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApplicationBatch)
class ApplicationBatchAdmin(ReadOnlyAdmin):
    visible_to = OFFICE_AND_AUDITOR
    list_display = ("file_name", "year", "state", "uploaded_by", "uploaded_at", "applied_at")
    list_filter = ("year", "state")
    list_select_related = ("year", "uploaded_by")
    fields = ("file_name", "year", "state", "uploaded_by", "uploaded_at", "applied_at")
    ordering = ("-uploaded_at",)
