"""Children that never outlive their parent, and how to stop them."""

import contextlib
import ctypes
import functools
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, with_signal: int = signal.SIGKILL) -> None:
    """To be called in the child: the kernel sends the signal when the parent goes, even by kill -9."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    if os.getppid() != parent:  # it went before we asked
        os.kill(os.getpid(), signal.SIGKILL)


def give_back() -> None:
    """What the C library keeps for later goes back to the kernel, before children that would all carry it. Only glibc can."""
    if trim := getattr(_libc, "malloc_trim", None):
        trim(0)


@dataclass(frozen=True)
class Account:
    """The unprivileged user that PostgreSQL runs as when root starts us."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    output: Path | None = None,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    death_signal: int = signal.SIGKILL,
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server of ours in a session of its own: Ctrl-C reaches only the supervisor, which stops in order.

    Everything it says goes to the log, or only its errors where another file is given for its output.
    """
    with open(log, "ab") as errors, open(output or log, "ab") as said:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=errors,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            pass_fds=pass_fds,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            # After the change of user, which would clear it.
            preexec_fn=functools.partial(die_with_parent, os.getpid(), death_signal),
        )


def stop(process: subprocess.Popen[bytes], *, first: int = signal.SIGTERM, patience: float = 10) -> None:
    """Ask politely, wait, then end the whole session it leads."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(first)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            kill(process)
    process.wait()


def kill(process: subprocess.Popen[bytes]) -> None:
    """End it and everything it started, now."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def without_proxy() -> dict[str, str]:
    """What keeps a town's proxy out of the conversation between our own servers."""
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = ",".join([*filter(None, given.split(",")), "localhost", "127.0.0.1"])
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def fresh_log(folder: Path, name: str) -> Path:
    """An empty log; the one of the start before stays beside it as .1."""
    log = folder / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    log.touch()
    return log


def tail(log: Path, lines: int = 5) -> str:
    """The last words of a server that would not start."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
