"""Celery: the queue only brings work forward. What is owed is in the database, and the sweep finds it every ten minutes."""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init

from mensa.local import processes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")
# Celery would load every address, view and form in every worker, only to check them: `migrate` has done it just before.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("mensa")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

APPS = ("identity", "enrolments", "wallets", "attendance", "payments", "mensa")


@app.on_after_finalize.connect
def _follow_schedules(sender: Celery, **kwargs: Any) -> None:
    """Each app says in the SCHEDULE of its tasks what has to be swept and how often."""
    modules = [import_module(f"{name}.tasks") for name in APPS if find_spec(f"{name}.tasks")]
    sender.conf.beat_schedule = {
        name: entry for module in modules for name, entry in getattr(module, "SCHEDULE", {}).items()
    }


@worker_init.connect
@beat_init.connect
def _only_when_complete(**kwargs: Any) -> None:
    """Neither collects while pagoPA is half configured: it exits with the list of what is missing."""
    from payments.checks import refuse_to_start

    refuse_to_start()


@worker_init.connect
def _begin_light(**kwargs: Any) -> None:
    """Loading the code takes more, for a moment, than keeping it; the pool processes are forked after this."""
    processes.give_back()


@worker_process_init.connect
def _make_ready(**kwargs: Any) -> None:
    """Each pool process goes when its parent goes, even by kill -9."""
    processes.die_with_parent(os.getppid())


@setup_logging.connect
def _keep_django_logging(**kwargs: Any) -> None:
    """Celery's own set-up would replace the one in the settings."""
