"""A JSON document that a person named: read whole and strictly, or a complaint that says where it breaks off."""

from __future__ import annotations

import json
import sys
from collections import Counter
from math import isfinite
from pathlib import Path

from farm.schema import Fault
from gateway.complaint import Complaint

SIZE_LIMIT = 256 * 1024
DEPTH_LIMIT = 32
DIGITS_LIMIT = 30


def read_json(source: str) -> tuple[object, str]:
    """The document, and what to call it.

    Args:
        source: A file, or ``-`` for standard input.

    Raises:
        Complaint: It cannot be read, is not JSON, or is larger than any request.
    """
    name = "standard input" if source == "-" else source
    return parsed(_content_of(source, name), name), name


def parsed(content: bytes, name: str) -> object:
    """The document in these bytes.

    Args:
        content: UTF-8, with or without its mark, and at most ``SIZE_LIMIT`` of it.
        name: What to call it.

    Raises:
        Complaint: It is not JSON, or deeper than any request; where it breaks off, or every fault.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Complaint(f"{name} is not UTF-8 text") from None
    strictly = _Strictly()
    try:
        written: object = json.loads(
            text,
            parse_constant=strictly.constant,
            parse_int=strictly.whole_number,
            parse_float=strictly.fraction,
            object_pairs_hook=strictly.pairs,
        )
    except json.JSONDecodeError as error:
        raise Complaint(f"{name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise _too_deep(name) from None
    if _is_deeper(written, DEPTH_LIMIT):
        raise _too_deep(name)
    if strictly.faults:
        raise Complaint(f"{name} cannot be read", faults=strictly.faults)
    try:
        json.dumps(written, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Complaint(f"{name} holds half a character (a lone surrogate like \\ud800)") from None
    return written


def _content_of(source: str, name: str) -> bytes:
    try:
        content = _content(source)
    except OSError as error:
        raise Complaint(f"{name} cannot be read: {error.strerror or error}", then="- reads standard input") from None
    if len(content) > SIZE_LIMIT:
        raise Complaint(f"{name} is too large for a request: more than {SIZE_LIMIT // 1024} KiB")
    return content


def _content(source: str) -> bytes:
    if source != "-":
        with Path(source).open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    if sys.stdin is None:
        raise OSError("it is closed")
    return sys.stdin.buffer.read(SIZE_LIMIT + 1)


def _is_deeper(value: object, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(one, levels - 1) for one in inside)


def _too_deep(name: str) -> Complaint:
    return Complaint(f"{name} is nested too deeply for a request: more than {DEPTH_LIMIT} levels")


class _Strictly:
    """Collects what Python's own reader lets pass: words that are no JSON, endless numbers, a key given twice."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def constant(self, word: str) -> None:
        self._add(f"`{word}` is no JSON")

    def whole_number(self, digits: str) -> int:
        if len(digits) <= DIGITS_LIMIT:
            return int(digits)
        self._add(f"`{digits[:10]}…` is too long a number: {len(digits)} digits")
        return 0

    def fraction(self, digits: str) -> float:
        number = float(digits)
        if not isfinite(number):
            self._add(f"`{digits[:10]}` is too large a number")
        return number

    def pairs(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        for key, times in Counter(key for key, _ in pairs).items():
            if times > 1:
                self._add(f"`{key}` is given twice")
        return dict(pairs)

    def _add(self, what: str) -> None:
        self.faults.append(Fault("", what))
