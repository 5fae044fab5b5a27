"""The last minutes before the cut-off: the portal as in service (gunicorn gthread, two workers of four threads), and 600 families.

The clock of the portal is moved so that the cut-off falls in the middle of the crowd.
"""

import contextlib
import datetime as dt
import os
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from django.conf import settings

from attendance.rules.cutoff import ROME
from mensa import clock
from mensa.benchmark import cutoff
from mensa.benchmark.parents import Family
from mensa.benchmark.taps import Answer, Phones, Tap
from mensa.local import ports, processes

#: A Tuesday of the synthetic year, and the day after.
TODAY, TOMORROW = dt.date(2026, 11, 24), dt.date(2026, 11, 25)
AT_REST = dt.datetime.combine(TODAY, dt.time(8, 20), tzinfo=ROME)
FIRST_PORT = 8300
READY_WITHIN = 60


@dataclass(frozen=True)
class Peak:
    idle: list[Tap]
    crowd: list[Tap]
    wrongs: list[str]

    def count(self, answer: Answer) -> int:
        return sum(tap.answer is answer for tap in self.crowd)

    @property
    def errors(self) -> list[str]:
        return [tap.detail for tap in [*self.idle, *self.crowd] if tap.answer is Answer.ERROR]

    @property
    def ratio(self) -> float:
        """The 95th percentile of the peak over that at rest."""
        return percentile(self.crowd, 95) / percentile(self.idle, 95)


def percentile(taps: Sequence[Tap], rank: int) -> float:
    """Milliseconds."""
    return quantiles([tap.took * 1000 for tap in taps], n=100, method="inclusive")[rank - 1]


def run(
    *, families: Sequence[Family], database_url: str, folder: Path, rate: float, seconds: float, idle: int
) -> Peak:
    """At rest first, then the crowd with the cut-off in its middle, then the questions."""
    with (
        _clock_of_its_own(folder),
        _server(database_url, folder) as port,
        Phones(port, families, TODAY, TOMORROW) as phones,
    ):
        clock.move_to(AT_REST)
        warm = phones.one_by_one(16, pause=0.01)  # every thread of the server has imported what it needs
        at_rest = phones.one_by_one(idle, pause=0.1)
        clock.move_to(cutoff.deadline(TODAY) - dt.timedelta(seconds=seconds / 2))
        crowd = phones.crowd(rate, seconds)
    return Peak(at_rest, crowd, cutoff.wrongs([*warm, *at_rest, *crowd], TODAY))


@contextlib.contextmanager
def _clock_of_its_own(folder: Path) -> Iterator[None]:
    """The server and this process share the offset kept in the folder; the clock of the house stays where it is."""
    before, settings.VAR_DIR = settings.VAR_DIR, folder
    try:
        yield
    finally:
        settings.VAR_DIR = before


@contextlib.contextmanager
def _server(database_url: str, folder: Path) -> Iterator[int]:
    """The command of docker-compose.yml, on a port of its own."""
    listening = ports.listen(FIRST_PORT)
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"fd://{listening.fileno()}",
        "--worker-class",
        "gthread",
    ]
    command += ["--workers", "2", "--threads", "4", "--no-control-socket", "mensa.wsgi:application"]
    env = {
        **os.environ,
        "MENSA_MODE": "demo",  # the only mode with pools, shared cache and a clock that can be moved
        "DATABASE_URL": database_url,
        "VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "mensa.settings",
    }
    process = processes.spawn(
        command, log=folder / "web.log", env=env, pass_fds=[listening.fileno()], cwd=settings.BASE_DIR
    )
    try:
        port = ports.number(listening)
        _wait_for(port)
        yield port
    finally:
        processes.stop(process)
        listening.close()


def _wait_for(port: int) -> None:
    for _ in range(READY_WITHIN * 5):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://localhost:{port}/salute/", timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError("il portale non risponde")
