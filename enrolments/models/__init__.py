"""Who eats where, and at what price. Every rule is a dated row with the act that adopted it."""

from enrolments.models.applying import Application, ApplicationBatch, Enrolment
from enrolments.models.diets import (
    DietCertificate,
    DietConfirmation,
    DietHold,
    Dietician,
    DietReminder,
    DietRequest,
    DietRules,
)
from enrolments.models.entitlements import Diet, Exemption, FareBand, FareTable, IseeDeclaration, Residence
from enrolments.models.families import Custody, Guardian, Household, HouseholdMember, Pupil
from enrolments.models.owed import Owed
from enrolments.models.prices import Explanation, Price
from enrolments.models.schools import (
    ClassGroup,
    EnrolmentRules,
    HelpDesk,
    Level,
    School,
    SchoolStaff,
    SchoolYear,
)

__all__ = [
    "Application",
    "ApplicationBatch",
    "ClassGroup",
    "Custody",
    "Diet",
    "DietCertificate",
    "DietConfirmation",
    "DietHold",
    "DietReminder",
    "DietRequest",
    "DietRules",
    "Dietician",
    "Enrolment",
    "EnrolmentRules",
    "Exemption",
    "Explanation",
    "FareBand",
    "FareTable",
    "Guardian",
    "HelpDesk",
    "Household",
    "HouseholdMember",
    "IseeDeclaration",
    "Level",
    "Owed",
    "Price",
    "Pupil",
    "Residence",
    "School",
    "SchoolStaff",
    "SchoolYear",
]
