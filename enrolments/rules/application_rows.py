"""A list of applications judged by itself, before anybody looks at what is stored: rows, and rows against each other."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from enrolments.rules import cells, names
from enrolments.rules.columns import BY_KEY, COLUMNS

Values = dict[str, str]
YOUNGEST, OLDEST = 2, 15
GUARDIANS = ("applicant", "other")


@dataclass(frozen=True, order=True)
class Problem:
    """What the office reads: row of the file (1 is the header), column, what is written there, what to do."""

    row: int
    column: str
    value: str
    problem: str
    sentence: str
    is_error: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Line:
    """A row whose cells have all been read."""

    row: int
    values: Values


def problem(row: int, key: str, value: str, code: str, sentence: str, *, error: bool) -> Problem:
    return Problem(row, BY_KEY[key].title, value[:60], code, sentence, error)


def read_row(row: int, raw: Mapping[str, str], year_first: int) -> tuple[Line | None, list[Problem]]:
    """The values of a row and what is wrong with them; no line when there is an error."""
    values, found = {}, []
    for column in COLUMNS:
        text = raw.get(column.key, "")
        try:
            values[column.key] = cells.read(column, text)
        except cells.CellRefused as refused:
            found.append(problem(row, column.key, text, refused.problem, str(refused), error=True))
    if not found:
        found = [*_needs(row, values), *_birthday(row, values, year_first), *_doubts(row, values)]
    if any(one.is_error for one in found):
        return None, found
    return Line(row, values), found


def _needs(row: int, values: Values) -> Iterable[Problem]:
    """Cells that ask for one another."""
    pairs = (
        ("isee", "isee_date", "L'ISEE ha bisogno della data in cui è stato presentato."),
        ("exemption", "exemption_act", "L'esenzione ha bisogno dell'atto che la concede."),
        ("other_code", "other_last", "L'altro genitore ha bisogno del cognome."),
        ("other_code", "other_first", "L'altro genitore ha bisogno del nome."),
        (
            "other_last",
            "other_code",
            "L'altro genitore ha bisogno del codice fiscale; senza, togli anche il nome.",
        ),
    )
    for key, needed, sentence in pairs:
        if values[key] and not values[needed]:
            yield problem(row, needed, "", "missing", sentence, error=True)
    if values["other_code"] and values["other_code"] == values["applicant_code"]:
        sentence = "L'altro genitore è la stessa persona del richiedente: lascia vuote le sue celle."
        yield problem(row, "other_code", values["other_code"], "same_person", sentence, error=True)
    if values["child_code"] in (values["applicant_code"], values["other_code"]):
        sentence = "Il codice fiscale dell'alunno è quello di un genitore: scrivi quello del bambino."
        yield problem(row, "child_code", values["child_code"], "same_person", sentence, error=True)


def _birthday(row: int, values: Values, year_first: int) -> Iterable[Problem]:
    born = dt.date.fromisoformat(values["born"])
    if not year_first - OLDEST <= born.year <= year_first - YOUNGEST:
        sentence = "La data di nascita non è quella di un alunno di queste scuole: controlla l'anno."
        yield problem(row, "born", _shown(born), "age", sentence, error=True)
    elif names.born_on(values["child_code"], child=True) != born:
        sentence = (
            "La data non è quella del codice fiscale: la riga è presa, controlla quale dei due è giusto."
        )
        yield problem(row, "born", _shown(born), "born", sentence, error=False)


def _doubts(row: int, values: Values) -> Iterable[Problem]:
    """Worth a look; the row is taken."""
    if not values["email"]:
        sentence = "Manca l'e-mail: l'avviso di pagamento di questa famiglia va stampato e consegnato."
        yield problem(row, "email", "", "no_email", sentence, error=False)
    for code, last, first in (("child_code", "child_last", "child_first"), *_guardian_keys()):
        if not values[code]:
            continue
        if not names.code_says_surname(values[code], values[last]):
            sentence = "Il cognome non corrisponde al codice fiscale: la riga è presa, controllalo."
            yield problem(row, last, values[last], "name_and_code", sentence, error=False)
        if not names.code_says_name(values[code], values[first]):
            sentence = "Il nome non corrisponde al codice fiscale: la riga è presa, controllalo."
            yield problem(row, first, values[first], "name_and_code", sentence, error=False)


def _guardian_keys() -> list[tuple[str, str, str]]:
    return [(f"{who}_code", f"{who}_last", f"{who}_first") for who in GUARDIANS]


def compare(lines: Iterable[Line]) -> tuple[list[Line], list[Problem]]:
    """Rows against the rows above them: repetitions, contradictions, two spellings. The first row is right by definition."""
    kept: list[Line] = []
    found: list[Problem] = []
    children: dict[str, Line] = {}
    isee: dict[str, Line] = {}
    spelled: dict[str, names.Names] = {}
    for line in lines:
        told = list(_spelling(line, spelled))
        wrong = [*_again(line, children), *_other_isee(line, isee), *(one for one in told if one.is_error)]
        found += wrong
        if wrong:
            continue
        kept.append(line)
        children[line.values["child_code"]] = line
        if line.values["isee"]:
            isee.setdefault(line.values["applicant_code"], line)
        spelled = names_of(line) | spelled
        found += told
    return kept, found


def _again(line: Line, children: Mapping[str, Line]) -> Iterable[Problem]:
    first = children.get(line.values["child_code"])
    if first is None:
        return
    code = line.values["child_code"]
    if first.values == line.values:
        sentence = f"È la stessa domanda della riga {first.row}: questa riga non conta."
        yield problem(line.row, "child_code", code, "repeated", sentence, error=False)
    elif first.values["applicant_code"] != line.values["applicant_code"]:
        sentence = (
            f"Per questo bambino ha già fatto domanda un altro genitore (riga {first.row}): tieni una riga sola; "
            "per i genitori separati la settimana si divide dopo, dalla pagina dell'alunno."
        )
        yield problem(line.row, "child_code", code, "contradiction", sentence, error=True)
    else:
        titles = ", ".join(BY_KEY[key].title for key in line.values if line.values[key] != first.values[key])
        sentence = f"Alla riga {first.row} lo stesso bambino ha altri dati ({titles}): tieni la riga giusta."
        yield problem(line.row, "child_code", code, "contradiction", sentence, error=True)


def _other_isee(line: Line, isee: Mapping[str, Line]) -> Iterable[Problem]:
    first = isee.get(line.values["applicant_code"])
    if first is None or not line.values["isee"]:
        return
    keys = ("isee", "isee_date", "isee_omissions")
    if any(first.values[key] != line.values[key] for key in keys):
        sentence = (
            f"La stessa famiglia ha un altro ISEE alla riga {first.row}: scrivi quello giusto in tutte e due."
        )
        yield problem(line.row, "isee", line.values["isee"], "isee_conflict", sentence, error=True)


def names_of(line: Line) -> dict[str, names.Names]:
    """Fiscal code -> surname and name of each parent of a row."""
    values = line.values
    return {
        values[code]: (values[last], values[first]) for code, last, first in _guardian_keys() if values[code]
    }


def _spelling(line: Line, spelled: Mapping[str, names.Names]) -> Iterable[Problem]:
    for who in GUARDIANS:
        if before := spelled.get(line.values[f"{who}_code"]):
            yield from spelling_problems(line, who, before)


def spelling_problems(line: Line, who: str, before: names.Names) -> Iterable[Problem]:
    """Another spelling of the same person is told; another person with the same code is an error that tells nobody's name."""
    code, last, first = f"{who}_code", f"{who}_last", f"{who}_first"
    if not names.maybe_same_person((line.values[last], line.values[first]), before):
        yield problem(line.row, code, line.values[code], "other_person", names.OTHER_PERSON, error=True)
        return
    for key, known in zip((last, first), before, strict=True):
        if line.values[key] != known:
            sentence = f"Per questo codice fiscale il nome già scritto è «{known}»: resta quello."
            yield problem(line.row, key, line.values[key], "spelling", sentence, error=False)


def _shown(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
