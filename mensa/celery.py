"""Celery: the queue only brings work forward. What is owed is in the database, and the sweep finds it every ten minutes."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from mensa.local import processes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")

app = Celery("mensa")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _make_ready(**kwargs: Any) -> None:
    """Each pool process goes when its parent goes, even by kill -9."""
    processes.die_with_parent(os.getppid())


@setup_logging.connect
def _keep_django_logging(**kwargs: Any) -> None:
    """Celery's own set-up would replace the one in the settings."""
