"""What a browser receives: nothing inline, nothing from elsewhere."""

import re

import pytest

from tests.guards.source import name, pages

COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->", re.DOTALL)
FORBIDDEN = {
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an inline script": re.compile(r"<script(?![^>]*(?:\bsrc=|\btype=\"application/json\"))", re.IGNORECASE),
    "an event handler": re.compile(r"\s(on[a-z]+|hx-on[:\w-]*)\s*=\s*[\"']", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "a file from another site": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
    "text marked safe": re.compile(r"(?<!help_text)\|safe\b|\{% autoescape off"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_page_contains(what: str) -> None:
    found = [
        name(page) for page in pages() if FORBIDDEN[what].search(COMMENT.sub("", page.read_text("utf-8")))
    ]
    assert not found, f"{what} in {found}"


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("an inline style", '<p style="color: red">'),
        ("an inline script", "<script>alert(1)</script>"),
        ("an event handler", '<button onclick="x()">'),
        ("a script address", '<a href="javascript:x()">'),
        ("a file from another site", '<img src="https://elsewhere.example/a.png">'),
        ("text marked safe", "{{ text|safe }}"),
    ],
)
def test_the_guard_sees(what: str, sample: str) -> None:
    assert FORBIDDEN[what].search(sample)


def test_every_form_that_changes_something_carries_its_token() -> None:
    forms = re.compile(r"<form\b[^>]*method=[\"']post[\"'][^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)
    bare = [
        name(page)
        for page in pages()
        for form in forms.findall(page.read_text("utf-8"))
        if "csrf_token" not in form
    ]
    assert not bare
