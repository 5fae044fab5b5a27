"""AgID's conformance checker (spid_sp_test) against the running portal: two workers on PostgreSQL, SPID and CIE. Fails below 100 %.

    .venv/bin/python .ci/spid_sp_test.py

Needs xmlsec1 and openssl. The checker lives in an environment of its own; everything else it starts is thrown away.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mensa.local.ports import listen, number  # noqa: E402
from mensa.local.services import Services  # noqa: E402

PROFILES = {"spid": "spid-sp-public", "cie": "cie-sp-public"}
RESULT = re.compile(r"executed (\d+) tests, (\d+) failed")
WORKERS = 2


def main() -> int:
    missing = [tool for tool in ("xmlsec1", "openssl") if not shutil.which(tool)]
    if missing:
        print(f"Mancano {', '.join(missing)}: apt install xmlsec1 openssl", file=sys.stderr)
        return 1
    scratch = Path(tempfile.mkdtemp(prefix="mensa-spid-"))
    scratch.chmod(0o755)
    try:
        checker = checker_in(scratch / "checker")
        with Services(home=scratch / "postgres", logs=scratch / "log", throwaway=True) as services:
            return check(scratch, checker, {**os.environ, **services.env})
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def checker_in(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    locked = ROOT / ".ci" / "spid_sp_test.txt"
    pip = [
        folder / "bin" / "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "-r",
        locked,
    ]
    subprocess.run(pip, check=True)
    return folder / "bin" / "spid_sp_test"


def check(scratch: Path, checker: Path, env: dict[str, str]) -> int:
    server = listen(8020)
    address = f"http://localhost:{number(server)}"
    server.close()
    env |= {
        "MENSA_MODE": "demo",
        "DJANGO_SETTINGS_MODULE": "mensa.settings",
        "BASE_URL": address,
        "VAR_DIR": str(scratch / "var"),
        "SPID_ENTITY_ID": "https://mensa.comune.example",
        "SPID_REQUESTS_PER_MINUTE": "100000",
        "CIE_ENABLED": "true",
        "CIE_ENTITY_ID": "https://mensa.comune.example/cie",
        "PYTHONPATH": str(ROOT),
    }
    (scratch / "var").mkdir()
    prepare(scratch, checker, env)
    portal = start(scratch, address, env)
    try:
        results = [passed(checker, address, scheme, profile, scratch) for scheme, profile in PROFILES.items()]
    finally:
        portal.terminate()
        portal.wait()
    return 0 if all(results) else 1


def prepare(scratch: Path, checker: Path, env: dict[str, str]) -> None:
    """Tables, our key, and the checker as the one identity provider."""
    known = subprocess.run([checker, "--idp-metadata"], check=True, capture_output=True, text=True).stdout
    metadata = scratch / "validator.xml"
    metadata.write_text(known[known.index("<") :], encoding="utf-8")
    for command in (
        ["migrate", "--verbosity=0"],
        ["spid_certificate"],
        ["spid_registry", "--file", str(metadata), "--tipo", "validator"],
    ):
        subprocess.run([sys.executable, "-m", "django", *command], check=True, env=env, cwd=ROOT)


def start(scratch: Path, address: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--no-control-socket"),
        *("--bind", address.removeprefix("http://"), "mensa.wsgi:application"),
    ]
    log = (scratch / "portal.log").open("wb")
    portal = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/accesso/spid/metadata/").close()  # noqa: S310
            return portal
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    portal.kill()
    print((scratch / "portal.log").read_text(encoding="utf-8", errors="replace")[-3000:], file=sys.stderr)
    raise SystemExit("Il portale non risponde.")


def passed(checker: Path, address: str, scheme: str, profile: str, scratch: Path) -> bool:
    """Metadata, request and every response of the profile."""
    command: list[str | Path] = [
        *(checker, "--metadata-url", f"{address}/accesso/{scheme}/metadata/"),
        *("--authn-url", f"{address}/accesso/{scheme}/entra/localhost-8443/"),
        *("--profile", profile, "--extra", "-tr", "-d", "ERROR"),
    ]
    run = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
    output = run.stdout + run.stderr
    result = RESULT.search(output)
    if result is None:
        print(output[-3000:], file=sys.stderr)
        return False
    total, failed = int(result.group(1)), int(result.group(2))
    print(f"{profile}: {total - failed}/{total}")
    if failed:
        print(output[-6000:], file=sys.stderr)
    return failed == 0


if __name__ == "__main__":
    sys.exit(main())
