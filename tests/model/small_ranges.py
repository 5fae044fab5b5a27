"""A Celery worker of the portal whose nights are made of many ranges: only the size of a range differs from the real one.

`python -m tests.model.small_ranges worker ...` takes what `celery -A mensa.celery` takes.
"""

import sys

from mensa.celery import app

WALLETS = 5


def main() -> None:
    import django

    django.setup()
    from attendance import freezing

    freezing.CHUNK = WALLETS
    app.start(sys.argv[1:])


if __name__ == "__main__":
    main()
