"""Absences out of an electronic register: the file is read and checked first (nothing changes), then registered once, class by
class, through the same roll-call as the page. Only the secretary's own schools; pupils are found by code or by class and name.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from attendance import registers
from attendance.errors import BadList
from attendance.models import ClassRegister, RegisterImport
from attendance.registers import ClassToday
from attendance.rules import absence_rows
from attendance.rules.absence_rows import Asked, Problem
from attendance.rules.cutoff import ROME
from enrolments import sheets
from enrolments.errors import Refused
from enrolments.models import ClassGroup, Enrolment, School
from enrolments.rules.columns import said
from enrolments.rules.names import same_name
from identity.models import User


@dataclass(frozen=True)
class Row:
    """A class of the secretary's schools beside what the list says of it; ``absent`` None: the list does not name it."""

    today: ClassToday
    absent: int | None

    @property
    def replaces(self) -> bool:
        return self.absent is not None and self.today.register is not None


def check(*, data: bytes, name: str, schools: Iterable[School], by: User, now: dt.datetime) -> RegisterImport:
    """The dry run of a file for today. Errors and warnings go by row; the rows without errors are kept, as ids."""
    day = now.astimezone(ROME).date()
    titles, asked, problems = _read(data, name, day)
    absent: dict[int, list[int]] = defaultdict(list)
    book = _Book(schools, day)
    for row in asked:
        found = book.find(row)
        if isinstance(found, Problem):
            problems.append(found)
        elif found.pupil_id in absent[found.class_group_id]:
            problems.append(Problem(row.row, "Cognome", "L'alunno c'è già in un'altra riga.", error=False))
        else:
            absent[found.class_group_id].append(found.pupil_id)
    return RegisterImport.objects.create(
        day=day,
        file_name=name[-120:],
        titles=said(titles)[:600],
        absent=_with_stamps({pk: ids for pk, ids in absent.items() if ids}, day),
        problems=[asdict(one) for one in sorted(problems, key=lambda one: one.row)],
        uploaded_by=by,
        uploaded_at=now,
    )


def rows(*, batch: RegisterImport, schools: Iterable[School], now: dt.datetime) -> list[Row]:
    """Every class of these schools that has a roll-call on the day of the list."""
    return [
        Row(
            row,
            len(batch.absent[key]["pupils"]) if (key := str(row.class_group.pk)) in batch.absent else None,
        )
        for row in registers.today(schools=schools, day=batch.day, now=now)
        if row.service.open
    ]


def apply(
    *, batch: RegisterImport, schools: Iterable[School], whole: bool, by: User, now: dt.datetime
) -> RegisterImport:
    """Confirm the classes of the list; ``whole``: also the classes it does not name, with nobody absent. Once: a second time
    changes nothing. A class that cannot be confirmed says why and stops no other. A list without any absence confirms
    nothing: it is more often a wrong file than a school where everybody is present."""
    with transaction.atomic():
        locked = RegisterImport.objects.select_for_update().get(pk=batch.pk)
        if locked.state == RegisterImport.State.APPLIED:
            return locked
        if not locked.absent:
            raise BadList(
                "Nell'elenco non c'è nessuna riga da registrare: correggi il file e caricalo di nuovo."
            )
        locked.outcome = [
            _confirm(row.today.class_group, locked, by, now)
            for row in rows(batch=locked, schools=schools, now=now)
            if row.absent is not None or (whole and row.today.register is None)
        ]
        locked.state, locked.applied_at = RegisterImport.State.APPLIED, now
        locked.save(update_fields=["outcome", "state", "applied_at"])
    return locked


def _with_stamps(absent: dict[int, list[int]], day: dt.date) -> dict[str, dict[str, Any]]:
    """Who is absent in each class, and the version of its register that the dry run has shown: a roll-call that a colleague
    confirms in the meantime is not overwritten."""
    rows = ClassRegister.objects.filter(day=day, class_group_id__in=absent)
    taken = {row.class_group_id: registers.stamp(row) for row in rows}
    return {str(pk): {"pupils": sorted(ids), "seen": taken.get(pk, "")} for pk, ids in absent.items()}


def _confirm(
    group: ClassGroup, batch: RegisterImport, by: User, now: dt.datetime
) -> dict[str, str | int | bool]:
    asked = batch.absent.get(str(group.pk), {"pupils": [], "seen": ""})
    absent = asked["pupils"]
    said: dict[str, str | int | bool] = {"class": group.pk, "label": group.label, "absent": len(absent)}
    try:
        with transaction.atomic():
            registers.confirm(
                class_group=group,
                day=batch.day,
                absent_pupils=absent,
                by=by,
                now=now,
                seen=asked["seen"],
            )
    except Refused as refusal:
        return {**said, "done": False, "why": str(refusal)}
    return {**said, "done": True, "why": ""}


def _read(data: bytes, name: str, day: dt.date) -> tuple[list[str], list[Asked], list[Problem]]:
    (_, titles), *lines = sheets.read(data, name, what="l'elenco delle assenze di oggi")
    try:
        columns = absence_rows.header(titles)
    except absence_rows.HeaderRefused as error:
        raise BadList(str(error)) from error
    asked: list[Asked] = []
    problems: list[Problem] = []
    for number, cells in lines:
        found = absence_rows.read(number, cells, columns, day)
        if isinstance(found, Asked):
            asked.append(found)
        elif found is not None:
            problems.append(found)
    return titles, asked, problems


class _Book:
    """The pupils of the secretary's schools on the day: two queries, whatever the length of the list."""

    def __init__(self, schools: Iterable[School], day: dt.date) -> None:
        rows = Enrolment.objects.on(day).filter(class_group__school__in=list(schools))
        rows = rows.select_related("pupil", "class_group__school").order_by("pk")
        self.by_code = {row.pupil.code: row for row in rows}
        self.by_class: dict[str, list[Enrolment]] = defaultdict(list)
        for row in self.by_code.values():
            self.by_class[row.class_group.label.upper()].append(row)

    def find(self, asked: Asked) -> Enrolment | Problem:
        if asked.code:
            found = self.by_code.get(asked.code)
            if found is None:
                return Problem(asked.row, "Codice alunno", "Nessun alunno delle tue scuole ha questo codice.")
            return found
        return self._by_name(asked)

    def _by_name(self, asked: Asked) -> Enrolment | Problem:
        group = self.by_class.get(asked.label, [])
        if asked.school:
            group = [row for row in group if row.class_group.school.code.upper() == asked.school]
        if not group:
            return Problem(
                asked.row, "Classe", "Nelle tue scuole non c'è questa classe, o nessuno vi è iscritto."
            )
        found = [
            row
            for row in group
            if same_name(row.pupil.last_name, asked.last_name)
            and same_name(row.pupil.first_name, asked.first_name)
        ]
        if not found:
            return Problem(
                asked.row, "Cognome", "In questa classe non c'è un alunno iscritto con questo nome."
            )
        if len(found) > 1:
            text = "Più alunni hanno questo nome: usa la colonna «Codice alunno» o «Plesso»."
            return Problem(asked.row, "Cognome", text)
        return found[0]
