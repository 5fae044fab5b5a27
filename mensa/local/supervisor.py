"""`manage.py demo`: everything up in the right order, watched, and down again in the reverse order."""

import argparse
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from mensa.local import instance, ports, processes
from mensa.local.places import ROOT, Problem, make_folder, run_dir, var_dir
from mensa.local.services import Services, database_home, sweep_sockets
from mensa.local.terminal import say

_GUNICORN = [sys.executable, "-m", "gunicorn", "--config", str(Path(__file__).with_name("gunicorn_conf.py"))]
_WORKER = [sys.executable, "-m", "mensa.worker"]
_BEAT = [sys.executable, "-m", "celery", "-A", "mensa.celery", "beat"]
_STOP_ORDER = ("beat", "worker", "web", "simulators", "builder", "pango")
_PANGO_SECONDS = 20
_MOST_RESTARTS = 5  # in a minute; after that something is wrong that starting again does not cure


class Stop(BaseException):
    """Ctrl-C, or a polite request to end."""


@dataclass
class Child:
    """A server of ours and how it was started, so that it can be started again."""

    command: list[str]
    env: dict[str, str]
    sockets: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: list[float] = field(default_factory=list)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the demo."""
    parser = argparse.ArgumentParser(
        prog="manage.py demo", description="Avvia il portale di prova su questa macchina."
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="porta del portale; se è occupata si prende la prossima (8000)"
    )
    parser.add_argument("--no-browser", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not 0 < options.port < 65536:
        parser.error("la porta va da 1 a 65535")
    return options


def already_running() -> int:
    """What a second start on the same folder says."""
    address = instance.published().get("BASE_URL")
    where = f": {address}" if address else ", ma non ha ancora finito di avviarsi"
    say(
        f"Il portale di questa cartella è già in funzione{where}.\nPer fermarlo premi Ctrl-C nella finestra dove è partito."
    )
    return 1


def run(options: argparse.Namespace) -> int:
    """Until Ctrl-C. The exit code is 0 when it stopped because it was asked to."""
    mine = instance.Instance.take()
    if mine is None:
        return already_running()
    demo = Demo(mine, options.port)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_stop)
    try:
        demo.start()
        demo.watch()
    except Stop:
        pass
    finally:
        demo.stop()
        mine.release()
    return 0


def building_file() -> Path:
    """There while the town is being built: the pages then say so."""
    return run_dir() / "building"


def _process_began() -> float:
    """On the clock of time.monotonic(): when the command was typed, the making of the environment included."""
    ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
    return time.monotonic() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def _raise_stop(number: int, frame: FrameType | None) -> NoReturn:
    raise Stop


class Demo:
    """The portal of this folder while it runs."""

    def __init__(self, mine: instance.Instance, port: int) -> None:
        self.instance = mine
        self.logs = make_folder(var_dir() / "log")
        self.services = Services(home=database_home(), logs=self.logs)
        self.children: dict[str, Child] = {}
        self.began = _process_began()
        self.heard = 0
        self.pango_is_late = False
        self.web = ports.listen(port)
        self.outside = ports.listen(8001 if port != 8001 else 8002)
        self.env = self._environment()
        if ports.number(self.web) != port:
            say(f"La porta {port} è occupata: uso la {ports.number(self.web)}.")

    @property
    def address(self) -> str:
        return f"http://localhost:{ports.number(self.web)}"

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **processes.without_proxy(),
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "mensa.settings",
            "MENSA_MODE": "demo",
            "BASE_URL": os.environ.get("BASE_URL") or self.address,
            "SIMULATORS_URL": f"http://127.0.0.1:{ports.number(self.outside)}",
            "VAR_DIR": str(var_dir()),
        }

    def start(self) -> None:
        """The address is printed as soon as somebody answers there; the town may still be under construction."""
        sweep_sockets()
        self._start_child("pango", [sys.executable, "-m", "mensa.local.pango"])
        say("Avvio il database…")
        self.services.start()
        self.env.update(self.services.env)
        say("Preparo le tabelle…")
        self._manage("prepare_demo", "-v", "0", as_owner=True)
        self._wait_for_pango()
        self._start_servers()
        self._start_builder()
        self._wait_for_web()
        shared = {name: self.env[name] for name in ("MENSA_MODE", "BASE_URL", "SIMULATORS_URL", "VAR_DIR")}
        self.instance.publish({**self.services.env, **shared})
        say(f"\nIl portale risponde dopo {self._seconds()}: {self.address}\n")

    def _start_servers(self) -> None:
        web, outside = self.web.fileno(), self.outside.fileno()
        self._start_child(
            "simulators",
            [*_GUNICORN, "--bind", f"fd://{outside}", "--threads", "8", "mensa.simulators:application"],
            outside,
        )
        self._start_child(
            "web", [*_GUNICORN, "--bind", f"fd://{web}", "--threads", "8", "mensa.wsgi:application"], web
        )

    def _start_workers(self) -> None:
        """Once the town stands: until then the builder has the processors to itself."""
        beat = ["--loglevel", "WARNING", "--pidfile=", "--schedule", str(var_dir() / "run" / "beat")]
        worker = ["--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        pool = [] if os.access("/dev/shm", os.W_OK) else ["--pool", "threads"]  # noqa: S108 - processes need semaphores
        self._start_child("worker", [*_WORKER, *worker, *pool])
        self._start_child("beat", [*_BEAT, *beat])

    def _start_builder(self) -> None:
        """What it says goes to the terminal, what goes wrong to its log."""
        (self.logs / "builder.out").write_text("", encoding="ascii")
        building_file().touch()
        self._start_child("builder", [sys.executable, str(ROOT / "manage.py"), "build_demo"])

    def _start_child(self, name: str, command: list[str], *sockets: int) -> None:
        self.children[name] = Child(command, self.env, sockets)
        processes.fresh_log(self.logs, name)
        self._launch(name)

    def _launch(self, name: str) -> None:
        child = self.children[name]
        now = time.monotonic()
        child.started = [*(moment for moment in child.started if moment > now - 60), now]
        child.process = processes.spawn(
            child.command,
            log=self.logs / f"{name}.log",
            output=self.logs / "builder.out" if name == "builder" else None,
            env=child.env,
            pass_fds=child.sockets,
            cwd=ROOT,
        )

    def _manage(self, *arguments: str, as_owner: bool = False) -> None:
        """A command of Django that must succeed before we go on."""
        env = dict(self.env)
        if as_owner and "DATABASE_OWNER_URL" in env:
            env["DATABASE_URL"] = env["DATABASE_OWNER_URL"]
        if "postgres" in self.services.running:  # ours: migrations cut short are simply run again
            env["PGOPTIONS"] = "-c synchronous_commit=off"
        log = processes.fresh_log(self.logs, arguments[0])
        process = processes.spawn(
            [sys.executable, ROOT / "manage.py", *arguments], log=log, env=env, cwd=ROOT
        )
        try:
            code = process.wait()
        except Stop:
            processes.stop(process)
            raise
        if code:
            raise Problem(
                f"«manage.py {arguments[0]}» non riesce; il motivo è in {log}:\n{processes.tail(log)}"
            )

    def _wait_for_pango(self) -> None:
        """It has had the time of the migrations; with a slow network the portal does not wait for its PDFs."""
        deadline = time.monotonic() + _PANGO_SECONDS
        while self._exited("pango") is None and time.monotonic() < deadline:
            time.sleep(0.1)
        self.pango_is_late = self._exited("pango") is None

    def _wait_for_web(self) -> None:
        """The first answer, over HTTP, from the port that is already ours."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                direct.open(f"http://127.0.0.1:{ports.number(self.web)}/salute/", timeout=60).close()
            except urllib.error.HTTPError as refusal:
                if refusal.code < 500:
                    return
            except OSError:
                pass
            else:
                return
            if self._exited("web"):
                break
            time.sleep(0.2)
        raise Problem(
            f"Il portale non risponde; il motivo è in {self.logs / 'web.log'}:\n{processes.tail(self.logs / 'web.log')}"
        )

    def _exited(self, name: str) -> int | None:
        process = self.children[name].process if name in self.children else None
        return process.poll() if process else None

    def watch(self) -> None:
        """Every half second: what has ended on its own is told, and the servers are started again."""
        while True:
            self._repeat_builder()
            for name in ("pango", "builder"):
                if (code := self._exited(name)) is not None:
                    self._finished(name, code)
            for name in ("web", "simulators", "worker", "beat"):
                if self._exited(name) is not None:
                    self._again(name)
            for name in self.services.fallen():
                raise Problem(
                    f"{name} si è fermato da solo; il motivo è in {self.logs / name}.log. Ripeti il comando."
                )
            time.sleep(0.5)

    def _repeat_builder(self) -> None:
        """Show what the builder has said since the last look."""
        if "builder" in self.children:
            with open(self.logs / "builder.out", encoding="utf-8", errors="replace") as file:
                file.seek(self.heard)
                if words := "\n".join(line for line in file.read().splitlines() if line.strip()):
                    say(words)
                self.heard = file.tell()

    def _finished(self, name: str, code: int) -> None:
        """The two children that are meant to end."""
        if name == "pango":
            if code:
                say(processes.tail(self.logs / "pango.log", 1))
            elif self.pango_is_late and (web := self.children["web"].process):
                processes.stop(web)  # started again at the next look, it finds the libraries
        else:
            building_file().unlink(missing_ok=True)
            self._repeat_builder()
            self._start_workers()
            if code:
                say(
                    f"La cittadina di prova non è completa; il motivo è in {self.logs / 'builder.log'}. Il portale resta in funzione."
                )
            else:
                say(f"\nTutto pronto dopo {self._seconds()}: {self.address} (Ctrl-C per fermare)")
        self.children.pop(name)

    def _seconds(self) -> str:
        return f"{time.monotonic() - self.began:.0f} secondi"

    def _again(self, name: str) -> None:
        child = self.children[name]
        if len([moment for moment in child.started if moment > time.monotonic() - 60]) > _MOST_RESTARTS:
            say(f"{name} continua a fermarsi: lo lascio fermo; il motivo è in {self.logs / name}.log.")
            self.children.pop(name)
            return
        say(f"{name} si è fermato: lo riavvio.")
        self._launch(name)

    def stop(self) -> None:
        """Beat, worker, web, simulators, then Valkey and PostgreSQL. A second Ctrl-C does not wait for tasks to finish."""
        say("\nMi fermo…")
        try:
            for name in _STOP_ORDER:
                if name in self.children and (process := self.children[name].process):
                    processes.stop(process, patience=20)
        except Stop:
            for child in self.children.values():
                if child.process:
                    processes.kill(child.process)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.services.stop()
        for server in (self.web, self.outside):
            server.close()
        say("Tutto fermo.")
