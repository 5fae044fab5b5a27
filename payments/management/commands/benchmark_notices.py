"""Measure the paper notice: python3 manage.py benchmark_notices [--notices 40]."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from decimal import Decimal
from statistics import median_low as median
from typing import Any

import pypdfium2
import zxingcpp
from django.core.management.base import BaseCommand, CommandError

from payments import notice_pdf
from payments.benchmark import papers, twins
from payments.models import Notice

FAMILY = 3  # notices in the file of a family, for the last measure
LEAST = 10
DPI = 150
MILLISECOND = 1_000_000  # nanoseconds
Maker = Callable[[list[Notice]], list[bytes]]


class Command(BaseCommand):
    help = "Tempo di un avviso di carta, a confronto con WeasyPrint sullo stesso contenuto, nella stessa esecuzione"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--notices", type=int, default=40, help="quanti avvisi (da 4 in su)")
        parser.add_argument("--least", type=int, default=LEAST, help="rapporto sotto il quale è un errore")

    def handle(self, *, notices: int, least: int, **options: Any) -> None:
        if notices < FAMILY + 1:
            raise CommandError(f"Servono almeno {FAMILY + 1} avvisi.")
        makers = _makers()
        for maker in makers.values():  # the first document of a process reads fonts and template
            self._check(maker([papers.notice(0)])[0], papers.notice(0))
        times = _interleaved(makers, notices)
        naive = median(times["WeasyPrint come da manuale"])
        for name, taken in times.items():
            ratio = Decimal(naive) / median(taken)
            self.stdout.write(
                f"{name:<34}{Decimal(median(taken)) / MILLISECOND:8.1f} ms di processore a documento {ratio:6.1f}x"
            )
        ratio = Decimal(naive) / median(times["un avviso per file"])
        if ratio < least:
            raise CommandError(f"Il rapporto è {ratio:.1f}x: meno di {least}x.")

    def _check(self, document: bytes, notice: Notice) -> None:
        """One page with both codes of this notice, whoever made it: otherwise the contents are not the same."""
        with pypdfium2.PdfDocument(document) as pages:
            if len(pages) != 1:
                raise CommandError(f"Il documento ha {len(pages)} pagine invece di una.")
            picture = pages[0].render(scale=DPI / 72).to_pil()
        found = {code.format.name: code.text for code in zxingcpp.read_barcodes(picture)}
        if set(found) != {"QRCode", "DataMatrix"} or any(notice.nav not in text for text in found.values()):
            raise CommandError("I codici del documento non si leggono.")


def _makers() -> dict[str, Maker]:
    town = papers.town()
    return {
        "WeasyPrint come da manuale": lambda rows: [twins.naive(town, row) for row in rows],
        "WeasyPrint con stile preparato": lambda rows: [twins.careful(town, row) for row in rows],
        "un avviso per file": lambda rows: [notice_pdf.render_for(town, [row]) for row in rows],
        f"{FAMILY} avvisi per file, ciascuno": lambda rows: [notice_pdf.render_for(town, rows)],
    }


def _interleaved(makers: dict[str, Maker], notices: int) -> dict[str, list[int]]:
    """A few notices with one, the same with the next: what slows the machine down slows all. Processor time, so that other programs
    do not count: nanoseconds per notice."""
    times: dict[str, list[int]] = {name: [] for name in makers}
    for first in range(1, notices, FAMILY):
        rows = [papers.notice(number) for number in range(first, min(first + FAMILY, notices + 1))]
        for name, maker in makers.items():
            began = time.process_time_ns()
            maker(rows)
            times[name].append((time.process_time_ns() - began) // len(rows))
    return times
