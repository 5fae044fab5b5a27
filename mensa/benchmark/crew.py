"""The workers of a night, each a process of its own as under Celery, and the families who top up meanwhile."""

import datetime as dt
import multiprocessing as mp
import os
import random
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Any

_CONTEXT = mp.get_context("spawn")


class Worker:
    """Answers one request at a time over a pipe: ``ask`` then ``answer``."""

    def __init__(self, database: str) -> None:
        self._pipe, other = _CONTEXT.Pipe()
        self.halt = _CONTEXT.Event()
        self._process = _CONTEXT.Process(target=_serve, args=(other, database, self.halt), daemon=True)
        self._process.start()
        self.answer()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def ask(self, task: str, *arguments: Any) -> None:
        self._pipe.send((task, arguments))

    def answer(self) -> Any:
        result = self._pipe.recv()
        if isinstance(result, Exception):
            raise result
        return result

    def do(self, task: str, *arguments: Any) -> Any:
        self.ask(task, *arguments)
        return self.answer()

    def dismiss(self) -> None:
        self.ask("stop")
        self._process.join(timeout=10)


def _serve(pipe: Connection, database: str, halt: Event) -> None:
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    pipe.send(os.getpid())
    tasks: dict[str, Callable[..., Any]] = {
        "freeze": _freeze,
        "post": _post,
        "close": _close,
        "top_up": partial(_top_up, halt),
    }
    while (message := pipe.recv())[0] != "stop":
        try:
            pipe.send(tasks[message[0]](*message[1]))
        except Exception as error:
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _freeze(now: dt.datetime, day: dt.date) -> int:
    from attendance import night

    night.plan(now=now)
    return len(night.unposted(night.freeze(day=day, now=now).service_day))


def _post(now: dt.datetime, day: dt.date) -> int:
    """Whatever ranges are still to post, one by one, until none is left; returns how many were ours."""
    from attendance import night
    from attendance.models import ServiceDay

    row = ServiceDay.objects.get(day=day)
    return sum(night.post(chunk_id=chunk, now=now) for chunk in night.unposted(row))


def _close(now: dt.datetime, day: dt.date) -> bool:
    from attendance import night

    return night.close(day=day, now=now)


def _top_up(halt: Event, now: dt.datetime, families: int, gap: float) -> tuple[int, float, list[str]]:
    """Top-ups on random wallets until told to halt: how many, the slowest in seconds, the errors."""
    from wallets import ledger
    from wallets.models import Wallet

    rng, done, worst, errors = random.Random(1), 0, 0.0, []  # noqa: S311 - which wallet is no secret
    while not halt.wait(gap):
        wallet = Wallet.objects.get(pk=rng.randint(1, families))
        cause, began = f"receipt:banco:{uuid.uuid4()}", time.perf_counter()
        try:
            ledger.credit(wallet=wallet, amount=Decimal(10), cause=cause, value_day=now.date(), now=now)
        except Exception as error:
            errors.append(str(error)[:200])
        worst = max(worst, time.perf_counter() - began)
        done += 1
    halt.clear()
    return done, worst, errors
