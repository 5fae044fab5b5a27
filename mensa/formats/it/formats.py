"""How a day and a moment read in the panel; the rest is Django's Italian."""

DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = "d/m/Y H:i"
