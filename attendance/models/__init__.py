"""Service days, absences, the class register, meals and the night that charges them."""

from attendance.models.calendar import (
    AttendanceRules,
    CanteenPeriod,
    ClassWeekdays,
    Closure,
    PatronDay,
    SchoolPhase,
    Suspension,
)
from attendance.models.caterer import Caterer
from attendance.models.charging import DayChunk, LateFact, Meal, MealChange, PricingFailure, ServiceDay
from attendance.models.extra import ExtraMeal
from attendance.models.presence import Absence, ClassRegister

__all__ = [
    "Absence",
    "AttendanceRules",
    "CanteenPeriod",
    "Caterer",
    "ClassRegister",
    "ClassWeekdays",
    "Closure",
    "DayChunk",
    "ExtraMeal",
    "LateFact",
    "Meal",
    "MealChange",
    "PatronDay",
    "PricingFailure",
    "SchoolPhase",
    "ServiceDay",
    "Suspension",
]
