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
from attendance.models.feeds import CalendarFeed, CalendarImport
from attendance.models.kitchen import (
    DeliveredPortions,
    KitchenRules,
    KitchenSheet,
    SheetAcknowledgement,
    SheetMessage,
)
from attendance.models.light_meals import LightMeal
from attendance.models.morning import EverybodyPresent, Letter, Passage, RegisterImport
from attendance.models.presence import Absence, ClassRegister
from attendance.models.telling import ClosureAnnouncement, ClosureMail, ClosureNotice

__all__ = [
    "Absence",
    "AbsencePattern",
    "AbsenceReceipt",
    "AttendanceRules",
    "CalendarFeed",
    "CalendarImport",
    "CanteenPeriod",
    "Caterer",
    "ClassRegister",
    "ClassWeekdays",
    "Closure",
    "ClosureAnnouncement",
    "ClosureMail",
    "ClosureNotice",
    "DayChunk",
    "DeliveredPortions",
    "Dispute",
    "EverybodyPresent",
    "ExtraMeal",
    "KitchenRules",
    "KitchenSheet",
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
    "SheetAcknowledgement",
    "SheetMessage",
    "Suspension",
]
