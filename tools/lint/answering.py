"""The rule on empty lists: "nothing" is what the venue says, never what a script falls back to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lint.rule import Rule, Spot, in_code
from tools.lint.source import Source, called


def _empty_lists(source: Source) -> Iterator[Spot]:
    for module in source.modules:
        for function in module.find(ast.FunctionDef, ast.AsyncFunctionDef):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in _returns_nothing(function.body, after=None, asked=_asked_for(function)):
                    yield in_code(module, node, f"`{function.name}` returns an empty list that the venue did not say")


def _returns_nothing(body: list[ast.stmt], after: ast.expr | None, asked: set[str]) -> Iterator[ast.Return]:
    """Every empty list that is returned, but where what was tested is an answer of ``visit.rows``."""
    for statement in body:
        if isinstance(statement, ast.Return) and _is_empty_list(statement.value) and not _is_rows(after, asked):
            yield statement
        test = statement.test if isinstance(statement, ast.If) else None
        for inner in ("body", "orelse", "finalbody"):
            yield from _returns_nothing(_block(statement, inner), test, asked)


def _block(statement: ast.stmt, name: str) -> list[ast.stmt]:
    inside = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return [] if inside else getattr(statement, name, [])


def _is_empty_list(value: ast.expr | None) -> bool:
    if isinstance(value, ast.List | ast.Tuple):
        return not value.elts
    return isinstance(value, ast.Call) and called(value) in {"list", "tuple"} and not value.args


def _asked_for(function: ast.AST) -> set[str]:
    """The names that hold what ``visit.rows`` gave."""
    return {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _has_rows(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_rows(test: ast.expr | None, asked: set[str]) -> bool:
    if not isinstance(test, ast.UnaryOp) or not isinstance(test.op, ast.Not):
        return False
    return _has_rows(test.operand) or (isinstance(test.operand, ast.Name) and test.operand.id in asked)


def _has_rows(value: ast.expr) -> bool:
    call = value.value if isinstance(value, ast.Await) else value
    return isinstance(call, ast.Call) and called(call) == "rows"


RULES = (
    Rule(
        "empty_list",
        'An empty list comes from `visit.rows` only: a skeleton screen or a failed request is not "sold out".',
        "return what `await visit.rows(items, none=…)` gives; `if not await visit.rows(…): return []` is good too",
        _empty_lists,
    ),
)
