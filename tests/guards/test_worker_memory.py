"""A worker of the night carries only what the night uses: what the pages, the PDFs and the spreadsheets load stays out of it."""

import json
import os
import subprocess
import sys

import pytest

from tests.guards.source import ROOT

#: Each costs a worker some megabytes; whoever needs one loads it where it is used.
HEAVY = (
    "xmlsec",
    "onelogin",
    "lxml",
    "cryptography",
    "fido2",
    "openpyxl",
    "PIL",
    "weasyprint",
    "typst",
    "segno",
    "zxingcpp",
    "pypdfium2",
    "httpx",
    "prompt_toolkit",
)
#: The other countries of the world, and the addresses with every view, form and admin page behind them.
NOT_OURS = (
    "holidays.countries.france",
    "mensa.urls",
    "attendance.views",
    "payments.views",
    "enrolments.admin",
    "allauth.account.views",
)
_TELL = "import json, sys; print(json.dumps(sorted(sys.modules)))"
_NIGHT = """
import datetime, django
django.setup()
from attendance import night
from attendance.calendar import national_holidays
assert national_holidays(datetime.date(2026, 12, 25), datetime.date(2026, 12, 25))
"""
#: What Celery does before it forks its processes.
_WORKER = """
from mensa.worker import app
app.loader.import_default_modules()
assert "attendance.tasks.freeze_day" in app.tasks
"""


@pytest.mark.parametrize("program", [_NIGHT, _WORKER], ids=["night", "worker"])
def test_the_night_loads_nothing_it_does_not_use(program):
    loaded = _modules_after(program)
    assert {"attendance", "wallets.models", "psycopg"} <= loaded
    assert sorted(loaded & {*HEAVY, *NOT_OURS}) == []


def test_a_country_that_is_asked_for_still_comes():
    program = """
from enrolments.rules import national_days
import holidays
assert holidays.country_holidays("FR", years=2026)
"""
    assert "holidays.countries.france" in _modules_after(program)


def _modules_after(program: str) -> set[str]:
    """In a process of its own: this one has loaded everything."""
    done = subprocess.run(
        [sys.executable, "-c", program + _TELL],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "mensa.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))
