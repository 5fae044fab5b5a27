"""Prism (npm, @stoplight/prism-cli) as a mock that validates what we send against the published API descriptions.

Only where the program and the descriptions are there: the tests say what is missing and are skipped.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.payments.conftest import ABSENT, REFERENCE

PROGRAM = shutil.which("prism")
STARTS_WITHIN = 60  # seconds: node is slow to start on a busy machine


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """`prism("gpd")` is the address of a mock of openapi/gpd.json: 401 without a key, 4xx for a bad body."""
    if PROGRAM is None:
        pytest.skip("prism not installed (npm install --global @stoplight/prism-cli)")
    if not (REFERENCE / "SOURCES.md").exists():
        pytest.skip(ABSENT)
    folder = tmp_path_factory.mktemp("prism")
    running: dict[str, tuple[subprocess.Popen[bytes], str]] = {}

    def start(name: str) -> str:
        if name not in running:
            running[name] = _start(PROGRAM or "", _described(name, folder), folder / f"{name}.log")
        return running[name][1]

    yield start
    for process, _ in running.values():
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)


def _described(name: str, folder: Path) -> Path:
    r"""The description as published, but for `\h`, which is no JSON Schema regular expression."""
    file = name if name.endswith(".yaml") else f"{name}.json"
    text = (REFERENCE / "openapi" / file).read_text("utf-8").replace(r"\\h", r" \\t")
    patched = folder / file
    patched.write_text(text, "utf-8")
    return patched


def _start(program: str, description: Path, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("wb") as said:
        process = subprocess.Popen(
            [program, "mock", "--host", "127.0.0.1", "--port", str(port), str(description)],
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with suppress(httpx.HTTPError):
            httpx.get(address, trust_env=False)
            return process, address
        time.sleep(0.2)
    process.kill()
    raise RuntimeError(f"prism did not start: {log.read_text('utf-8', 'replace')[-500:]}")
