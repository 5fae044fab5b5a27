"""The environment: .venv from the hashed lock, made when missing, made again when the lock or the Python changed.

uv installs it in seconds; where uv cannot be had, pip does the same more slowly. Hashes are required either way.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mensa.local.places import ROOT, VENV, VENV_PYTHON, Problem, make_folder, var_dir
from mensa.local.terminal import say

RUNTIME_LOCK = ROOT / "requirements.txt"
TESTS_LOCK = ROOT / "tests" / "requirements.txt"
UV_LOCK = Path(__file__).with_name("uv.txt")
STAMP = VENV / "mensa.json"


def inside_venv() -> bool:
    """True when this very process runs on the project's own .venv."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def inside_prepared_environment() -> bool:
    """True in any virtual environment that already has Django: the container image, a developer's own."""
    return sys.prefix != sys.base_prefix and importlib.util.find_spec("django") is not None


def ensure(*, extras: bool) -> bool:
    """Make .venv match the lock; extras are what the tests need on top. True when something had to be installed."""
    with _one_at_a_time():
        stamp = _read_stamp()
        if _matches(stamp, extras=extras):
            return False
        make_folder(ROOT)
        with_tests = extras or bool(stamp.get("tests"))
        if stamp.get("python") != platform.python_version() or not VENV_PYTHON.exists():
            shutil.rmtree(VENV, ignore_errors=True)
        say("Preparo l'ambiente Python in .venv (serve la rete, solo quando cambia)…")
        _install(TESTS_LOCK if with_tests else RUNTIME_LOCK)
        _write_stamp(with_tests=with_tests)
    return True


def enter(argv: list[str]) -> None:
    """Go on inside .venv: the process is replaced, its number and its terminal stay."""
    if not inside_venv():
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *argv])  # noqa: S606


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands at once on a fresh folder: the second waits for the first to finish installing."""
    make_folder(var_dir())
    with open(var_dir() / "venv.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _read_stamp() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return stamp


def _matches(stamp: dict[str, str], *, extras: bool) -> bool:
    return (
        VENV_PYTHON.exists()
        and stamp.get("python") == platform.python_version()
        and stamp.get("runtime") == _digest(RUNTIME_LOCK)
        and (not extras or stamp.get("tests") == _digest(TESTS_LOCK))
    )


def _write_stamp(*, with_tests: bool) -> None:
    """Last of all: an installation cut short leaves no stamp and is done again."""
    stamp = {"python": platform.python_version(), "runtime": _digest(RUNTIME_LOCK)}
    if with_tests:
        stamp["tests"] = _digest(TESTS_LOCK)
    STAMP.write_text(json.dumps(stamp), encoding="ascii")


def _install(lock: Path) -> None:
    STAMP.unlink(missing_ok=True)
    uv = _uv()
    if uv and _install_with_uv(uv, lock):
        return
    say("  uv non è utilizzabile qui: proseguo con pip, più lento.")
    shutil.rmtree(VENV, ignore_errors=True)
    if not _install_with_pip(lock):
        raise Problem(
            "Non riesco a scaricare le librerie Python: controlla la connessione (o il proxy e i certificati di pip) e ripeti il comando."
        )


def _base_python() -> str:
    """The interpreter under any virtual environment we were started from."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _new_environment(folder: Path) -> None:
    """A virtual environment with pip. Debian splits ensurepip into python3-venv: say so when it is not there."""
    if importlib.util.find_spec("ensurepip") is None:
        raise Problem(
            "Manca il pacchetto python3-venv: installalo con «apt-get install python3-venv» e ripeti il comando."
        )
    done = subprocess.run(
        [_base_python(), "-m", "venv", "--clear", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Problem(
            f"Non riesco a creare l'ambiente Python in {folder}: {_last_line(done.stdout + done.stderr)}"
        )


def _uv() -> Path | None:
    """The pinned uv in an environment of its own, installed by pip with hashes; None when it cannot be had."""
    folder = var_dir() / "tools" / f"uv-{_digest(UV_LOCK)[:8]}"
    binary = folder / "bin" / "uv"
    if not binary.exists():
        make_folder(folder.parent)
        _new_environment(folder)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        done = _quiet(
            [*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(UV_LOCK)], os.environ | {}
        )
        if done.returncode:
            return None
    return binary


def _install_with_uv(uv: Path, lock: Path) -> bool:
    env = _uv_environment()
    common = [str(uv), "--system-certs", "--no-progress"]
    if (
        not VENV_PYTHON.exists()
        and _quiet([*common, "venv", "--clear", "--python", _base_python(), str(VENV)], env).returncode
    ):
        return False
    sync = [
        *common,
        "pip",
        "sync",
        "--python",
        str(VENV_PYTHON),
        "--require-hashes",
        "--only-binary",
        ":all:",
        str(lock),
    ]
    return _quiet(sync, env).returncode == 0


def _uv_environment() -> dict[str, str]:
    """uv must use this Python and no other; pip's index and certificates are its own unless it has been told better."""
    env = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    env.pop("VIRTUAL_ENV", None)
    if "PIP_INDEX_URL" in env:
        env.setdefault("UV_DEFAULT_INDEX", env["PIP_INDEX_URL"])
    if "UV_CACHE_DIR" not in env and not os.access(Path.home(), os.W_OK):
        env["UV_CACHE_DIR"] = str(var_dir() / "cache" / "uv")
    return env


def _install_with_pip(lock: Path) -> bool:
    _new_environment(VENV)
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return (
        _quiet(
            [*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(lock)], dict(os.environ)
        ).returncode
        == 0
    )


def _quiet(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run it; when it fails, its last words are shown, because they name the package or the host."""
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        say(f"  {_last_line(done.stdout + done.stderr)}")
    return done


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nessun messaggio"
