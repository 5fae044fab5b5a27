"""Guardians, households, pupils and who pays for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

from enrolments.dated import Dated, DatedQuerySet, ends_after_it_begins, never_overlap
from enrolments.models.schools import School

if TYPE_CHECKING:
    from identity.models import User


class GuardianQuerySet(models.QuerySet["Guardian"]):
    def of_user(self, user: User) -> GuardianQuerySet:
        """The guardian at the keyboard, matched by fiscal code only (never by e-mail or name)."""
        return self.filter(fiscal_code=user.fiscal_code) if user.fiscal_code else self.none()


class Guardian(models.Model):
    """A parent or whoever has parental responsibility. The user account is found by fiscal code, not linked."""

    fiscal_code = models.CharField("codice fiscale", max_length=16, unique=True)
    first_name = models.CharField("nome", max_length=60)
    last_name = models.CharField("cognome", max_length=60)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField("telefono", max_length=30, blank=True)
    address = models.CharField("indirizzo", max_length=160, blank=True)
    city = models.CharField("comune", max_length=60, blank=True)
    sort_key = models.CharField(max_length=130, editable=False)

    objects = GuardianQuerySet.as_manager()

    class Meta:
        verbose_name = "genitore"
        verbose_name_plural = "genitori"

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


class HouseholdQuerySet(models.QuerySet["Household"]):
    def of_parent(self, user: User) -> HouseholdQuerySet:
        """The households of which this user is a guardian."""
        return self.filter(members__guardian__in=Guardian.objects.of_user(user)).distinct()


class Household(models.Model):
    """The family that applied: one wallet, one ISEE, one rank among its children."""

    code = models.CharField("codice famiglia", max_length=8, unique=True)
    applicant = models.ForeignKey(
        Guardian, models.PROTECT, related_name="applications_made", verbose_name="richiedente"
    )

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        verbose_name = "famiglia"
        verbose_name_plural = "famiglie"
        constraints = [
            models.UniqueConstraint(fields=["applicant"], name="one_household_per_applicant"),
        ]

    def __str__(self) -> str:
        return self.code


class HouseholdMember(models.Model):
    household = models.ForeignKey(Household, models.PROTECT, related_name="members", verbose_name="famiglia")
    guardian = models.ForeignKey(
        Guardian, models.PROTECT, related_name="memberships", verbose_name="genitore"
    )

    class Meta:
        verbose_name = "genitore della famiglia"
        verbose_name_plural = "genitori della famiglia"
        constraints = [
            models.UniqueConstraint(fields=["household", "guardian"], name="one_membership_per_guardian")
        ]

    def __str__(self) -> str:
        return f"{self.guardian} ({self.household})"


class PupilQuerySet(models.QuerySet["Pupil"]):
    def of_parent(self, user: User) -> PupilQuerySet:
        """The children of this user's households; a child of two households is seen from both."""
        return self.filter(custodies__household__in=Household.objects.of_parent(user)).distinct()

    def of_staff(self, user: User) -> PupilQuerySet:
        """The pupils ever enrolled in the schools of this secretary or kitchen."""
        return self.filter(enrolments__class_group__school__in=School.objects.of_staff(user)).distinct()


class Pupil(models.Model):
    """A child. ``code`` is what may be printed on a notice or stand in an address: it says nothing about the person."""

    code = models.CharField("codice alunno", max_length=8, unique=True)
    fiscal_code = models.CharField("codice fiscale", max_length=16, unique=True)
    first_name = models.CharField("nome", max_length=60)
    last_name = models.CharField("cognome", max_length=60)
    birth_date = models.DateField("data di nascita")
    sort_key = models.CharField(max_length=130, editable=False)

    objects = PupilQuerySet.as_manager()

    class Meta:
        verbose_name = "alunno"
        verbose_name_plural = "alunni"

    def __str__(self) -> str:
        return f"{self.last_name} {self.first_name}"


@pghistory.track()
class Custody(Dated):
    """Which household pays for a child, on which weekdays: each (child, day) has one payer, or the night says why not.

    A child of one household has one row with all five weekdays; separated parents share the week (domain.md section 8).
    """

    pupil = models.ForeignKey(Pupil, models.PROTECT, related_name="custodies", verbose_name="alunno")
    household = models.ForeignKey(
        Household, models.PROTECT, related_name="custodies", verbose_name="famiglia"
    )
    monday = models.BooleanField("lunedì", default=True)
    tuesday = models.BooleanField("martedì", default=True)
    wednesday = models.BooleanField("mercoledì", default=True)
    thursday = models.BooleanField("giovedì", default=True)
    friday = models.BooleanField("venerdì", default=True)

    objects = DatedQuerySet["Custody"].as_manager()

    class Meta:
        verbose_name = "quota della famiglia"
        verbose_name_plural = "quote delle famiglie"
        constraints = [
            ends_after_it_begins("custody_ends_after_it_begins"),
            never_overlap("one_payer_on_monday", "pupil", condition=Q(monday=True)),
            never_overlap("one_payer_on_tuesday", "pupil", condition=Q(tuesday=True)),
            never_overlap("one_payer_on_wednesday", "pupil", condition=Q(wednesday=True)),
            never_overlap("one_payer_on_thursday", "pupil", condition=Q(thursday=True)),
            never_overlap("one_payer_on_friday", "pupil", condition=Q(friday=True)),
        ]

    def __str__(self) -> str:
        return f"{self.pupil} – {self.household}"
