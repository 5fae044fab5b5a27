"""The reduced style sheet has every rule of the theme that a page of ours can use."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

from mensa.management.commands.reduce_css import COMMENT, STOCK, blocks, classes_in, reduce, reduced_sheet

STOCK_LIKE = """
@font-face{font-family:x}
:root{--blue:#06c}
.btn,.btn-primary{color:red}
.btn:not(.disabled):hover,a.card{color:blue}
[data-bs-toggle]{color:green}
@media (min-width: 1px){.row{display:flex}.btn{color:black}}
"""


def test_only_what_can_match_stays() -> None:
    kept = reduce(STOCK_LIKE, {"btn"})
    assert ".btn{color:red}" in kept
    assert ".btn:not(.disabled):hover{color:blue}" in kept
    assert "@media (min-width: 1px){.btn{color:black}" in kept
    assert not [gone for gone in ("btn-primary", "card", "row", "data-bs", "font-face") if gone in kept]


def test_classes_are_found_through_template_tags() -> None:
    text = """<p class="a{% if x == "y" %} b{% endif %} c-{{ kind }}">{# class="no" #}</p>"""
    assert classes_in(text) == {"a", "b", "c-*"}
    assert classes_in('menu.classList.toggle("open", x)') == {"open"}


def test_no_rule_that_a_page_can_use_is_missing() -> None:
    """If this fails a page has begun to use a class of the theme: run `manage.py reduce_css` and look at the page."""
    written = (Path(settings.BASE_DIR) / "static/mensa/italia.css").read_text("utf-8")
    missing = rules(reduced_sheet()) - rules(written)
    assert not missing


def rules(css: str, inside: str = "") -> set[tuple[str, str]]:
    """(media query, selector) of every rule."""
    found: set[tuple[str, str]] = set()
    for prelude, body in blocks(COMMENT.sub("", css)):
        if prelude.startswith("@"):
            found |= rules(body, prelude)
        else:
            found |= {(inside, selector) for selector in prelude.split(",")}
    return found


def test_it_is_much_lighter_than_the_theme() -> None:
    stock = finders.find(STOCK)
    assert stock
    assert len(reduced_sheet()) * 4 < Path(stock).stat().st_size
