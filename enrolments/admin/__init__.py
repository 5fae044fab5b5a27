"""The office's panel for this app: one module per subject, all on `enrolments.admin_access`."""

from enrolments.admin import entitlements, fares, people, schools

__all__ = ["entitlements", "fares", "people", "schools"]
