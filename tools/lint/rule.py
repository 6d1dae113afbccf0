"""What a rule is, and what it finds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.lint.source import Module, Source, Table, line_of


@dataclass(frozen=True)
class Spot:
    """A place in a file, and what is wrong there."""

    path: Path
    line: int
    text: str


@dataclass(frozen=True)
class Rule:
    """One rule, as data.

    Attributes:
        name: How an exemption names it.
        sentence: What it demands.
        what_to_do: How to put a finding right.
        look: Every place that breaks it.
    """

    name: str
    sentence: str
    what_to_do: str
    look: Callable[[Source], Iterator[Spot]]


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule."""

    rule: Rule
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text} ({self.rule.name})"


def in_code(module: Module, node: ast.AST, text: str) -> Spot:
    """A place in a Python file."""
    return Spot(module.path, line_of(node), text)


def in_table(table: Table, words: str, text: str) -> Spot:
    """A place in a TOML file: the first line with these words."""
    return Spot(table.path, table.line_with(words), text)
