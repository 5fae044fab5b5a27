"""One portal per folder: the lock says whether it runs, and a file tells other commands where its servers answer."""

import fcntl
import json
import os
from pathlib import Path
from typing import Self

from mensa.local.places import make_folder, run_dir


class Instance:
    """The lock of this folder. The kernel lets it go with the process, however that ends: no number on file is trusted."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls) -> Self | None:
        """The lock, or None when a running portal has it."""
        make_folder(run_dir(), mode=0o700)
        descriptor = os.open(run_dir() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        addresses_file().unlink(missing_ok=True)
        return cls(descriptor)

    def publish(self, addresses: dict[str, str]) -> None:
        """Tell the other commands of this folder; the file holds passwords, so it is closed to other users."""
        partial = addresses_file().with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(addresses, file)
        partial.replace(addresses_file())

    def release(self) -> None:
        addresses_file().unlink(missing_ok=True)
        os.close(self._descriptor)


def addresses_file() -> Path:
    return run_dir() / "env.json"


def published() -> dict[str, str]:
    """What the running portal of this folder published; empty when none has got that far."""
    try:
        found: dict[str, str] = json.loads(addresses_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def is_running() -> bool:
    """True when somebody holds the lock."""
    mine = Instance.take() if (run_dir() / "lock").exists() else None
    if mine:
        mine.release()
        return False
    return (run_dir() / "lock").exists()
