"""The office's panel for this app: one module per subject, all on `enrolments.admin_access`."""

from enrolments.admin import diets, entitlements, fares, people, schools

__all__ = ["diets", "entitlements", "fares", "people", "schools"]
