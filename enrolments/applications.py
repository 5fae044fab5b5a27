"""The list of applications of a school year: checked first (nothing changes), then applied (safe to repeat)."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import IO, Any

from django.db import transaction

from enrolments import application_checks, applying, sheets
from enrolments.errors import Refused
from enrolments.models import ApplicationBatch, Household, SchoolYear
from enrolments.rules import application_rows, columns
from enrolments.rules.application_rows import Line, Problem
from identity.models import User


class ApplicationsRefused(Refused):
    """A list that cannot be checked or applied; nothing is stored."""


@transaction.atomic
def check(
    *, file: IO[bytes] | bytes, name: str, year: SchoolYear, by: User, now: dt.datetime
) -> ApplicationBatch:
    """The dry run: errors by row and column, warnings, differences. Stores the batch and nothing else."""
    if year.state == SchoolYear.State.CLOSED:
        raise ApplicationsRefused(f"L'anno scolastico {year} è chiuso: scegli l'anno delle domande.")
    data = file if isinstance(file, bytes) else file.read(sheets.MAX_BYTES + 1)
    rows, header = _header(sheets.read(data, name, what="l'elenco delle domande"))
    lines, problems = _read(rows, header, year)
    lines, compared = application_rows.compare(lines)
    verdict = application_checks.judge(lines, year, now)
    problems = sorted([*problems, *compared, *verdict.problems])
    digest = hashlib.sha256(data).hexdigest()
    return ApplicationBatch.objects.create(
        year=year,
        file_name=name[-120:],
        file_digest=digest,
        rows=[{"row": line.row, "values": line.values} for line in verdict.taken],
        report=_report(rows, header, problems, verdict, _applied_before(year, digest)),
        uploaded_by=by,
        uploaded_at=now,
    )


@transaction.atomic
def apply(*, batch: ApplicationBatch, by: User, now: dt.datetime) -> list[Household]:
    """Take the good rows of a checked list, all in one transaction; the rows with errors stay in the list of the excluded.

    Returns the households of the list. A batch already applied changes nothing, and neither does the same file again.
    """
    locked = ApplicationBatch.objects.select_for_update().select_related("year").get(pk=batch.pk)
    if locked.state == ApplicationBatch.State.DISCARDED:
        raise ApplicationsRefused("Questo elenco è stato scartato: caricalo di nuovo.")
    SchoolYear.objects.select_for_update().get(pk=locked.year_id)  # one list of a year at a time
    lines = [Line(row=one["row"], values=one["values"]) for one in locked.rows]
    if locked.state == ApplicationBatch.State.APPLIED:
        return applying.households_of(lines)
    verdict = application_checks.judge(lines, locked.year, now)
    if late := [one for one in verdict.problems if one.is_error]:
        raise ApplicationsRefused(
            f"Dopo il controllo qualcosa è cambiato (riga {late[0].row}: {late[0].sentence}) "
            "Niente è stato scritto: controlla di nuovo il file."
        )
    households = applying.take(lines=verdict.taken, batch=locked, new_rows=set(verdict.new), now=now, by=by)
    locked.state, locked.applied_at = ApplicationBatch.State.APPLIED, now
    locked.save(update_fields=["state", "applied_at"])
    batch.refresh_from_db()
    return households


@transaction.atomic
def discard(*, batch: ApplicationBatch, by: User, now: dt.datetime) -> None:
    """The office does not want this list; an applied one stays applied."""
    locked = ApplicationBatch.objects.select_for_update().get(pk=batch.pk)
    if locked.state == ApplicationBatch.State.APPLIED:
        raise ApplicationsRefused("Questo elenco è già stato applicato: non si può scartare.")
    locked.state = ApplicationBatch.State.DISCARDED
    locked.save(update_fields=["state"])


def excluded_csv(batch: ApplicationBatch) -> bytes:
    """The rows left out, as they were written, with what to mend: the office corrects this file and loads it."""
    titles = [*columns.OURS, *(column.title for column in columns.COLUMNS)]
    rows = [
        [str(one["row"]), one["errors"], *(one["cells"].get(column.key, "") for column in columns.COLUMNS)]
        for one in batch.report["excluded"]
    ]
    return sheets.as_csv(titles, rows)


def _header(rows: Sequence[sheets.Row]) -> tuple[Sequence[sheets.Row], columns.Header]:
    """The rows below the titles, and the titles."""
    place = columns.header_row([cells for _, cells in rows])
    try:
        header = columns.read_header(rows[place][1])
    except columns.HeaderRefused as refused:
        raise ApplicationsRefused(str(refused)) from refused
    if len(rows) == place + 1:
        raise ApplicationsRefused("Il file ha solo la riga dei titoli: aggiungi le domande, una per riga.")
    return rows[place + 1 :], header


def _read(
    rows: Iterable[sheets.Row], header: columns.Header, year: SchoolYear
) -> tuple[list[Line], list[Problem]]:
    lines, problems = [], []
    for number, cells in rows:
        line, found = application_rows.read_row(number, _raw(cells, header), year.valid_from.year)
        problems += found
        if line is not None:
            lines.append(line)
    return lines, problems


def _raw(cells: Sequence[str], header: columns.Header) -> dict[str, str]:
    return {key: cells[index] if index < len(cells) else "" for key, index in header.places.items()}


def _report(
    rows: Sequence[sheets.Row],
    header: columns.Header,
    problems: Sequence[Problem],
    verdict: application_checks.Verdict,
    applied_before: str,
) -> dict[str, Any]:
    """What the page shows; counts are of rows."""
    errors = [one for one in problems if one.is_error]
    changed_rows = set(verdict.new) | set(verdict.changed)
    return {
        "rows": len(rows),
        "taken": len(verdict.taken),
        "new": len(verdict.new),
        "changed": len(verdict.changed),
        "unchanged": len(verdict.taken) - len(changed_rows),
        "errors": [one.as_json() for one in errors],
        "warnings": [one.as_json() for one in problems if not one.is_error],
        "differences": verdict.differences,
        "ignored_columns": list(header.unknown),
        "applied_before": applied_before,
        "excluded": _excluded(rows, header, errors),
    }


def _excluded(
    rows: Sequence[sheets.Row], header: columns.Header, errors: Iterable[Problem]
) -> list[dict[str, Any]]:
    why: dict[int, list[str]] = {}
    for one in errors:
        why.setdefault(one.row, []).append(f"{one.column}: {one.sentence}")
    return [
        {"row": number, "errors": " ".join(why[number]), "cells": _raw(cells, header)}
        for number, cells in rows
        if number in why
    ]


def _applied_before(year: SchoolYear, digest: str) -> str:
    """When this very file was applied, as a day, or nothing."""
    before = ApplicationBatch.objects.filter(
        year=year, file_digest=digest, state=ApplicationBatch.State.APPLIED
    ).order_by("applied_at")
    moment = before.values_list("applied_at", flat=True).first()
    return moment.date().isoformat() if moment else ""
