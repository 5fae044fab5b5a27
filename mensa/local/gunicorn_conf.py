"""gunicorn's settings for the demo: few threads, no control socket, workers that go with their master."""

import os
import typing

from mensa.local.processes import die_with_parent

worker_class = "gthread"
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
accesslog = None
graceful_timeout = 5
timeout = 60


def post_fork(server: typing.Any, worker: typing.Any) -> None:
    """In the new worker: a master killed by -9 takes it along."""
    die_with_parent(worker.ppid)
