"""Who may sign in at the local identity provider: a JSON file that the demo builder writes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class DemoPerson:
    """An invented person. `note` says why somebody would choose them ("due figli, un avviso aperto")."""

    fiscal_code: str
    first_name: str
    last_name: str
    birth_date: str
    email: str = ""
    note: str = ""


def directory() -> Path:
    return Path(settings.VAR_DIR) / "simulators"


def write(people: list[DemoPerson] | list[dict[str, str]], folder: Path | None = None) -> Path:
    """Replace the list."""
    rows = [person if isinstance(person, dict) else asdict(person) for person in people]
    path = (folder or directory()) / "people.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def read(folder: Path) -> list[DemoPerson]:
    path = folder / "people.json"
    if not path.exists():
        return []
    return [DemoPerson(**row) for row in json.loads(path.read_text(encoding="utf-8"))]


def find(people: list[DemoPerson], words: str) -> list[DemoPerson]:
    """Whose names or fiscal code contain every word."""
    wanted = words.casefold().split()
    return [
        person
        for person in people
        if all(
            word in f"{person.first_name} {person.last_name} {person.fiscal_code}".casefold()
            for word in wanted
        )
    ]
