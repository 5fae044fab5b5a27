"""kill -9 of PostgreSQL itself in the middle of the night: it comes back by its own log, and the next run goes on from there."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mensa.local import postgres, processes
from mensa.local.places import ROOT, Problem

pytestmark = pytest.mark.machine
KILLS = 3


class Server:
    """A PostgreSQL of our own with the settings of service: what is committed is on disk."""

    def __init__(self, folder: Path) -> None:
        self.cluster = postgres.Cluster(folder, folder)
        self.log = processes.fresh_log(folder, "postgres")
        self.process = postgres.start(self.cluster, self.log)

    def ask(self, command: str, role: str) -> subprocess.Popen[str]:
        env = {**os.environ, "MENSA_MODE": "test", "DATABASE_URL": self.cluster.url(role)}
        line = [sys.executable, "-m", "tests.model.own_nights", command]
        return subprocess.Popen(
            line, env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def do(self, command: str) -> None:
        done = self.ask(command, postgres.ADMIN)
        _, errors = done.communicate(timeout=240)
        assert done.returncode == 0, errors

    def kill(self) -> None:
        """The sessions notice within moments that their server is gone; until then it cannot start again."""
        processes.kill(self.process)
        self.process.wait()
        for _ in range(50):
            try:
                self.process = postgres.start(self.cluster, self.log)
                return
            except Problem:
                time.sleep(0.2)
        raise AssertionError(processes.tail(self.log))


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="mensa-db-"))  # a short path: it holds a socket
    try:
        made = Server(folder)
    except Problem as reason:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(str(reason))
    try:
        yield made
    finally:
        postgres.stop(made.process)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_database_killed_in_the_middle_of_the_night_charges_each_meal_once(server: Server) -> None:
    server.do("build")
    lot = random.Random(2026)
    for _ in range(KILLS):
        night = server.ask("run", postgres.ADMIN)
        assert night.stdout is not None
        for _ in range(lot.randint(1, 40)):
            night.stdout.readline()
        server.kill()
        night.communicate(timeout=60)
        assert night.returncode != 0
    server.do("run")
    server.do("check")
