"""pagoPA's REST products as tests need them: a server by hand that misbehaves on demand. Loopback only."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Say = Callable[[socket.socket, threading.Event], None]


def answer(status: int, content: Any = None, **headers: str) -> Say:
    """A well-formed answer; `content` is sent as JSON unless it is bytes."""
    body = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]

    def say(peer: socket.socket, stop: threading.Event) -> None:
        peer.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)

    return say


def hang(peer: socket.socket, stop: threading.Event) -> None:
    """Takes the question and never says anything."""
    stop.wait(20)


def drip(peer: socket.socket, stop: threading.Event) -> None:
    """One byte at a time: never silent, never done."""
    for _ in range(200):
        if stop.wait(0.1):
            return
        peer.sendall(b"H")


def drip_body(peer: socket.socket, stop: threading.Event) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    drip(peer, stop)


def close_half_way(peer: socket.socket, stop: threading.Event) -> None:
    peer.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{"iupd":')


def garbage(peer: socket.socket, stop: threading.Event) -> None:
    peer.sendall(bytes(range(256)) * 8)


def flood(peer: socket.socket, stop: threading.Event) -> None:
    """More than anybody would read."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
    for _ in range(1600):
        peer.sendall(b" " * 65536)


def bad_compression(peer: socket.socket, stop: threading.Event) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope")


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Pagopa:
    """`script` is said in order, then `otherwise` for ever."""

    address: str
    asked: list[Asked] = field(default_factory=list)
    script: list[Say] = field(default_factory=list)
    otherwise: Say = field(default_factory=lambda: answer(500))

    def questions(self) -> list[str]:
        return [f"{one.method} {one.path.partition('?')[0].rpartition('/')[2]}" for one in self.asked]


@contextmanager
def listening() -> Iterator[Pagopa]:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        pagopa = Pagopa(f"http://127.0.0.1:{server.getsockname()[1]}")
        threads: list[threading.Thread] = []

        def accept() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    peer, _ = server.accept()
                    thread = threading.Thread(target=_serve, args=(pagopa, peer, stop), daemon=True)
                    thread.start()
                    threads.append(thread)

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield pagopa
        finally:
            stop.set()
            for thread in (acceptor, *threads):
                thread.join(timeout=5)


def _serve(pagopa: Pagopa, peer: socket.socket, stop: threading.Event) -> None:
    with peer, suppress(OSError):
        peer.settimeout(5)
        asked = _read(peer)
        if asked is None:
            return
        pagopa.asked.append(asked)
        say = pagopa.script.pop(0) if pagopa.script else pagopa.otherwise
        say(peer, stop)


def _read(peer: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += peer.recv(65536)
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, json.loads(body) if body else None)
