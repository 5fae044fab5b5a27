"""The lock against the security floors. A check that cannot fail proves nothing: hence the canaries."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_NAME = r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:4])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(lock: str) -> dict[str, str]:
    found = re.finditer(rf"^{_NAME}==(?P<version>\S+)", lock, re.MULTILINE)
    return {_normal(match["name"]): match["version"] for match in found}


def _floors(text: str) -> dict[str, str]:
    found = re.finditer(rf"^{_NAME}>=(?P<version>\S+)$", text, re.MULTILINE)
    return {_normal(match["name"]): match["version"] for match in found}


def _below(lock: str, floors: str) -> list[str]:
    """Each floor that the lock does not respect, also because the package is not in it."""
    pins = _pins(lock)
    return [
        f"{name} {pins.get(name, 'assente')} < {floor}"
        for name, floor in _floors(floors).items()
        if name not in pins or _version(pins[name]) < _version(floor)
    ]


@pytest.fixture
def floors() -> str:
    return (ROOT / "floors.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["requirements.txt", "tests/requirements.txt"])
def test_the_lock_respects_every_security_floor(path, floors):
    assert _below((ROOT / path).read_text(encoding="utf-8"), floors) == []


def test_every_line_of_the_floors_is_understood(floors):
    lines = [line for line in floors.splitlines() if line.strip() and not line.startswith("#")]
    assert len(_floors(floors)) == len(lines) >= 5


@pytest.mark.parametrize(
    "lock",
    ["django==5.2.16 \\\n", "Django==4.2.99\n", "lxml==6.1.0\n", "django==5.2.9\n"],
    ids=["one below", "other capitals", "not there", "9 is less than 17"],
)
def test_an_old_or_missing_package_is_found(lock):
    assert _below(lock, "django>=5.2.17\n")


def test_the_tests_run_on_the_versions_that_go_live():
    runtime = _pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    tests = _pins((ROOT / "tests/requirements.txt").read_text(encoding="utf-8"))
    assert {name: tests.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("path", ["requirements.txt", "tests/requirements.txt", "mensa/local/uv.txt"])
def test_every_locked_version_has_its_hash(path):
    lock = (ROOT / path).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
