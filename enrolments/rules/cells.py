"""The text of a cell made into a value, or a sentence that says what is wrong and how to mend it.

Values come out as plain text in one form only (dates 2026-08-31, amounts 12345.67, yes or nothing), so that two files that
say the same thing give the same row.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal

from enrolments.rules import names
from enrolments.rules.columns import Column, Kind

FORMULA_SIGNS = ("=", "+", "-", "@")
SPREADSHEET_ERROR = re.compile(r"#[A-ZÀ-Ù0-9/]+[!?]?")
NOTHING = {"-", "--", "/", "n.d.", "nd"}
DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{2,})+"
)
PHONE = re.compile(r"\+?[0-9][0-9 ./()-]{4,28}")
DIET = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}")
EURO_ITALIAN = re.compile(r"\d{1,3}(\.\d{3})+(,\d{1,2})?|\d+(,\d{1,2})?")
EURO_PLAIN = re.compile(r"\d+\.\d{1,2}")
GRADES = {
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "v": 5,
    "prima": 1,
    "seconda": 2,
    "terza": 3,
    "quarta": 4,
    "quinta": 5,
}
YES, NO = {"si", "s", "yes", "vero", "true", "x", "1"}, {"no", "n", "falso", "false", "0"}
EXEMPTIONS = {
    "disability": {"104", "l 104", "l104", "legge 104", "l 104 1992", "legge 104 1992", "disabilita"},
    "social": {"servizi sociali", "sociale", "servizi social", "assistente sociale"},
}


class CellRefused(Exception):
    """`problem` names the kind of error, `str()` is the sentence for the office."""

    def __init__(self, problem: str, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


def read(column: Column, raw: str) -> str:
    """The value of the cell, "" when it is empty."""
    text = _tidy(raw)
    if text.lower() in NOTHING:
        text = ""
    if not text:
        if column.required:
            raise CellRefused("missing", "La cella è vuota: questo dato serve.")
        return ""
    _refuse_formula(column, text)
    if column.kind in (Kind.TEXT, Kind.EMAIL) and len(text) > column.longest:
        raise CellRefused("too_long", f"Il testo è troppo lungo: al più {column.longest} caratteri.")
    return READERS[column.kind](text)


def _tidy(raw: str) -> str:
    """Invisible characters and doubled spaces go; the apostrophe that keeps a spreadsheet from computing goes too."""
    text = "".join(char for char in unicodedata.normalize("NFC", raw) if unicodedata.category(char) != "Cf")
    text = " ".join(text.split())
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA_SIGNS else text


def _refuse_formula(column: Column, text: str) -> None:
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise CellRefused("characters", "Alcune lettere non si leggono: salva il file come CSV UTF-8 o XLSX.")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise CellRefused("characters", "La cella contiene caratteri invisibili: riscrivila a mano.")
    if SPREADSHEET_ERROR.fullmatch(text):
        raise CellRefused("formula", "La cella contiene un errore di calcolo: scrivi il valore.")
    if column.kind == Kind.PHONE and PHONE.fullmatch(text):
        return
    if text.startswith(FORMULA_SIGNS) and not (column.kind == Kind.EURO and text[0] in "+-"):
        raise CellRefused(
            "formula",
            f"La cella comincia con «{text[0]}» come una formula: scrivi il valore, senza quel segno.",
        )


def _text(text: str) -> str:
    return text


def _phone(text: str) -> str:
    if not PHONE.fullmatch(text):
        raise CellRefused("phone", "Il telefono ha solo cifre e spazi, per esempio 333 1234567.")
    return text


def _email(text: str) -> str:
    if not EMAIL.fullmatch(text):
        raise CellRefused("email", "L'e-mail non è scritta bene: correggila, o lascia vuota la cella.")
    return text


def _person(text: str) -> str:
    code = text.replace(" ", "").replace("-", "").upper()
    if not names.is_person_code(code):
        raise CellRefused("fiscal_code", "Il codice fiscale non è valido: ricopialo dalla tessera sanitaria.")
    return code


def _date(text: str) -> str:
    if match := DATE.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
    elif match := ISO_DATE.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
    else:
        raise CellRefused("date", "La data si scrive gg/mm/aaaa, per esempio 05/09/2019.")
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError as error:
        raise CellRefused("date", "Questa data non esiste: controlla il giorno e il mese.") from error


def _euro(text: str) -> str:
    """Italian (1.234,56) or plain (1234.56); 12.345 is twelve thousand, as Italian writes it."""
    digits = text.replace("€", "").replace(" ", "").removeprefix("+")
    if digits.startswith("-"):
        raise CellRefused("euro", "Il valore è da zero in su: togli il segno meno.")
    if EURO_PLAIN.fullmatch(digits):
        value = Decimal(digits)
    elif EURO_ITALIAN.fullmatch(digits):
        value = Decimal(digits.replace(".", "").replace(",", "."))
    else:
        raise CellRefused("euro", "Il valore è in euro, con due decimali al più: per esempio 12.345,67.")
    if value >= Decimal(10000000):
        raise CellRefused("euro", "Il valore è troppo alto: controlla la virgola dei decimali.")
    return f"{value:.2f}"


def _yes_no(text: str) -> str:
    word = _words(text)
    if word in YES:
        return "yes"
    if word in NO:
        return "no"
    raise CellRefused("yes_no", "Scrivi «sì» o «no».")


def _grade(text: str) -> str:
    word = _words(text.replace("ª", "").replace("^", "").replace("°", "").replace("º", ""))
    if word.isdecimal() and 1 <= int(word) <= 5:
        return str(int(word))
    if word in GRADES:
        return str(GRADES[word])
    raise CellRefused("grade", "L'anno di corso è un numero da 1 a 5; la sezione ha la sua colonna.")


def _exemption(text: str) -> str:
    word = _words(text)
    if word in NO:
        return ""
    for kind, spellings in EXEMPTIONS.items():
        if word in spellings:
            return kind
    raise CellRefused(
        "exemption", "L'esenzione è «104» o «servizi sociali»; senza esenzione la cella resta vuota."
    )


def _diet(text: str) -> str:
    code = text.upper()
    if not DIET.fullmatch(code):
        raise CellRefused(
            "diet",
            "Scrivi solo il codice della dieta (lettere, cifre e trattini, per esempio D-03): mai il motivo.",
        )
    return code


def _words(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(
        "".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char)).split()
    )


READERS: dict[Kind, Callable[[str], str]] = {
    Kind.TEXT: _text,
    Kind.PHONE: _phone,
    Kind.EMAIL: _email,
    Kind.PERSON: _person,
    Kind.DATE: _date,
    Kind.EURO: _euro,
    Kind.YES_NO: _yes_no,
    Kind.GRADE: _grade,
    Kind.EXEMPTION: _exemption,
    Kind.DIET: _diet,
}
