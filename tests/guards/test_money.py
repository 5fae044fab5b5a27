"""Money has one door and no fractions of a cent: read from the source, so that nobody has to remember."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.guards.source import calls, dotted, modules, name, place, sentences, tree

DOOR = "wallets/ledger.py"
MOVEMENT_IN_SQL = re.compile(r"(insert into|update|delete from) wallets_(entry|charge)\b")
#: The benchmark measures the naive ways too, in a database that it creates and drops.
LABORATORY = "mensa/benchmark/"
WRITING = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "delete"}


def test_only_the_ledger_writes_movements() -> None:
    intruders = [
        place(path, call)
        for path in modules()
        if name(path) != DOOR
        for call in calls(path)
        if _writes_a_movement(dotted(call.func))
    ]
    assert not intruders, f"movements written outside {DOOR}: {intruders}"


def test_only_the_ledger_writes_movements_in_sql() -> None:
    intruders = [
        place(path, node)
        for path in modules()
        if name(path) != DOOR
        for node, text in sentences(path)
        if MOVEMENT_IN_SQL.search(" ".join(text.lower().replace('"', "").split()))
    ]
    assert not intruders


def test_nobody_writes_a_balance() -> None:
    """The triggers move it and nothing else does."""
    writers = [
        place(path, node)
        for path in modules()
        if not name(path).startswith(LABORATORY)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword)
        and node.arg == "balance"
        and _inside_update(path, node)
        or isinstance(node, ast.Assign | ast.AugAssign)
        and _assigns_balance(node)
    ]
    assert not writers


def test_no_float_in_the_code_that_handles_money() -> None:
    floats = [place(path, node) for path in _money_code() for node in _floats(tree(path))]
    assert not floats


def test_the_float_guard_sees_a_float() -> None:
    assert list(_floats(ast.parse("price = float(text)")))
    assert list(_floats(ast.parse("price = 0.1 + 0.2")))
    assert not list(_floats(ast.parse("def wait(seconds: float): ...")))


def _writes_a_movement(called: str) -> bool:
    if called in {"Entry", "Charge"}:
        return True
    first, _, rest = called.partition(".")
    return first in {"Entry", "Charge"} and rest.rpartition(".")[2] in WRITING


def _inside_update(path: Path, keyword: ast.keyword) -> bool:
    return any(
        keyword in call.keywords and isinstance(call.func, ast.Attribute) and call.func.attr in WRITING
        for call in calls(path)
    )


def _assigns_balance(node: ast.Assign | ast.AugAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Attribute) and target.attr == "balance" for target in targets)


#: The network waits for seconds, a spreadsheet keeps numbers as floats until they are read as text.
NOT_MONEY = (
    "payments/gateways/",
    "payments/simulator/",
    "enrolments/sample/",
    "enrolments/sheets.py",
)
#: A parameter of this name is a moment of a stopwatch.
STOPWATCH = {"started", "seconds"}


def _money_code() -> list[Path]:
    """Everything of the apps that decide, move or ask for money."""
    apps = modules("enrolments", "wallets", "attendance", "payments")
    return [path for path in apps if not name(path).startswith(NOT_MONEY)]


def _floats(module: ast.Module) -> Iterator[ast.AST]:
    durations = {
        id(node.annotation)
        for node in ast.walk(module)
        if isinstance(node, ast.arg) and node.arg in STOPWATCH
    }
    for node in ast.walk(module):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id == "float" and id(node) not in durations
        if literal or named:
            yield node
