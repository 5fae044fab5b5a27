"""Write static/mensa/italia.css: of the theme's 600 kB style sheet only the rules that our pages can use.

Run it after a template starts using another class of Bootstrap Italia; a test says when it is needed.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management.base import BaseCommand

STOCK = "css/bootstrap-italia.min.css"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
CLASS_ATTRIBUTE = re.compile(r"""class(?:=|["']:\s*)["']([^"']*)["']""")
SCRIPT_CLASS = re.compile(r"""classList\.\w+\(["']([\w-]+)["']""")
CLASS_SELECTOR = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
NEGATION = re.compile(r":not\([^()]*\)")
# Written by identity/templatetags/pages.py piece by piece.
FROM_PYTHON = {"icon", "form-control", "form-select", "check", "choices", "is-invalid"}
# Widgets of the theme's own script, which the portal does not load.
OF_THE_SCRIPT = re.compile(r"\[data-(?!label)|\.it-|\.splide|::-webkit-calendar")


def classes_in(text: str) -> set[str]:
    """Every class a source can put on a page. `status-{{ kind }}` becomes the prefix `status-*`."""
    plain = re.sub(r"\{\{.*?\}\}", "*", TEMPLATE_TAG.sub(" ", text))
    found = " ".join(CLASS_ATTRIBUTE.findall(plain)) + " " + " ".join(SCRIPT_CLASS.findall(text))
    return {token.replace("{}", "*") for token in found.split()}


def used_classes(root: Path) -> set[str]:
    sources = [*root.glob("templates/**/*.html"), *root.glob("static/**/*.js")]
    sources += [
        path
        for app in ("identity", "enrolments", "wallets", "attendance", "payments", "mensa")
        for path in (root / app).glob("**/*.py")
    ]
    return set().union(*(classes_in(path.read_text("utf-8")) for path in sources)) | FROM_PYTHON


def blocks(css: str) -> Iterator[tuple[str, str]]:
    """(prelude, body) of each top-level block; the body of @media holds blocks of its own."""
    position = 0
    while (start := css.find("{", position)) >= 0:
        depth, end = 1, start + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        yield css[position:start].strip(), css[start + 1 : end - 1]
        position = end


def reduce(css: str, used: set[str]) -> str:
    """The same sheet without the rules that no element of ours can match; the order stays."""
    kept = []
    for prelude, body in blocks(COMMENT.sub("", css.lstrip("\ufeff"))):
        if prelude.startswith(("@media", "@supports")):
            inner = reduce(body, used)
            kept.append(f"{prelude}{{{inner}}}" if inner else "")
        elif not prelude.startswith("@"):
            selectors = [part for part in _selectors(prelude) if _matches(part, used)]
            kept.append(f"{','.join(selectors)}{{{body}}}\n" if selectors else "")
    return "".join(kept)


def _selectors(prelude: str) -> list[str]:
    """Split at the commas that stand outside of parentheses."""
    return re.split(r",(?![^()]*\))", prelude)


def _matches(selector: str, used: set[str]) -> bool:
    if OF_THE_SCRIPT.search(selector):
        return False
    prefixes = tuple(name[:-1] for name in used if name.endswith("*") and len(name) > 1)
    names = CLASS_SELECTOR.findall(NEGATION.sub("", selector))
    return all(name in used or (prefixes and name.startswith(prefixes)) for name in names)


def reduced_sheet() -> str:
    stock = finders.find(STOCK)
    if not stock:
        raise FileNotFoundError(f"{STOCK}: il pacchetto design-django-theme non è installato.")
    head = "/* Made by `manage.py reduce_css` from Bootstrap Italia (BSD-3-Clause); do not edit. */\n"
    return head + reduce(Path(stock).read_text("utf-8"), used_classes(Path(settings.BASE_DIR)))


class Command(BaseCommand):
    help = "Riduce il foglio di stile di Bootstrap Italia alle regole che le pagine usano."

    def handle(self, *args: Any, **options: Any) -> None:
        target = Path(settings.BASE_DIR) / "static" / "mensa" / "italia.css"
        target.write_text(reduced_sheet(), encoding="utf-8")
        self.stdout.write(f"{target.name}: {target.stat().st_size // 1024} kB")
