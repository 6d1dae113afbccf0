"""How a venue turns a visit away: 429 asks for patience, a 403 or a challenge for somebody else than us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from farm.retry_after import asked_to_wait_s

RebuffKind = Literal["throttled", "challenged"]
_REFUSING = frozenset({403, 429})
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Rebuff:
    """One answer that turned us away, as it may be written down: nothing of a guest is in it.

    Attributes:
        what: The request: method, host and path, without its query.
        headers: The names of the answer's headers, sorted; their values may know the visitor.
        retry_after_s: For how long the venue wants to be left alone, where it said so.
        user_agent: As whom we asked, where the browser has told.
    """

    kind: RebuffKind
    what: str
    status: int
    headers: tuple[str, ...] = ()
    retry_after_s: float | None = None
    user_agent: str | None = None

    def __str__(self) -> str:
        wait = f", retry after {self.retry_after_s:g} s" if self.retry_after_s is not None else ""
        return f"{self.what} was answered {self.status}{wait}"


def rebuff(status: int, headers: Mapping[str, str], what: str) -> Rebuff | None:
    """What an answer turns us away with: 403, 429, or a challenge by its header; None when it does not.

    Args:
        status: Of the answer.
        headers: Of the answer, by their names in lower case.
        what: The request, in words that may be logged.
    """
    challenged = headers.get("cf-mitigated") == "challenge"
    if status not in _REFUSING and not challenged:
        return None
    kind: RebuffKind = "throttled" if status == _TOO_MANY and not challenged else "challenged"
    wait_s = asked_to_wait_s(headers, datetime.now(UTC))
    return Rebuff(kind, what, status, tuple(sorted(headers)), wait_s)
