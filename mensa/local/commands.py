"""What manage.py does with each command before Django hears of it."""

import os
import signal
import subprocess
import sys

from mensa.local import bootstrap, instance
from mensa.local.places import Problem, configured, var_dir
from mensa.local.services import Services, database_home, sweep_sockets

# Commands of Django that never open the database.
_WITHOUT_DATABASE = {
    "help",
    "version",
    "--help",
    "--version",
    "-h",
    "check",
    "collectstatic",
    "findstatic",
    "diffsettings",
    "startapp",
}
# Commands that change the shape of the database or its rights: they run as its owner.
_AS_OWNER = {"migrate", "setup_database", "grant_roles", "flush", "sqlflush"}

# Commands that fill a database of their own and drop it: never the one of this folder.
_ON_THROWAWAY = {"benchmark_night", "benchmark_peak"}


def run(argv: list[str]) -> int | None:
    """The exit code of the command; None when it is Django's, with everything ready for it."""
    command = argv[1] if len(argv) > 1 else "help"
    try:
        if command == "demo":
            return _demo(argv)
        if command == "test":
            return _test(argv)
        return _django(command, argv)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrotto.", file=sys.stderr)
        return 130


def _demo(argv: list[str]) -> int:
    from mensa.local import supervisor

    options = supervisor.parse(argv[2:])
    if instance.is_running():
        return supervisor.already_running()
    bootstrap.ensure(extras=False)
    bootstrap.enter(argv)
    return supervisor.run(options)


def _test(argv: list[str]) -> int:
    from mensa.local import testing

    bootstrap.ensure(extras=True)
    bootstrap.enter(argv)
    return testing.run(argv[2:])


def _django(command: str, argv: list[str]) -> int | None:
    if not bootstrap.inside_venv() and not bootstrap.inside_prepared_environment():
        bootstrap.ensure(extras=False)
        bootstrap.enter(argv)
    if not configured("DATABASE_URL"):
        os.environ.setdefault("MENSA_MODE", configured("MENSA_MODE") or "demo")
        if _needs_database(command, argv):
            if command in _ON_THROWAWAY:
                return _with_throwaway_servers(argv)
            if not instance.is_running():
                return _with_own_servers(argv)
            _join_running()
    if command in _AS_OWNER and configured("DATABASE_OWNER_URL"):
        os.environ["DATABASE_URL"] = configured("DATABASE_OWNER_URL")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")
    return None


def _needs_database(command: str, argv: list[str]) -> bool:
    if {"--help", "-h"} & set(argv):
        return False
    return command not in _WITHOUT_DATABASE or "--database" in argv


def _join_running() -> None:
    addresses = instance.published()
    if not addresses:
        raise Problem(
            "Il portale di questa cartella si sta avviando: riprova quando ha stampato il suo indirizzo."
        )
    os.environ.update(addresses)


def _with_own_servers(argv: list[str]) -> int:
    """Nothing is running here: bring the servers up for this one command."""
    mine = instance.Instance.take()
    if mine is None:
        raise Problem("Un altro comando usa il database di questa cartella: riprova fra poco.")
    try:
        sweep_sockets()
        with Services(home=database_home(), logs=var_dir() / "log") as services:
            env = {**os.environ, **services.env}
            return _wait_for([sys.executable, *argv], env)
    finally:
        mine.release()


def _with_throwaway_servers(argv: list[str]) -> int:
    from mensa.local import testing

    with testing.throwaway_servers() as env:
        return _wait_for([sys.executable, *argv], env)


def _wait_for(command: list[str], env: dict[str, str]) -> int:
    """Ctrl-C belongs to the command; we wait for it and then stop the servers."""
    process = subprocess.Popen(command, env=env)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
