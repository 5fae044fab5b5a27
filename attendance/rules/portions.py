"""What a sheet of the kitchen says, as plain data: portions by class, way of serving and diet; their differences; the text that is
hashed. No name, no reason, no money ever enters here (domain.md section 8)."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Serve(StrEnum):
    """How a portion leaves the kitchen, or for whom it is beyond the enrolled children."""

    TABLE = "table"
    PACKED = "packed"
    STAFF = "staff"
    SUPPORT = "support"
    UNENROLLED = "unenrolled"


#: Portions of enrolled children; the others are counted apart.
PUPILS = frozenset({Serve.TABLE, Serve.PACKED})
WORDS = {
    Serve.TABLE: "a tavola",
    Serve.PACKED: "al sacco",
    Serve.STAFF: "docenti in servizio",
    Serve.SUPPORT: "docenti di sostegno",
    Serve.UNENROLLED: "alunni non iscritti",
}


class Portion(NamedTuple):
    """What is counted: for whom (class id, 0 the whole school), how it is served, which diet code ("" none)."""

    class_id: int
    serve: Serve
    diet: str


Portions = Counter[Portion]


def difference(before: Mapping[Portion, int], after: Mapping[Portion, int]) -> dict[Portion, int]:
    """What to add to ``before`` to get ``after``; only what changes."""
    return {
        key: change
        for key in sorted({*before, *after})
        if (change := after.get(key, 0) - before.get(key, 0)) != 0
    }


def added(parts: Iterable[Mapping[Portion, int]]) -> Portions:
    """A sheet and its variations together; a portion that has gone to zero disappears."""
    total: Portions = Counter()
    for part in parts:
        total.update(part)
    return Counter({key: number for key, number in total.items() if number})


def without_diets(portions: Mapping[Portion, int]) -> Portions:
    """The same portions for who may not know which class eats which diet; a change of diet alone disappears."""
    return added({key._replace(diet=""): number} for key, number in portions.items())


def of_pupils(portions: Mapping[Portion, int]) -> int:
    return sum(number for key, number in portions.items() if key.serve in PUPILS)


def beyond(portions: Mapping[Portion, int]) -> int:
    return sum(number for key, number in portions.items() if key.serve not in PUPILS)


def written(portions: Mapping[Portion, int]) -> list[list[Any]]:
    """As they stand in a sheet, in one order whatever the order of counting."""
    return [[key.class_id, key.serve.value, key.diet, portions[key]] for key in sorted(portions)]


def read(rows: Iterable[Iterable[Any]]) -> Portions:
    return Counter({Portion(class_id, Serve(serve), diet): number for class_id, serve, diet, number in rows})


def canonical(content: Mapping[str, Any]) -> str:
    """One text for one content: sorted keys, no spaces, letters as they are."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint(previous: str, number: int, content: str) -> str:
    """SHA-256 of the fingerprint before, the number and the content: what the database writes when a sheet is added."""
    return hashlib.sha256(f"{previous}\n{number}\n{content}".encode()).hexdigest()
