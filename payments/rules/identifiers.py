"""Notice numbers (NAV) and creditor references (IUV) of pagoPA. Pure.

Source: Specifiche Attuative del Nodo, "numero avviso"; docs/manuale/pagopa.md.
"""

from dataclasses import dataclass

NAV_DIGITS = 18
LARGEST_SEQUENCE = 99_999_999_999


class WrongNoticeNumber(ValueError):
    """The text is not a notice number; str() is an Italian sentence."""


@dataclass(frozen=True)
class NoticeNumber:
    """A notice number taken apart. `segregation` only with aux 3, `application` only with aux 0."""

    nav: str
    aux: str
    iuv: str
    segregation: str = ""
    application: str = ""
    check_digits: str = ""

    @property
    def check_digits_hold(self) -> bool:
        """Aux 1 carries none. A wrong one is no reason to refuse what the node sends: public examples violate it."""
        return not self.check_digits or int(self.nav[:16]) % 93 == int(self.check_digits)


def compose(*, segregation: str, system: str, sequence: int) -> str:
    """The notice number: aux 3, segregation code (2), information system (2), sequence (11), check digits mod 93 (2)."""
    if not (len(segregation) == len(system) == 2 and (segregation + system).isdecimal()):
        raise ValueError("segregation code and system code have two digits each")
    if not 1 <= sequence <= LARGEST_SEQUENCE:
        raise ValueError(f"sequence {sequence} does not fit eleven digits")
    body = f"3{segregation}{system}{sequence:011d}"
    return f"{body}{int(body) % 93:02d}"


def parse(text: str) -> NoticeNumber:
    """Take a notice number of aux digit 0, 1, 2 or 3 apart. Spaces, as printed in groups of four, are ignored."""
    nav = "".join(text.split())
    if len(nav) != NAV_DIGITS or not (nav.isascii() and nav.isdecimal()):
        raise WrongNoticeNumber("Il numero dell'avviso ha 18 cifre: controlla di averle scritte tutte.")
    match nav[0]:
        case "0":
            return NoticeNumber(nav, "0", nav[3:], application=nav[1:3], check_digits=nav[16:])
        case "1":
            return NoticeNumber(nav, "1", nav[1:])
        case "2":
            return NoticeNumber(nav, "2", nav[1:], check_digits=nav[16:])
        case "3":
            return NoticeNumber(nav, "3", nav[1:], segregation=nav[1:3], check_digits=nav[16:])
    raise WrongNoticeNumber("Il numero dell'avviso comincia con 0, 1, 2 o 3.")


def is_well_formed(text: str) -> bool:
    """A number that we could have made or read: right shape and right check digits."""
    try:
        return parse(text).check_digits_hold
    except WrongNoticeNumber:
        return False


def printed(nav: str) -> str:
    """As the paper shows it: groups of four, "3010 0000 0000 0042 85"."""
    return " ".join(nav[start : start + 4] for start in range(0, len(nav), 4))
