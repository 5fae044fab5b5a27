"""A Celery worker of the portal whose nights are made of many ranges: only the size of a range differs from the real one.

`python -m tests.model.small_ranges` takes what `python -m mensa.worker` takes.
"""

from mensa import worker

WALLETS = 5


def main() -> None:
    import django

    django.setup()
    from attendance import freezing

    freezing.CHUNK = WALLETS
    worker.main()


if __name__ == "__main__":
    main()
