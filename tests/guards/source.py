"""The project's own files, read once: what the guards look at."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("identity", "enrolments", "wallets", "attendance", "payments", "mensa")


@cache
def modules(*apps: str) -> tuple[Path, ...]:
    """Every Python module of these apps (of all when none is named), migrations left out."""
    return tuple(
        path
        for app in apps or APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    )


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    """The path as a person would say it: wallets/ledger.py."""
    return path.relative_to(ROOT).as_posix()


def place(path: Path, node: ast.AST) -> str:
    return f"{name(path)}:{getattr(node, 'lineno', '?')}"


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def dotted(node: ast.expr) -> str:
    """``Entry.objects.create`` for the matching attribute chain, an empty string for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def sentences(path: Path) -> Iterator[tuple[ast.Constant, str]]:
    """The string literals of a module, docstrings left out: what a user may come to read."""
    docstrings = {
        id(body[0].value)
        for node in ast.walk(tree(path))
        if isinstance(body := getattr(node, "body", None), list) and body and isinstance(body[0], ast.Expr)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node, node.value


@cache
def templates() -> tuple[Path, ...]:
    return tuple(sorted((ROOT / "templates").rglob("*.*")))


@cache
def pages() -> tuple[Path, ...]:
    """The templates a browser shows; PDFs and mail have rules of their own."""
    return tuple(
        path
        for path in templates()
        if path.suffix == ".html" and path.relative_to(ROOT / "templates").parts[0] not in {"pdf", "email"}
    )


@cache
def everything_tested() -> str:
    """The text of every test: whether a name is spoken of anywhere."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("*.py")))
