"""Which characters a notice can carry: those of the alphabets that its fonts draw. Pure."""

import unicodedata

#: Latin with every accent, Greek, Cyrillic, Hebrew, Arabic letters and digits, quotation marks and dashes, currencies.
DRAWN = (
    (0x20, 0x7E),
    (0xA1, 0x24F),
    (0x370, 0x3FF),
    (0x400, 0x4FF),
    (0x5D0, 0x5EA),
    (0x621, 0x63A),
    (0x640, 0x64A),
    (0x660, 0x669),
    (0x1E00, 0x1EFF),
    (0x2010, 0x2027),
    (0x2030, 0x203A),
    (0x20A0, 0x20AF),
)
INSTEAD = "?"
_SOFT_HYPHEN = "\u00ad"


def legible(text: str, *, longest: int = 140) -> str:
    """On one line and cut; what no font draws (emoji, Chinese) is folded to plain letters, or becomes a question mark."""
    plain = " ".join(text.replace(_SOFT_HYPHEN, "").split())
    drawn = "".join(_drawn(character) for character in unicodedata.normalize("NFC", plain))
    return drawn if len(drawn) <= longest else f"{drawn[: longest - 1].rstrip()}…"


def _drawn(character: str) -> str:
    if _has_glyph(character):
        return character
    if unicodedata.category(character) in {"Cf", "Cc", "Mn"}:
        return ""
    folded = [part for part in unicodedata.normalize("NFKD", character) if _has_glyph(part)]
    return "".join(folded) or INSTEAD


def _has_glyph(character: str) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in DRAWN) and unicodedata.category(character) != "Cn"
