"""`manage.py test`: the whole suite on throw-away servers. The exit code is pytest's."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mensa.local import pango, processes
from mensa.local.places import ROOT
from mensa.local.services import Services


def run(arguments: list[str]) -> int:
    """Everything after `test` goes to pytest; without a -n of their own the tests run on two processes."""
    pango.ensure()
    with throwaway_servers() as env:
        return _pytest(arguments, env)


@contextlib.contextmanager
def throwaway_servers() -> Iterator[dict[str, str]]:
    """Servers in a folder that is removed at the end; the environment that names them."""
    folder = Path(tempfile.mkdtemp(prefix="mensa-test-"))
    folder.chmod(0o755)  # as root the database's user must walk through it
    try:
        with Services(home=folder / "postgres", logs=folder / "log", throwaway=True) as services:
            yield {
                **os.environ,
                **processes.without_proxy(),
                **services.env,
                "MENSA_MODE": "test",
                "VAR_DIR": str(folder / "var"),
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pytest(arguments: list[str], env: dict[str, str]) -> int:
    parallel = (
        [] if any(word.startswith("-n") or word in {"-p", "--pdb"} for word in arguments) else ["-n", "2"]
    )
    command = [sys.executable, "-m", "pytest", *parallel, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env={**env, "DJANGO_SETTINGS_MODULE": "mensa.settings"})
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # pytest hears Ctrl-C too and closes by itself
    terminated = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, interrupted)
        signal.signal(signal.SIGTERM, terminated)
