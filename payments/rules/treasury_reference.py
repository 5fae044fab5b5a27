"""What a bank transfer pays, read from its reference (causale) as treasurers' journals print it. Pure.

The PSP writes `/PUR/LGPE-RIVERSAMENTO/URI/<identificativoFlusso>` (or with `/TXT/<n>/` before URI) for a report, `/RFB/<IUV>` or
`/RFS/<RF..>` for a single payment. On the way banks lose slashes, put blanks anywhere and words before and after.
Source: pagoPA, "Specifiche attuative dei codici identificativi", causale di riversamento.
"""

import re
from dataclasses import dataclass

LONGEST = 35
LONGEST_IUV = 17
SHORTEST_IUV = 15


def _loose(word: str) -> str:
    """The word with blanks allowed between any two of its characters."""
    return r"\s*".join(map(re.escape, word))


_MARK = re.compile(rf"{_loose('RIVERSAMENTO')}.{{0,60}}?{_loose('URI')}[\s/:]*", re.IGNORECASE | re.DOTALL)
_DATED = re.compile(r"((?:\d\s*){4}-\s*(?:\d\s*){2}-\s*\d\s*\d)\s*", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_BARE = re.compile(r"\d{4}-\d{2}-\d{2}[A-Za-z0-9_]+-[A-Za-z0-9_-]+", re.ASCII)
_SINGLE = re.compile(
    rf"(?<![A-Za-z0-9])(?P<kind>{_loose('RFB')}|{_loose('RFS')})[\s/]+(?P<rest>.+)", re.DOTALL
)
_PAGOPA = re.compile("LGPE|RIVERSAMENTO|PAGOPA|/PUR/", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """`iuf`: the report that is paid; `iuv`: the single payment. Both empty: it does not say."""

    iuf: str = ""
    iuv: str = ""


def parse(text: str) -> Reference:
    """What the reference names, best guess; whoever knows the reports compares with `names` as well."""
    mark = _MARK.search(text)
    if mark and (iuf := _identifier(text[mark.end() :])):
        return Reference(iuf=iuf)
    if bare := _BARE.search(text):
        return Reference(iuf=bare[0][:LONGEST])
    single = _SINGLE.search(text)
    return Reference(iuv=_iuv(single["rest"])) if single else Reference()


def _identifier(rest: str) -> str:
    """`<YYYY-MM-DD><PSP>-<flow>`: blanks may cut the date, follow it, and part the PSP from the rest."""
    dated = _DATED.match(rest)
    start, day = (dated.end(), squeeze(dated[1])) if dated else (0, "")
    found = ""
    for token in _TOKEN.findall(rest[start:].split("/")[0]):
        if found and ("-" in found.rstrip("-") or "-" not in token):
            break
        found += token
    return f"{day}{found}"[:LONGEST] if found else ""


def _iuv(rest: str) -> str:
    """Up to the next slash; where the slashes are lost, as many groups of digits as an IUV wants."""
    first, *others = rest.split("/")[0].split() or [""]
    if first.upper().startswith("RF"):
        return first[:LONGEST]
    for group in others:
        if len(first) >= SHORTEST_IUV or not group.isdecimal() or len(first + group) > LONGEST_IUV:
            break
        first += group
    return first[:LONGEST] if first.isalnum() else ""


def squeeze(text: str) -> str:
    """Without blanks and slashes, in capitals: what is left of an identifier whatever a bank did to it."""
    return re.sub(r"[\s/]+", "", text).upper()


def names(text: str, identifier: str) -> bool:
    """The reference carries this identifier of a report, with blanks and slashes anywhere inside; where another letter, figure or
    piece follows, it is the beginning of another identifier."""
    if len(identifier) <= len("2026-11-24"):
        return False
    pieces = r"[\s/]*".join(map(re.escape, identifier))
    return (
        re.search(rf"(?<![A-Za-z0-9]){pieces}(?!\s*\d|[A-Za-z]|[-_]+[A-Za-z0-9])", text, re.IGNORECASE)
        is not None
    )


def stands_whole(text: str, identifier: str) -> bool:
    """In one piece, up to the slash that ends it or to the end: nothing of it is lost."""
    return identifier != "" and re.search(rf"{re.escape(identifier)}\s*(/|$)", text) is not None


def is_pagopa(text: str) -> bool:
    """The movement has to do with pagoPA: the rest of the treasurer's journal is about other people and not for us."""
    reference = parse(text)
    return bool(reference.iuf or reference.iuv or _PAGOPA.search(squeeze(text).replace("-", "")))
