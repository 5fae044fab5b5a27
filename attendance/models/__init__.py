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
from attendance.models.disputing import Dispute
from attendance.models.evidence import AbsencePattern, AbsenceReceipt
from attendance.models.extra import ExtraMeal
from attendance.models.light_meals import LightMeal
from attendance.models.morning import EverybodyPresent, Letter, Passage, RegisterImport
from attendance.models.presence import Absence, ClassRegister

__all__ = [
    "Absence",
    "AbsencePattern",
    "AbsenceReceipt",
    "AttendanceRules",
    "CanteenPeriod",
    "Caterer",
    "ClassRegister",
    "ClassWeekdays",
    "Closure",
    "DayChunk",
    "Dispute",
    "EverybodyPresent",
    "ExtraMeal",
    "LateFact",
    "Letter",
    "LightMeal",
    "Meal",
    "MealChange",
    "Passage",
    "PatronDay",
    "PricingFailure",
    "RegisterImport",
    "SchoolPhase",
    "ServiceDay",
    "Suspension",
]
