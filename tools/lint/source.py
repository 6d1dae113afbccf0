"""An integration as the rules see it: its code as trees with their comments, its TOML as it is written."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)
_NO_REASON = re.compile(r"#\s*(noqa|type:|pragma|mypy:|ruff:)")
_WORDS_OF_A_REASON = 3


class Unreadable(Exception):
    """A file that no rule can look at; the text names it and says why."""


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> Module:
        """Parse a file.

        Raises:
            Unreadable: It is no Python.
        """
        text = path.read_text(encoding="utf-8")
        try:
            return cls(path, text, ast.parse(text))
        except SyntaxError as error:
            raise Unreadable(f"{path.name}:{error.lineno}: not valid Python: {error.msg}") from None

    @cached_property
    def lines(self) -> list[str]:
        """The file, line by line; the first is number 0."""
        return self.text.splitlines()

    def find(self, *kinds: type[Node]) -> Iterator[Node]:
        """Every node of these kinds, from top to bottom."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, kinds)]
        yield from sorted(found, key=lambda node: (line_of(node), getattr(node, "col_offset", 0)))

    def calls(self) -> Iterator[ast.Call]:
        """Every call."""
        yield from self.find(ast.Call)

    def has_reason(self, node: ast.AST) -> bool:
        """A comment on a line of the node's statement, or on the line before it, says why."""
        first, last = self._spans.get(node, (line_of(node), line_of(node)))
        above = first - 1
        while above in self._whole_line_comments:
            if self._says_why(above):
                return True
            above -= 1
        return any(self._says_why(line) for line in range(first, last + 1))

    def _says_why(self, line: int) -> bool:
        said = self._comments.get(line, "")
        return not _NO_REASON.match(said) and len(re.findall(r"\w+", said)) >= _WORDS_OF_A_REASON

    @cached_property
    def _comments(self) -> dict[int, str]:
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    @cached_property
    def _whole_line_comments(self) -> set[int]:
        return {line for line in self._comments if self.lines[line - 1].lstrip().startswith("#")}

    @cached_property
    def _spans(self) -> dict[ast.AST, tuple[int, int]]:
        """For each node the lines of its own statement; of a block only those of its head."""
        return dict(_spans(self.tree, (1, 1)))


def _spans(node: ast.AST, span: tuple[int, int]) -> Iterator[tuple[ast.AST, tuple[int, int]]]:
    if isinstance(node, ast.stmt):
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
        span = (node.lineno, max(last, node.lineno))
    yield node, span
    for child in ast.iter_child_nodes(node):
        yield from _spans(child, span)


def line_of(node: ast.AST) -> int:
    """The line that a node begins on."""
    return getattr(node, "lineno", 1)


def called(call: ast.Call) -> str:
    """The last name of what is called: ``goto`` of ``page.goto(...)``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@dataclass(frozen=True)
class Table:
    """One TOML file, as it is written."""

    path: Path
    text: str
    content: Mapping[str, object]

    @classmethod
    def read(cls, path: Path) -> Table:
        """Parse a file; one that is not there is empty.

        Raises:
            Unreadable: It is no TOML.
        """
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        try:
            return cls(path, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise Unreadable(f"{path.name}: not valid TOML: {error}") from None

    def line_with(self, words: str) -> int:
        """The first line that has these words; 1 where none has."""
        return next((number for number, line in enumerate(self.text.splitlines(), 1) if words in line), 1)

    def entries(self, *keys: str) -> list[Mapping[str, object]]:
        """The tables of a list such as ``[[refusal]]`` or ``[[quality.exempt]]``."""
        at: object = self.content
        for key in keys:
            at = at.get(key) if isinstance(at, dict) else None
        return [one for one in at if isinstance(one, dict)] if isinstance(at, list) else []


@dataclass(frozen=True)
class Source:
    """One integration's folder."""

    folder: Path
    modules: tuple[Module, ...]
    manifest: Table
    venues: tuple[Table, ...]
    cases: Table

    @classmethod
    def read(cls, folder: Path) -> Source:
        """Parse everything in the folder.

        Raises:
            Unreadable: A file is no Python or no TOML.
        """
        return cls(
            folder,
            tuple(Module.read(path) for path in sorted(folder.glob("*.py"))),
            Table.read(folder / "manifest.toml"),
            tuple(Table.read(path) for path in sorted(folder.glob("venues/*.toml"))),
            Table.read(folder / "cases.toml"),
        )

    @property
    def slug(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def script(self) -> Module | None:
        """``script.py``; None where there is none."""
        return next((module for module in self.modules if module.path.name == "script.py"), None)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every TOML file."""
        return (self.manifest, *self.venues, self.cases)
