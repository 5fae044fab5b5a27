"""Names that sort, fiscal codes that agree with them, and public codes that say nothing about a person."""

import datetime as dt
import hashlib
import hmac
import unicodedata

from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale

#: No vowels (no accidental words) and nothing that is read for something else (0/O, 1/I/L, 5/S, 2/Z).
CODE_ALPHABET = "346789BCDFGHJKMNPQRTVWXY"
CODE_LENGTH = 8
VOWELS = "AEIOU"


def sort_key(last_name: str, first_name: str) -> str:
    """ "D'Àvino Niccolò" sorts as "davino niccolo": the database has no Italian collation to lean on."""
    return f"{_letters(last_name)} {_letters(first_name)}"[:130].lower()


def public_code(secret: str, kind: str, identity: str, attempt: int = 0) -> str:
    """The code printed on notices: the same person has the same code, and without the secret it leads to nobody.

    `attempt` grows when the code is already someone else's.
    """
    digest = hmac.new(secret.encode(), f"{kind}:{identity}:{attempt}".encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[:8], "big")
    letters = []
    for _ in range(CODE_LENGTH):
        number, index = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[index])
    return "".join(letters)


def is_person_code(fiscal_code: str) -> bool:
    """A fiscal code of a person: sixteen characters with the right check letter (a company's has eleven digits)."""
    try:
        return len(codicefiscale.validate(fiscal_code)) == 16
    except ValidationError:
        return False


def born_on(fiscal_code: str, *, child: bool) -> dt.date:
    """The birth date that the code carries; a child's two digits of the year mean this century."""
    return codicefiscale.get_birth_date(fiscal_code, minyear=1990 if child else 1920)


def code_says_surname(fiscal_code: str, last_name: str) -> bool:
    return fiscal_code[:3] == surname_letters(last_name)


def code_says_name(fiscal_code: str, first_name: str) -> bool:
    return fiscal_code[3:6] == name_letters(first_name)


def surname_letters(last_name: str) -> str:
    """Ministerial decree 23/12/1976: consonants, then vowels, then X."""
    letters = _letters(last_name).replace(" ", "").upper()
    return _first_three(letters)


def name_letters(first_name: str) -> str:
    """As for the surname, but a name with four or more consonants gives the first, the third and the fourth."""
    letters = _letters(first_name).replace(" ", "").upper()
    consonants = [letter for letter in letters if letter not in VOWELS]
    if len(consonants) >= 4:
        return consonants[0] + consonants[2] + consonants[3]
    return _first_three(letters)


def same_name(one: str, other: str) -> bool:
    """Equal but for accents, apostrophes, hyphens, spaces and capital letters."""
    return _letters(one).replace(" ", "").lower() == _letters(other).replace(" ", "").lower()


#: Surname and name.
Names = tuple[str, str]
#: What is said when a fiscal code comes with somebody else's name: nothing about who has it.
OTHER_PERSON = (
    "Questo codice fiscale è già di una persona con un altro nome: controlla codice fiscale, cognome e nome "
    "su un documento."
)


def same_person(typed: Names, known: Names) -> bool:
    """Whether surname and name are those already written beside this fiscal code."""
    return all(same_name(one, other) for one, other in zip(typed, known, strict=True))


def maybe_same_person(typed: Names, known: Names) -> bool:
    """The same two names with a slip in them: a letter more, less or another, or a second name left out.

    Enough for a row of a list, whose slip is told beside it; not for a form, where who typed can look again.
    """
    return all(_may_be_same_name(one, other) for one, other in zip(typed, known, strict=True))


def _may_be_same_name(one: str, other: str) -> bool:
    mine, theirs = _letters(one).lower(), _letters(other).lower()
    if set(mine.split()) <= set(theirs.split()) or set(theirs.split()) <= set(mine.split()):
        return bool(mine and theirs)
    return _one_letter_apart(mine.replace(" ", ""), theirs.replace(" ", ""))


def _one_letter_apart(one: str, other: str) -> bool:
    pairs = enumerate(zip(one, other, strict=False))
    begun = next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))
    mine, theirs = one[begun:], other[begun:]
    return mine[1:] in (theirs, theirs[1:]) or mine == theirs[1:]


def _first_three(letters: str) -> str:
    consonants = [letter for letter in letters if letter not in VOWELS]
    vowels = [letter for letter in letters if letter in VOWELS]
    return "".join([*consonants, *vowels, "X", "X", "X"][:3])


def _letters(name: str) -> str:
    """Letters and single spaces: accents are taken off, apostrophes and hyphens disappear."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("Ø", "O").replace("ø", "o"))
    kept = (char for char in plain if (char.isalpha() and char.isascii()) or char == " ")
    return " ".join("".join(kept).split())
