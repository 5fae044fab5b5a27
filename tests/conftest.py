"""The cast as fixtures, and the guards that hold for every test: no network, no undefined variable in a page."""

import io
import ipaddress
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.template import Template, engines
from django.test import Client

from identity.models import User
from tests import cast

hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

#: An address where nothing answers.
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def town(db: None) -> cast.Town:
    return cast.build_town()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the log's own handler writes meanwhile, as an administrator reads it."""
    (console,) = [one for one in logging.getLogger().handlers if one.name == "console"]
    stream = io.StringIO()
    monkeypatch.setattr(console, "stream", stream)
    return stream


@pytest.fixture
def anna(town: cast.Town) -> User:
    return town.anna


@pytest.fixture
def bruno(town: cast.Town) -> User:
    return town.bruno


@pytest.fixture
def carla(town: cast.Town) -> User:
    return town.carla


@pytest.fixture
def dora(town: cast.Town) -> User:
    return town.dora


@pytest.fixture
def enzo(town: cast.Town) -> User:
    return town.enzo


@pytest.fixture
def franca(town: cast.Town) -> User:
    return town.franca


@pytest.fixture
def gino(town: cast.Town) -> User:
    return town.gino


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    return cast.client_of


@pytest.fixture(autouse=True, scope="session")
def _own_files() -> Iterator[None]:
    """What a test writes under VAR_DIR (clock, media, keys) is its own and disappears; a demo that runs on this machine is
    nobody's partner: a notice published by a test would stay in its node."""
    with tempfile.TemporaryDirectory(prefix="mensa-test-") as folder:
        settings.VAR_DIR = Path(folder)
        settings.MEDIA_ROOT = str(Path(folder) / "media")
        settings.SIMULATORS_URL = NOBODY
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Unix sockets and loopback only: the database and the servers that a test starts itself."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_loopback(address[0]):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


class UndefinedVariable(str):
    """In the place of ``string_if_invalid``: a page of ours that prints a variable it was not given fails the test."""

    def __contains__(self, key: object) -> bool:
        return key == "%s"

    def __mod__(self, name: object) -> str:
        template = _template_being_rendered(sys._getframe(1))
        if template.startswith(str(settings.BASE_DIR / "templates")):
            pytest.fail(f"{os.path.relpath(template, settings.BASE_DIR)}: undefined variable {name}")
        return ""


def _template_being_rendered(frame: FrameType | None) -> str:
    while frame is not None:
        if isinstance(template := frame.f_locals.get("self"), Template):
            return str(template.origin.name)
        frame = frame.f_back
    return ""


@pytest.fixture(autouse=True, scope="session")
def _no_undefined_variables() -> None:
    engines["django"].engine.string_if_invalid = UndefinedVariable()  # type: ignore[attr-defined]


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_guards() -> Iterator[None]:
    """The append-only tables refuse TRUNCATE, also to the flush at the end of a transactional test: there, and only there,
    triggers are off (the test's user owns the database server)."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    flush = DatabaseOperations.execute_sql_flush

    def past_the_guards(self: Any, statements: list[str]) -> None:
        off = "SET session_replication_role = replica"
        flush(self, [off, *statements, "SET session_replication_role = origin"] if statements else statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", past_the_guards)
        yield
