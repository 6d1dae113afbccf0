"""The steps of a plan: what a client is told to do next."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

from readback_client.calls import Call

LATE_S = 1.0
"""How much longer than asked a wait may take while its stream is quiet."""


class NothingMore(Exception):
    """The stream is at its end: nothing more comes."""


@dataclass(frozen=True)
class Send:
    """Send this, and bring the whole answer. A ``httpx.TransportError`` is thrown into the plan."""

    call: Call[Any]


@dataclass(frozen=True)
class Pause:
    """Let so much time pass."""

    seconds: float


@dataclass(frozen=True)
class Hear:
    """Bring the next event of the stream, which is opened unless it is open; None: it was ended, by whomever.

    Attributes:
        after: The last ``id`` that came; the stream goes on behind it. Without one it begins where it likes.
        read_s: So long may the stream be without a byte.
        until: On the clock of ``time.monotonic``: the stream is ended when waiting for its next byte could last
            longer than that.
    """

    call: Call[None]
    after: str | None
    read_s: float
    until: float | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What opens the stream behind the last event."""
        return {} if self.after is None else {"Last-Event-ID": self.after}

    @property
    def is_over(self) -> bool:
        """True when waiting for one more byte may last too long."""
        return self.until is not None and time.monotonic() + self.read_s > self.until + LATE_S


@dataclass(frozen=True)
class Give:
    """Hand this to whoever iterates."""

    item: Any


Step: TypeAlias = Send | Pause | Hear | Give
Plan: TypeAlias = Generator[Step, Any, None]
