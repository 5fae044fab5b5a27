"""A family's wallet, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from enrolments.models import Household
from identity.models import Role

if TYPE_CHECKING:
    from identity.models import User


MONEY_ROLES = frozenset({Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR})


class WalletQuerySet(models.QuerySet["Wallet"]):
    def of_parent(self, user: User) -> WalletQuerySet:
        return self.filter(household__in=Household.objects.of_parent(user))

    def visible_to(self, user: User) -> WalletQuerySet:
        """A parent sees the family's own, who works with money sees all, nobody else any."""
        if user.role == Role.PARENT:
            return self.of_parent(user)
        return self.all() if user.role in MONEY_ROLES else self.none()


class Wallet(models.Model):
    """The family's electronic wallet (borsellino): one per household, for the whole school career."""

    household = models.OneToOneField(
        Household, models.PROTECT, related_name="wallet", verbose_name="famiglia"
    )
    balance = models.DecimalField("saldo", max_digits=12, decimal_places=2, default=0, editable=False)
    opened_at = models.DateTimeField("aperto il")

    objects = WalletQuerySet.as_manager()

    class Meta:
        verbose_name = "borsellino"
        verbose_name_plural = "borsellini"

    def __str__(self) -> str:
        return f"borsellino {self.household}"
