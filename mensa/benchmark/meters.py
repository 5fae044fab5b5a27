"""Wall, CPU, memory, WAL: read from /proc and from the server, not from the code that is measured."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import connection

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Reading:
    wall: float = 0.0
    cpu: float = 0.0  # of the database's processes, those that ended meanwhile included
    wal: int = 0
    python_kb: int = 0  # the largest Python process
    backend_kb: int = 0  # the largest private memory of a database process


class Meter:
    """``with Meter(pids) as meter: ...`` then ``meter.reading``. ``pids``: the Python processes that work."""

    def __init__(self, pids: list[int] | None = None) -> None:
        self.reading = Reading()
        self._pids = pids or []
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._postmaster = postmaster()

    def __enter__(self) -> Self:
        self._wal, self._cpu, self._began = (
            wal_position(),
            _cpu_of_tree(self._postmaster),
            time.perf_counter(),
        )
        self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reading.wall = time.perf_counter() - self._began
        self._stop.set()
        self._sampler.join()
        self.reading.cpu = _cpu_of_tree(self._postmaster) - self._cpu
        self.reading.wal = wal_position() - self._wal

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            for pid in self._pids:
                self.reading.python_kb = max(self.reading.python_kb, _status(pid, "VmHWM"))
            for pid in _children(self._postmaster):
                self.reading.backend_kb = max(self.reading.backend_kb, _status(pid, "RssAnon"))


def postmaster() -> int:
    """The process all backends are children of; the benchmark runs beside its server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(_stat(cursor.fetchone()[0])[1])


def wal_position() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


def _cpu_of_tree(parent: int) -> float:
    """Seconds of the parent and of its children: the living to the nanosecond, the reaped by the kernel's ticks."""
    reaped = sum(int(value) for value in _stat(parent)[13:15]) / _TICK
    return reaped + sum(_cpu_of(pid) for pid in [parent, *_children(parent)])


def _cpu_of(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:
        return 0.0


def _children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [int(pid) for pid in found.split()]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the command's name: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()


def _status(pid: int, name: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
