"""A real mode starts only when everything is set; what is missing is listed at once, by name and with the reason."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from payments import readiness
from payments.checks import real_mode_is_complete, refuse_to_start

ALWAYS = {
    "TOWN_NAME",
    "TOWN_FISCAL_CODE",
    "PAGOPA_SEGREGATION_CODE",
    "PAGOPA_CBILL",
    "PAGOPA_TAXONOMY",
    "PAGOPA_IBAN",
    "BASE_URL",
    "PAGOPA_STATIONS",
    "PAGOPA_CALLER_VALUE",
}
CALLED = {
    "gpd": {"PAGOPA_GPD_KEYS", "PAGOPA_CHECKOUT_KEYS", "PAGOPA_BIZ_EVENTS_KEYS", "PAGOPA_FDR_KEYS"},
    "station": {"PAGOPA_ACA_KEYS", "PAGOPA_CHECKOUT_KEYS", "PAGOPA_BIZ_EVENTS_KEYS", "PAGOPA_FDR_KEYS"},
    "partner": {"PAGOPA_PARTNER_GATEWAY"},
}


@pytest.fixture
def complete(settings: Any) -> Any:
    """A town that has obtained everything; the values are invented."""
    settings.PAGOPA_MODE = "gpd"
    settings.BASE_URL = "https://mensa.comune.example"
    settings.TOWN_FISCAL_CODE = "99999000013"
    settings.PAGOPA_SEGREGATION_CODE, settings.PAGOPA_IUV_SYSTEM = "02", "00"
    settings.PAGOPA_BROKER_CODE = ""
    settings.PAGOPA_STATIONS = ["99999000013_01"]
    settings.PAGOPA_IBAN = "IT60X0542811101000000123456"
    settings.PAGOPA_TAXONOMY = "9/0101100IM/"
    settings.PAGOPA_CBILL = "AB1CD"
    settings.PAGOPA_CALLER_VALUE = "un-segreto-lungo-e-casuale"
    settings.PAGOPA_KEYS = {name: ["key"] for name in settings.PAGOPA_PRODUCTS}
    return settings


@pytest.mark.parametrize("mode", readiness.REAL_MODES)
def test_with_nothing_set_everything_is_listed_in_one_message(settings: Any, mode: str) -> None:
    settings.PAGOPA_MODE, settings.BASE_URL = mode, "http://localhost:8000"
    for name in (
        "TOWN_NAME",
        "TOWN_FISCAL_CODE",
        "PAGOPA_SEGREGATION_CODE",
        "PAGOPA_CBILL",
        "PAGOPA_TAXONOMY",
        "PAGOPA_IBAN",
    ):
        setattr(settings, name, "")
    (error,) = real_mode_is_complete()
    named = {part.split(" ")[0] for part in error.msg.partition(": ")[2].split("; ")}
    assert named == ALWAYS | CALLED[mode]


@pytest.mark.parametrize("mode", ["gpd", "station"])
def test_a_town_that_has_everything_starts(complete: Any, mode: str) -> None:
    complete.PAGOPA_MODE = mode
    assert real_mode_is_complete() == []
    refuse_to_start()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOWN_FISCAL_CODE", "9999900001", "11 cifre"),
        ("PAGOPA_SEGREGATION_CODE", "47", "non è 47"),
        ("PAGOPA_SEGREGATION_CODE", "52", "da 00 a 49"),
        ("PAGOPA_IUV_SYSTEM", "1", "2 cifre"),
        ("PAGOPA_BROKER_CODE", "ABC", "11 cifre"),
        ("PAGOPA_STATIONS", ["99999000013"], "trattino basso"),
        ("PAGOPA_TAXONOMY", "0101100IM", "elenco ufficiale"),
        ("PAGOPA_TAXONOMY", "9/0201100IM/", "elenco ufficiale"),
        ("PAGOPA_IBAN", "IT60X0542811101000000123457", "non è un IBAN"),
        ("PAGOPA_IBAN", "DE89370400440532013000", "non è un IBAN"),
        ("PAGOPA_POSTAL_IBAN", "IT60X0542811101000000123457", "non è un IBAN"),
        ("PAGOPA_POSTAL_ACCOUNT", "123456", "PAGOPA_POSTAL_AUTHORISATION manca"),
        ("PAGOPA_POSTAL_ACCOUNT", "123456", "PAGOPA_POSTAL_IBAN manca"),
        ("PAGOPA_LOGO", "loghi/che-non-c-e.svg", "PAGOPA_LOGO non è tra i file statici"),
        ("TOWN_LOGO", "../../etc/passwd", "TOWN_LOGO non è tra i file statici"),
        ("PAGOPA_KEYS", {**settings.PAGOPA_KEYS, "GPD": ["chiave–nuova"]}, "PAGOPA_GPD_KEYS contiene"),
        ("PAGOPA_CALLER_HEADER", "", "PAGOPA_CALLER_HEADER manca"),
        ("PAGOPA_POSTAL_ACCOUNT", "1234567890123", "al massimo 12"),
        ("PAGOPA_CBILL", "ab", "maiuscole"),
        ("PAGOPA_CALLER_VALUE", "", "manca"),
        ("PAGOPA_CALLER_VALUE", "corto", "16 caratteri"),
        ("PAGOPA_ENVIRONMENT", "collaudo", "prod oppure uat"),
        ("BASE_URL", "http://mensa.comune.example", "https://"),
        ("DEMO", True, "MENSA_MODE è demo"),
    ],
)
def test_a_wrong_value_is_named_with_the_reason(complete: Any, name: str, value: Any, said: str) -> None:
    setattr(complete, name, value)
    (error,) = real_mode_is_complete()
    assert said in error.msg


def test_the_postal_account_belongs_to_its_iban(complete: Any) -> None:
    complete.PAGOPA_POSTAL_IBAN, complete.PAGOPA_POSTAL_ACCOUNT = "IT60X0542811101000000123456", "123456"
    complete.PAGOPA_POSTAL_AUTHORISATION = "AUT. DB/XXXX/XXX 00000 DEL 01/01/2026"
    assert real_mode_is_complete() == []
    complete.PAGOPA_POSTAL_ACCOUNT = "654321"
    assert "non è il conto" in real_mode_is_complete()[0].msg


def test_a_product_is_called_over_tls_only(complete: Any) -> None:
    complete.PAGOPA_URLS = {**complete.PAGOPA_URLS, "GPD": "http://10.0.0.1/gpd"}
    assert "PAGOPA_GPD_URL" in real_mode_is_complete()[0].msg


def test_who_polls_receipts_needs_the_key_and_not_the_station(complete: Any) -> None:
    complete.PAGOPA_POLL_RECEIPTS, complete.PAGOPA_STATIONS = True, []
    assert real_mode_is_complete() == []
    complete.PAGOPA_KEYS = {**complete.PAGOPA_KEYS, "GPD_RECEIPTS": []}
    assert "PAGOPA_GPD_RECEIPTS_KEYS manca" in real_mode_is_complete()[0].msg


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", "manca"),
        ("nowhere.Gateway", "non si può importare"),
        ("payments.gateways.wire.Line", "non ha publish, update, withdraw, open_cart"),
        ("tests.payments.test_gateways.Partner", ""),
    ],
)
def test_a_partner_s_class_is_looked_at(complete: Any, place: str, said: str) -> None:
    complete.PAGOPA_MODE, complete.PAGOPA_PARTNER_GATEWAY = "partner", place
    found = real_mode_is_complete()
    assert said in found[0].msg if said else not found


def test_keys_are_read_without_the_spaces_around_them() -> None:
    """ "first, second": the second is for the day when the first is refused, and a space would make it another key."""
    said = "from django.conf import settings; print(settings.PAGOPA_KEYS['GPD'], settings.PAGOPA_STATIONS, settings.APP_IO_KEYS)"
    given = {"PAGOPA_GPD_KEYS": "first, second", "PAGOPA_STATIONS": "1_01 , 1_02", "APP_IO_KEYS": " , "}
    ended = subprocess.run(
        [sys.executable, "-c", said], env={**os.environ, **given}, capture_output=True, text=True, timeout=120
    )
    assert ended.stdout == "['first', 'second'] ['1_01', '1_02'] []\n", ended.stderr


def test_the_test_environment_is_said_aloud_and_starts(complete: Any) -> None:
    complete.PAGOPA_ENVIRONMENT = "uat"
    assert [problem.id for problem in real_mode_is_complete()] == ["payments.W001"]
    refuse_to_start()


def test_the_commands_refuse(settings: Any) -> None:
    settings.PAGOPA_MODE = "gpd"
    with pytest.raises(SystemCheckError, match="PAGOPA_STATIONS"):
        call_command("check", tags=["payments"])


@pytest.mark.parametrize(
    "process",
    [
        "import mensa.wsgi",
        "import django; django.setup(); from celery.signals import worker_init; import mensa.celery; worker_init.send(None)",
        "import django; django.setup(); from celery.signals import beat_init; import mensa.celery; beat_init.send(None)",
    ],
    ids=["web", "worker", "beat"],
)
def test_the_processes_that_serve_do_not_start(process: str) -> None:
    """Gunicorn and Celery run no checks of their own."""
    environment = {**os.environ, "PAGOPA_MODE": "gpd", "BASE_URL": "http://localhost:8000"}
    ended = subprocess.run(
        [sys.executable, "-c", process], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 1
    assert "PAGOPA_TAXONOMY" in ended.stderr
    assert "docs/manuale/pagopa.md" in ended.stderr


def test_the_empty_lines_of_the_example_leave_the_simulator_as_it_is() -> None:
    """A town copies .env.example and fills in pagoPA later: until then the simulator must work."""
    lines = (Path(settings.BASE_DIR) / ".env.example").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line.startswith("PAGOPA_"))
    assert {f"PAGOPA_{name}_KEYS" for name in ("GPD", "ACA", "CHECKOUT", "BIZ_EVENTS", "FDR")} <= given.keys()
    said = (
        "from payments.configuration import creditor; from payments.rules.identifiers import compose; c = creditor();"
        "print(compose(segregation=c.segregation, system=c.iuv_system, sequence=1), c.iban, c.taxonomy, c.stations)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {said}"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("301000000000000144 IT60X0542811101000000123456 9/0101100IM/")
