"""A module of 400 lines or a function of 40 has a part that wants a name of its own."""

import ast

from tests.guards.source import modules, name, place, tree

#: A plain list.
LISTS = ("settings.py",)


def test_no_module_is_longer_than_400_lines() -> None:
    long = [
        name(path) for path in modules() if path.name not in LISTS and _lines(path.read_text("utf-8")) > 400
    ]
    assert not long


def test_no_function_is_longer_than_40_lines() -> None:
    """The signature is not counted: one keyword a line is how operations are written here."""
    long = [
        f"{place(path, node)} {node.name}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.body[0].lineno + 1 > 40
    ]
    assert not long


def _lines(text: str) -> int:
    return text.count("\n")
