"""The office's panel for this app: the calendar it edits, the days and absences it only reads."""

from attendance.admin import calendar, caterer, closures, days, evidence, kitchen, morning

__all__ = ["calendar", "caterer", "closures", "days", "evidence", "kitchen", "morning"]
