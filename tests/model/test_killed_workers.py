"""kill -9 in the middle of the night: real Celery workers, a real Valkey, a small synthetic town.

Nothing is charged twice, nothing is left out, every day closes. At least thirty kills; more with MENSA_KILLS=300.
"""

import contextlib
import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection

from attendance.models import DayChunk, ServiceDay
from mensa import clock
from mensa.benchmark import population
from mensa.local import processes, valkey
from mensa.local.places import ROOT, Problem
from tests.cast import ROME
from tests.model.outcome import each_meal_once

pytestmark = [pytest.mark.machine, pytest.mark.django_db(transaction=True)]
PUPILS = 270  # 200 families, 40 ranges a night
KILLS = int(os.environ.get("MENSA_KILLS") or 30)
#: Every so often not one pool process but the whole worker, with the messages it had taken.
WHOLE_WORKER = 10
#: ... and, besides, the queue loses every message and the database drops a worker's session.
FORGETFUL = 6
PATIENCE = 300  # seconds for the next few ranges: only a broken night takes that long
SWEEP_EVERY = 3  # seconds without progress after which the beat would sweep again (in service: ten minutes)


class Crew:
    """A worker with two pool processes on a Valkey of its own."""

    def __init__(self, folder: Path) -> None:
        self.log = processes.fresh_log(folder, "worker")
        self.valkey = valkey.start(folder, processes.fresh_log(folder, "valkey"))
        self.queue = Celery(broker=valkey.url(folder), set_as_current=False)
        self.env = {
            **os.environ,
            "MENSA_MODE": "demo",  # in test mode tasks would run at once, without a queue
            "DATABASE_URL": f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}",
            "REDIS_URL": valkey.url(folder),
            "VAR_DIR": str(settings.VAR_DIR),
        }
        self.worker = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["--pool", "prefork", "--concurrency", "2", "--without-gossip", "--without-mingle"]
        command = [
            sys.executable,
            "-m",
            "tests.model.small_ranges",
            *options,
            "--loglevel",
            "WARNING",
        ]
        return processes.spawn(command, log=self.log, env=self.env, cwd=ROOT)

    def sweep(self) -> None:
        self.queue.send_task("attendance.tasks.sweep")

    def forget(self) -> None:
        with self.queue.connection_for_write() as link:
            link.default_channel.client.flushall()

    def pool(self) -> list[int]:
        with contextlib.suppress(FileNotFoundError):
            listed = Path(f"/proc/{self.worker.pid}/task/{self.worker.pid}/children").read_text("ascii")
            return [int(pid) for pid in listed.split()]
        return []

    def kill_one(self, lot: random.Random) -> bool:
        """A pool process, as the kernel does when memory runs out."""
        pool = self.pool()
        if not pool:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(lot.choice(pool), signal.SIGKILL)
            return True
        return False

    def kill_all(self) -> bool:
        processes.kill(self.worker)
        self.worker.wait()
        self.worker = self._start()
        return True

    def dismiss(self) -> None:
        processes.kill(self.worker)
        self.worker.wait()
        self.queue.close()
        valkey.stop(self.valkey)


@pytest.fixture
def crew(transactional_db: None) -> Iterator[Crew]:
    folder = Path(tempfile.mkdtemp(prefix="mensa-kills-"))  # a short path: it holds a socket
    try:
        made = Crew(folder)
    except Problem as reason:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(str(reason))
    try:
        yield made
    finally:
        made.dismiss()
        clock.reset()
        _wait(_we_are_alone, lambda: None)
        shutil.rmtree(folder, ignore_errors=True)


def test_workers_killed_in_the_middle_of_the_night_charge_each_meal_once(crew: Crew) -> None:
    population.build(PUPILS)
    days = population.service_days(60)
    lot, killed, worked = random.Random(2026), 0, []
    for day in days:
        population.mark_absences(day, PUPILS)
        killed += _night_of_murders(crew, day, lot, killed)
        worked.append(day)
        if killed >= KILLS:
            break
    assert killed >= KILLS
    each_meal_once(worked, PUPILS)


def _night_of_murders(crew: Crew, day: dt.date, lot: random.Random, before: int) -> int:
    """Run the night of a day, killing after every few ranges while it is not closed; returns how many were killed."""
    clock.move_to(dt.datetime.combine(day, dt.time(20, 5), tzinfo=ROME))
    crew.sweep()
    killed = 0
    while before + killed < KILLS:
        goal = _posted(day) + lot.randint(1, 2)
        _wait(lambda goal=goal: _posted(day) >= goal or _closed(day), crew.sweep)
        if _closed(day):
            return killed
        whole = (before + killed) % WHOLE_WORKER == WHOLE_WORKER - 1
        if (before + killed) % FORGETFUL == FORGETFUL - 1:
            crew.forget()
            _cut_a_connection()
        killed += crew.kill_all() if whole else crew.kill_one(lot)
    _wait(lambda: _closed(day), crew.sweep)
    return killed


def _posted(day: dt.date) -> int:
    return DayChunk.objects.filter(service_day__day=day, posted_at__isnull=False).count()


def _closed(day: dt.date) -> bool:
    return ServiceDay.objects.filter(day=day, state=ServiceDay.State.CLOSED).exists()


def _cut_a_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1"
        )


def _we_are_alone() -> bool:
    """The sessions of the dead are over: the tables can be emptied."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0] == 0


def _wait(until: Callable[[], bool], nudge: Callable[[], None]) -> None:
    """Look again and again; nudge when nothing moves, give up when nothing moves for long."""
    began = nudged = time.monotonic()
    while not until():
        now = time.monotonic()
        assert now - began < PATIENCE, "the night does not move"
        if now - nudged > SWEEP_EVERY:
            nudge()
            nudged = now
        time.sleep(0.01)
