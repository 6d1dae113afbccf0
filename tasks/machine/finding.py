"""What looking for a part of the machine gives: a program, an address, or what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Found:
    """A program that lies on this machine; nobody has started it yet."""

    path: Path
    how: str


@dataclass(frozen=True)
class Given:
    """A server that somebody else runs, named by its address."""

    url: str
    how: str


@dataclass(frozen=True)
class Missing:
    """Nothing usable was found: why, and how to get it."""

    why: str
    get: str
