"""The real thing: `manage.py demo` as a process, in a data folder of its own. Slow, so few and long."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import environ
import psycopg
import pytest

from mensa.local import services

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.machine
_PATIENCE = 240  # seconds; on a quiet machine a start takes about ten


@pytest.fixture
def folder(monkeypatch) -> Iterator[Path]:
    """A data folder that root's unprivileged database may walk into, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="mensa-demo-"))
    made.chmod(0o755)
    monkeypatch.setenv("VAR_DIR", str(made))
    yield made
    for pid in _processes_of(made):
        os.kill(pid, signal.SIGKILL)
    services.sweep_sockets()
    shutil.rmtree(made, ignore_errors=True)


def _processes_of(folder: Path) -> list[int]:
    """Every process that was started for this data folder, however far down."""
    mark = b"VAR_DIR=" + os.fsencode(folder)
    found = []
    for block in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in block.read_bytes().split(b"\0") and int(block.parent.name) != os.getpid():
                found.append(int(block.parent.name))
        except OSError:
            continue
    return found


class Demo:
    """A start of the demo, or of another command beside it, and what it has printed."""

    def __init__(self, folder: Path, port: int, command: str = "demo", **env: str) -> None:
        clean = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
        }
        clean = {
            name: value
            for name, value in clean.items()
            if not name.startswith(("PYTEST", "COV_", "MENSA", "DATABASE"))
        }
        self.printed = folder / f"printed-{time.monotonic_ns()}"
        with open(self.printed, "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", command, *(["--port", str(port)] if port else [])],
                cwd=ROOT,
                env={**clean, "VAR_DIR": str(folder), **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def says(self, words: str) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while words not in self.text() and time.monotonic() < deadline and self.process.poll() is None:
            time.sleep(0.1)
        return words in self.text()

    def text(self) -> str:
        return self.printed.read_text(encoding="utf-8")

    def ends(self) -> int:
        return self.process.wait(_PATIENCE)


def _gone(folder: Path) -> bool:
    deadline = time.monotonic() + 15
    while _processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not _processes_of(folder)


def test_one_portal_per_folder_and_nothing_survives_it(folder):
    first = Demo(folder, 8610)
    assert first.says("Il portale risponde"), first.text()

    second = Demo(folder, 8611)
    assert second.ends() == 1
    assert "già in funzione: http://localhost:8610" in second.text()

    command = Demo(folder, 0, "grant_roles")
    assert command.ends() == 0, command.text()
    assert "Diritti assegnati" in command.text()

    first.process.kill()
    first.ends()
    assert _gone(folder)

    again = Demo(folder, 8610)
    assert again.says("Il portale risponde"), again.text()
    assert "uso la" not in again.text()
    again.process.send_signal(signal.SIGINT)
    assert again.ends() == 0
    assert again.text().endswith("Tutto fermo.\n")
    assert _gone(folder)


def test_the_servers_in_the_environment_are_used_and_nothing_embedded_starts(folder, given_database):
    demo = Demo(
        folder,
        8620,
        DATABASE_URL=given_database,
        REDIS_URL=os.environ.get("REDIS_URL", "redis://127.0.0.1:1/0"),
    )
    assert demo.says("Preparo le tabelle"), demo.text()
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in _processes_of(folder)]
    demo.process.send_signal(signal.SIGINT)
    demo.ends()
    assert commands
    assert not [command for command in commands if b"postgres\0" in command or b"valkey-server" in command]
    assert not (folder / "postgres").exists()
    assert _gone(folder)


@pytest.fixture
def given_database(folder) -> Iterator[str]:
    """A database of the town's own server: here one more on the server of the tests."""
    name = f"given_{os.getpid()}"
    server = environ.Env.db_url_config(os.environ["DATABASE_URL"])
    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    address = {key: server[setting] for key, setting in keys.items() if server.get(setting)}
    with psycopg.connect(**address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
    with psycopg.connect(**address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
