"""What has been agreed about the sheet, read from the dated rows; where there is none, the defaults of the model."""

import datetime as dt

from attendance.models import KitchenRules


def on(day: dt.date) -> KitchenRules:
    return KitchenRules.objects.on(day).first() or KitchenRules(valid_from=day)
