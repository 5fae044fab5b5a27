"""All-day events as an iCalendar text (RFC 5545): escaped, folded at 75 octets, lines ended by CR LF."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WIDTH = 75
PRODUCT = "-//Mensa scolastica//Calendario//IT"
#: How often a client may ask again.
REFRESH = "PT6H"


@dataclass(frozen=True)
class Event:
    """From a day to a day, both included. ``uid`` stays the same as long as it is the same thing; ``stamp`` is aware."""

    uid: str
    first: dt.date
    last: dt.date
    summary: str
    stamp: dt.datetime
    description: str = ""


def calendar(*, name: str, events: Iterable[Event]) -> bytes:
    """The whole file. Days are taken by the event, not the person: free time stays free (TRANSPARENT)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escape(name)}",
        "X-WR-TIMEZONE:Europe/Rome",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]
    for event in sorted(events, key=lambda one: (one.first, one.uid)):
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return b"".join(piece + b"\r\n" for line in lines for piece in fold(line))


def escape(text: str) -> str:
    """Backslash, semicolon, comma and line ends, as a TEXT value wants them; other control characters go."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(char for char in plain if char in "\n\t" or (char >= " " and char != "\x7f"))
    for char, code in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(char, code)
    return plain


def fold(line: str) -> Iterator[bytes]:
    """Pieces of at most 75 octets, never in the middle of a character; each but the first begins with a space."""
    piece, room = b"", WIDTH
    for char in line:
        octets = char.encode()
        if len(piece) + len(octets) > room:
            yield piece
            piece, room = b" ", WIDTH
        piece += octets
    yield piece


def _event(event: Event) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{event.stamp.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{event.first:%Y%m%d}",
        f"DTEND;VALUE=DATE:{event.last + dt.timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{escape(event.summary)}",
        "TRANSP:TRANSPARENT",
    ]
    if event.description:
        lines.append(f"DESCRIPTION:{escape(event.description)}")
    return [*lines, "END:VEVENT"]
