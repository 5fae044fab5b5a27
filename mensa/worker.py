"""`python -m mensa.worker`: Celery's worker with all its options, for this portal.

The same as `celery -A mensa.celery worker`, without the rest of Celery's command line: its interactive shell weighs ten megabytes
on every process of the night.
"""

import sys

from celery.bin.base import CLIContext
from celery.bin.worker import worker

from mensa.celery import app


def main() -> None:
    worker.main(sys.argv[1:], "mensa.worker", obj=CLIContext(app=app, no_color=True, workdir=None))


if __name__ == "__main__":
    main()
