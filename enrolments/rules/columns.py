"""The columns of a list of applications, as the office writes them (docs/esempi/README.md)."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the text of a cell is read."""

    TEXT = "text"
    PHONE = "phone"
    EMAIL = "email"
    PERSON = "person"  # the fiscal code of a person
    DATE = "date"
    EURO = "euro"
    YES_NO = "yes_no"
    GRADE = "grade"
    EXEMPTION = "exemption"
    DIET = "diet"


@dataclass(frozen=True)
class Column:
    key: str
    title: str
    kind: Kind = Kind.TEXT
    required: bool = False
    longest: int = 60
    also: tuple[str, ...] = ()


COLUMNS = (
    Column("protocol", "Protocollo domanda", longest=40, also=("protocollo", "numero protocollo")),
    Column(
        "child_code",
        "Codice fiscale alunno",
        Kind.PERSON,
        required=True,
        longest=16,
        also=("cf alunno", "codice fiscale bambino", "cf bambino"),
    ),
    Column("child_last", "Cognome alunno", required=True, also=("cognome bambino",)),
    Column("child_first", "Nome alunno", required=True, also=("nome bambino",)),
    Column("born", "Data di nascita", Kind.DATE, required=True, longest=10, also=("nato il", "nascita")),
    Column("school", "Codice plesso", required=True, longest=10, also=("plesso", "codice scuola", "scuola")),
    Column("grade", "Anno di corso", Kind.GRADE, required=True, longest=4, also=("classe", "anno corso")),
    Column("section", "Sezione", required=True, longest=10),
    Column(
        "applicant_code",
        "Codice fiscale richiedente",
        Kind.PERSON,
        required=True,
        longest=16,
        also=("cf richiedente", "codice fiscale genitore", "cf genitore"),
    ),
    Column("applicant_last", "Cognome richiedente", required=True, also=("cognome genitore",)),
    Column("applicant_first", "Nome richiedente", required=True, also=("nome genitore",)),
    Column(
        "email", "E-mail richiedente", Kind.EMAIL, longest=254, also=("email", "e mail", "posta elettronica")
    ),
    Column("phone", "Telefono richiedente", Kind.PHONE, longest=30, also=("telefono", "cellulare")),
    Column("address", "Indirizzo richiedente", longest=160, also=("indirizzo", "via")),
    Column("city", "Comune richiedente", also=("comune", "comune di residenza")),
    Column(
        "other_code",
        "Codice fiscale altro genitore",
        Kind.PERSON,
        longest=16,
        also=("cf altro genitore", "codice fiscale secondo genitore", "cf secondo genitore"),
    ),
    Column("other_last", "Cognome altro genitore", also=("cognome secondo genitore",)),
    Column("other_first", "Nome altro genitore", also=("nome secondo genitore",)),
    Column(
        "other_email", "E-mail altro genitore", Kind.EMAIL, longest=254, also=("e-mail secondo genitore",)
    ),
    Column("isee", "Valore ISEE", Kind.EURO, longest=20, also=("isee",)),
    Column("isee_protocol", "Protocollo ISEE", longest=40, also=("protocollo dsu",)),
    Column("isee_date", "Data ISEE", Kind.DATE, longest=10, also=("data dsu", "isee presentato il")),
    Column("isee_omissions", "ISEE con omissioni", Kind.YES_NO, longest=4, also=("omissioni", "difformita")),
    Column("resident", "Residente", Kind.YES_NO, longest=4, also=("residente nel comune",)),
    Column("exemption", "Esenzione", Kind.EXEMPTION, longest=30, also=("esente",)),
    Column("exemption_act", "Atto esenzione", longest=160, also=("atto dell'esenzione",)),
    Column("diet", "Codice dieta", Kind.DIET, longest=12, also=("dieta",)),
    Column("first_day", "Primo giorno", Kind.DATE, longest=10, also=("dal", "inizio")),
)
#: Columns that the portal itself adds to the list of the rows left out.
OURS = ("Riga", "Errori")
HEADINGS = 5
BY_KEY = {column.key: column for column in COLUMNS}


def said(titles: Sequence[str]) -> str:
    """What stands in the place of the titles, for who has to find the difference: at most eight of them, cut short."""
    filled = [title.strip()[:40] for title in titles if title.strip()]
    more = f" e altre {len(filled) - 8}" if len(filled) > 8 else ""
    return f"Nella prima riga del file c'è: {', '.join(f'«{title}»' for title in filled[:8])}{more}."


class HeaderRefused(Exception):
    """The first row is not the titles of the columns; `str()` says what to mend."""


@dataclass(frozen=True)
class Header:
    """Where each column stands (key -> index), and the titles that mean nothing here."""

    places: dict[str, int]
    unknown: tuple[str, ...]


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """Which of the first rows holds the titles: a heading may stand above them."""
    known = _known()
    counts = [sum(_plain(title) in known for title in row) for row in rows[:HEADINGS]]
    return counts.index(max(counts)) if counts else 0


def read_header(titles: Sequence[str]) -> Header:
    """Titles are recognised without accents, capitals, hyphens or underscores, in any order."""
    known = _known()
    places: dict[str, int] = {}
    unknown = []
    for index, title in enumerate(titles):
        key = known.get(_plain(title))
        if key is None:
            unknown += [title] if title.strip() and title not in OURS else []
        elif key in places:
            raise HeaderRefused(f"La colonna «{BY_KEY[key].title}» c'è due volte: tienine una sola.")
        else:
            places[key] = index
    _refuse_missing(places, titles)
    return Header(places=places, unknown=tuple(unknown))


def _known() -> dict[str, str]:
    return {
        _plain(name): column.key for column in COLUMNS for name in (column.title, column.key, *column.also)
    }


def _refuse_missing(places: dict[str, int], titles: Sequence[str]) -> None:
    missing = [column.title for column in COLUMNS if column.required and column.key not in places]
    if not missing:
        return
    names = ", ".join(f"«{title}»" for title in missing)
    advice = "La prima riga deve avere un titolo per ogni colonna, come nel file di esempio."
    filled = [index for index, title in enumerate(titles) if title.strip()]
    if not filled or len(filled) < filled[-1] + 1:
        advice = "La prima riga ha celle vuote o unite: togli l'unione e scrivi un titolo sopra ogni colonna."
    raise HeaderRefused(f"Mancano le colonne {names}. {advice} {said(titles)}")


def _plain(title: str) -> str:
    decomposed = unicodedata.normalize("NFKD", title).casefold()
    letters = "".join(
        char if char.isalnum() else " " for char in decomposed if not unicodedata.combining(char)
    )
    return " ".join(letters.split())
