"""Listening sockets are opened by the supervisor and handed down: the port is ours before we print it, and stays across restarts."""

import errno
import socket

from mensa.local.places import Problem

_TRIES = 50


def listen(first: int, host: str = "127.0.0.1") -> socket.socket:
    """A listening socket on the first free port from this one on."""
    for port in range(first, min(first + _TRIES, 65536)):
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((host, port))
            server.listen(128)
        except OSError as error:
            server.close()
            if error.errno == errno.EACCES:
                raise Problem(
                    f"La porta {port} è riservata a root: scegline una da 1024 in su con --port."
                ) from error
            if error.errno != errno.EADDRINUSE:
                raise Problem(f"Non posso ascoltare sulla porta {port}: {error.strerror}.") from error
        else:
            return server
    raise Problem(
        f"Tutte le porte da {first} a {first + _TRIES - 1} sono occupate: scegline un'altra con --port."
    )


def number(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port
