"""The one template of Django's admin that we have remade says exactly what Django's says, plus names and labels."""

import re
from pathlib import Path

import django
from django.conf import settings

OURS = Path(settings.BASE_DIR) / "templates/admin/edit_inline/tabular.html"
STOCK = Path(django.__file__).parent / "contrib/admin/templates/admin/edit_inline/tabular.html"
ADDED = (
    re.compile(r"^\{#.*?#\}\n"),
    re.compile(r'<label class="visually-hidden".*?</label>'),
    re.compile(r'(?:\{% else %\})?<span class="visually-hidden">(?:Riga|Azioni)</span>'),
)


def test_the_inline_table_follows_the_stock_one() -> None:
    """If this fails Django has changed its template: copy it again and put back the names and the labels."""
    text = OURS.read_text("utf-8")
    for addition in ADDED:
        text, found = addition.subn("", text)
        assert found
    assert text == STOCK.read_text("utf-8")
