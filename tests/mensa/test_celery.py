"""What the queue promises: nothing is lost with a worker, nothing runs twice because it was long, the sweep comes."""

import pytest
from celery.schedules import crontab
from django.conf import settings

from mensa.celery import app


@pytest.fixture(autouse=True)
def _finalized() -> None:
    app.finalize()


def test_a_task_is_given_back_when_its_worker_is_lost():
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_no_task_may_outlive_the_visibility_of_its_message():
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_messages_are_json_and_results_are_not_kept():
    assert app.conf.task_serializer == "json"
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_ignore_result


def test_what_is_owed_is_swept_within_ten_minutes():
    entries = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert entries["attendance.tasks.sweep"] == 600
    assert entries["payments.tasks.sweep_payments"] == 120


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    assert [
        entry["task"] for entry in app.conf.beat_schedule.values() if entry["task"] not in app.tasks
    ] == []


def test_the_days_of_the_schedule_are_those_of_rome():
    assert app.conf.timezone == settings.TIME_ZONE == "Europe/Rome"
    assert any(isinstance(entry["schedule"], crontab) for entry in app.conf.beat_schedule.values())
