"""The two servers together: where their sockets go, what the portal is told, and that they are stopped in order."""

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from mensa.local import postgres, processes, valkey
from mensa.local.places import Problem, folder_key, make_folder, var_dir

_LONGEST_SOCKET = 106  # bytes, sun_path less its closing zero
_DATABASE = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_READER_URL")
_OUTSIDE = Path("/var/lib")
_SOCKET_NAME = "/.s.PGSQL.5432.lock"


class Services:
    """PostgreSQL and Valkey of this folder, each unless the environment names another one.

    The environment only: a demo or a test must not land in the database that .env names for the service.
    """

    def __init__(self, *, home: Path, logs: Path, throwaway: bool = False) -> None:
        self.home = home
        self.logs = logs
        self.throwaway = throwaway
        self.env: dict[str, str] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._sockets: Path | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start what is not given; self.env then holds the addresses of both."""
        make_folder(self.logs)
        self._use("REDIS_URL") if os.environ.get("REDIS_URL") else self.start_valkey()
        self._use(*_DATABASE) if os.environ.get("DATABASE_URL") else self.start_postgres()

    def start_valkey(self) -> None:
        self.running["valkey"] = valkey.start(self.sockets, processes.fresh_log(self.logs, "valkey"))
        self.env["REDIS_URL"] = valkey.url(self.sockets)

    def start_postgres(self) -> None:
        cluster = postgres.Cluster(self.home, self.sockets, throwaway=self.throwaway)
        self.running["postgres"] = postgres.start(cluster, processes.fresh_log(self.logs, "postgres"))
        self.env["DATABASE_OWNER_URL"] = cluster.url(postgres.OWNER)
        self.env["DATABASE_READER_URL"] = cluster.url(postgres.READER)
        # The tests create and drop whole databases.
        self.env["DATABASE_URL"] = cluster.url(postgres.ADMIN if self.throwaway else postgres.APP)

    def stop(self) -> None:
        """Valkey, then PostgreSQL."""
        if process := self.running.pop("valkey", None):
            valkey.stop(process)
        if process := self.running.pop("postgres", None):
            postgres.stop(process)
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def fallen(self) -> list[str]:
        """Servers that ended by themselves."""
        return [name for name, process in self.running.items() if process.poll() is not None]

    @property
    def sockets(self) -> Path:
        """The private folder of the sockets, made at the first need."""
        if self._sockets is None:
            self._sockets = _socket_folder("mensa-test-" if self.throwaway else f"mensa-{folder_key()}-")
        return self._sockets

    def _use(self, *names: str) -> None:
        self.env.update({name: os.environ[name] for name in names if os.environ.get(name)})


def database_home() -> Path:
    """Where the embedded database keeps its data: in var, or beside it in /var/lib for a root whose folder is closed to others.

    PostgreSQL does not run as root, and its user could not walk into /root. var names the folder outside, so that
    deleting var means starting afresh, as it does for everybody else.
    """
    inside, pointer = make_folder(var_dir()) / "postgres", var_dir() / "postgres-is-at"
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8").strip())
    if os.geteuid() != 0 or inside.exists() or _open_to_all(var_dir()):
        return inside
    _forget_deleted_var()
    outside = Path(tempfile.mkdtemp(prefix="mensa-", dir=_OUTSIDE))
    (outside / "belongs-to").write_text(str(var_dir().resolve()), encoding="utf-8")
    pointer.write_text(str(outside), encoding="utf-8")
    return outside


def _forget_deleted_var() -> None:
    """This var was deleted and made again: what it had outside goes too."""
    for mark in _OUTSIDE.glob("mensa-*/belongs-to"):
        if mark.read_text(encoding="utf-8") == str(var_dir().resolve()):
            shutil.rmtree(mark.parent, ignore_errors=True)


def sweep_sockets() -> None:
    """Remove the socket folders of starts that were killed; to be called by whoever holds the lock of this folder."""
    for base in _socket_bases():
        for left in Path(base).glob(f"mensa-{folder_key()}-*"):
            shutil.rmtree(left, ignore_errors=True)


def _open_to_all(folder: Path) -> bool:
    """True when any user may walk down to the folder."""
    return all(
        parent.stat().st_mode & stat.S_IXOTH for parent in [folder.resolve(), *folder.resolve().parents]
    )


def _socket_folder(prefix: str) -> Path:
    """A fresh folder 0700 with a short path: a socket's path has at most 107 bytes."""
    for base in _socket_bases():
        if len(os.fsencode(f"{base}/{prefix}xxxxxxxx{_SOCKET_NAME}")) > _LONGEST_SOCKET:
            continue
        try:
            return Path(tempfile.mkdtemp(prefix=prefix, dir=base))
        except OSError:
            continue
    raise Problem(
        "Non trovo una cartella temporanea con un percorso breve: imposta TMPDIR=/tmp e ripeti il comando."
    )


def _socket_bases() -> list[str]:
    """The user's own run-time folder, then the temporary one. As root the database's user must reach it too."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    found = [base for base in (own, tempfile.gettempdir(), "/tmp") if base and Path(base).is_dir()]  # noqa: S108
    return [base for base in found if os.geteuid() != 0 or _open_to_all(Path(base))]
