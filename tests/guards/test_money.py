"""Money has one door and no fractions of a cent: read from the source, so that nobody has to remember."""

import ast
from pathlib import Path

from tests.guards.source import calls, dotted, modules, name, place, sentences, tree

DOOR = "wallets/ledger.py"
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
        if "insert into wallets_" in " ".join(text.lower().replace('"', "").split())
    ]
    assert not intruders


def test_nobody_writes_a_balance() -> None:
    """The triggers move it and nothing else does."""
    writers = [
        place(path, node)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword)
        and node.arg == "balance"
        and _inside_update(path, node)
        or isinstance(node, ast.Assign | ast.AugAssign)
        and _assigns_balance(node)
    ]
    assert not writers


def test_no_float_in_the_code_that_handles_money() -> None:
    floats = [place(path, node) for path in _money_code() for node in ast.walk(tree(path)) if _is_float(node)]
    assert not floats


def test_the_float_guard_sees_a_float() -> None:
    assert any(_is_float(node) for node in ast.walk(ast.parse("price = float(text)")))
    assert any(_is_float(node) for node in ast.walk(ast.parse("price = 0.1 + 0.2")))


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


def _money_code() -> list[Path]:
    """Everything of the wallets, the rules and operations about prices, notices, receipts and meals; not the clients of the
    network, whose time-outs are seconds."""
    network = {"gateways", "simulator"}
    apps = modules("enrolments", "wallets", "attendance", "payments")
    return [path for path in apps if not network & set(path.parts)]


def _is_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    return isinstance(node, ast.Name) and node.id == "float"
