"""The C libraries behind the PDFs (Pango and friends) and the fonts they use.

`ensure()` gets the libraries once, from Debian; `preload()` makes them findable in the process that calls it. Without
them everything works but the PDFs.
"""

import ctypes
import functools
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from mensa.local.places import ROOT, VENV, make_folder, var_dir
from mensa.local.processes import die_with_parent
from mensa.local.terminal import say

PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
REMEDY = "Per i PDF mancano le librerie di Pango: installale con «apt-get install {}» e riavvia.".format(
    " ".join(PACKAGES)
)
_NEEDED = (
    "libgobject-2.0.so.0",
    "libharfbuzz.so.0",
    "libfontconfig.so.1",
    "libpango-1.0.so.0",
    "libpangoft2-1.0.so.0",
    "libharfbuzz-subset.so.0",
)
_UNPACKED = VENV / "debian"
_APT_SECONDS = 180


def available() -> bool:
    """True when every library opens in this process."""
    return all(_opens(name) for name in _NEEDED)


def preload() -> bool:
    """Open the unpacked libraries, each after those it needs, so that WeasyPrint finds them by name; point it at our fonts."""
    _use_fonts(fonts_conf())
    if available():
        return True
    waiting = sorted(_UNPACKED.glob("usr/lib/*/*.so.*")) + sorted(_UNPACKED.glob("lib/*/*.so.*"))
    opened = -1
    while waiting and opened:
        closed = [path for path in waiting if not _opens(str(path))]
        opened = len(waiting) - len(closed)
        waiting = closed
    return available()


def ensure() -> bool:
    """Get the libraries if they are missing: as root by installing them, else unpacked beside the environment."""
    if preload():
        return True
    say("Scarico le librerie per i PDF (Pango)…")
    done = shutil.which("apt-get") is not None and (_install() if os.geteuid() == 0 else _unpack())
    if done and _available_afresh():
        return True
    say(REMEDY)
    return False


def _use_fonts(conf: Path) -> None:
    """Set for the C libraries of this process and its forks, not in os.environ: a browser started from here must not inherit it."""
    ctypes.CDLL(None).setenv(b"FONTCONFIG_FILE", os.fsencode(conf), 0)


def _opens(name: str) -> bool:
    try:
        ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True


def _available_afresh() -> bool:
    """Asked in a new process: this one may remember that they were not there."""
    script = "import sys; from mensa.local import pango; sys.exit(not pango.preload())"
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def _install() -> bool:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _apt(["update"], env)
    return _apt(["install", "-y", "--no-install-recommends", *PACKAGES], env, until_done=True)


def _unpack() -> bool:
    """Without root: apt with folders of its own downloads what is missing here, dpkg-deb unpacks it into .venv."""
    if not shutil.which("dpkg-deb"):
        return False
    with tempfile.TemporaryDirectory(prefix="mensa-apt-") as folder:
        for name in ("lists/partial", "cache/archives/partial"):
            (Path(folder) / name).mkdir(parents=True)
        own = [
            "-o",
            f"Dir::State::lists={folder}/lists",
            "-o",
            f"Dir::Cache={folder}/cache",
            "-o",
            "Debug::NoLocking=true",
        ]
        env = dict(os.environ)
        if not _apt([*own, "update"], env):
            return False
        if not _apt([*own, "install", "-y", "--download-only", "--no-install-recommends", *PACKAGES], env):
            return False
        packages = list((Path(folder) / "cache" / "archives").glob("*.deb"))
        return bool(packages) and all(_extract(package) for package in packages)


def _extract(package: Path) -> bool:
    return (
        subprocess.run(["dpkg-deb", "-x", str(package), str(make_folder(_UNPACKED))], check=False).returncode
        == 0
    )


def _apt(arguments: list[str], env: dict[str, str], *, until_done: bool = False) -> bool:
    """Quietly; a download goes when we go, an installation is never cut in half."""
    command = ["apt-get", "-qq", *arguments]
    go_with_us = None if until_done else functools.partial(die_with_parent, os.getpid(), signal.SIGTERM)
    try:
        done = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=None if until_done else _APT_SECONDS,
            check=False,
            preexec_fn=go_with_us,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def fonts_conf() -> Path:
    """A fontconfig file over the theme's TrueType fonts only: the same PDF on every machine, and never no font at all."""
    target = make_folder(var_dir() / "fonts") / "fonts.conf"
    folders = [folder for folder in (_theme_fonts(), ROOT / "static" / "fonts") if folder and folder.is_dir()]
    text = _FONTS_CONF.format(
        folders="\n".join(f"  <dir>{escape(str(folder))}</dir>" for folder in folders),
        cache=escape(str(target.parent / f"cache-{platform.machine()}")),
    )
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        partial = target.with_name(f"fonts.{os.getpid()}.partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    return target


def _theme_fonts() -> Path | None:
    found = importlib.util.find_spec("bootstrap_italia_template")
    if not found or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "static" / "fonts"


_FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
{folders}
  <cachedir>{cache}</cachedir>
  <selectfont><rejectfont><glob>*.woff*</glob><glob>*.eot</glob><glob>*.svg</glob></rejectfont></selectfont>
  <alias><family>sans-serif</family><prefer><family>Titillium Web</family></prefer></alias>
  <alias><family>serif</family><prefer><family>Titillium Web</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>Roboto Mono</family></prefer></alias>
</fontconfig>
"""

if __name__ == "__main__":
    sys.exit(not ensure())
