"""The commit gate, fail closed: the one request that makes the booking leaves once, after the guard, or never."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from farm.errors import ContractBroken
from farm.manifest import RequestRule

Sent = Literal["yes", "no", "unknown"]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Ruling(Enum):
    """What happens to one request."""

    PASS = "goes out"  # noqa: S105 - a ruling, no password
    STOP = "stopped"
    BREACH = "stopped, and a breach"
    """Stopped, and the script or the manifest is wrong: the visit ends."""


class CommitGate:
    """Rules on every request of one visit, from the page and on the wire.

    Closed until the core opens it (``open_once``, after the commit guard). While it is closed a request that commits
    is a breach; once one has passed, a second is stopped. Every other unsafe request must be listed as safe. When the
    click has ended, the core shuts it.

    Args:
        commit: The request that commits in this visit; None in a visit that only reads.
        safe: The unsafe requests that commit nothing: look-up forms, carts, log-ins.
        origin: The venue's origin, for ``{origin}`` in the rules.

    Attributes:
        stopped: What was stopped, in words.
        passed: How many requests went out.
    """

    def __init__(self, commit: RequestRule | None, safe: Sequence[RequestRule], origin: str) -> None:
        self._commit = commit
        self._safe = tuple(safe)
        self._origin = origin
        self._state: Literal["closed", "open", "spent", "shut"] = "closed"
        self._committed = False
        self._unsafe_since_open = 0
        self.stopped: list[str] = []
        self.passed = 0

    def open_once(self) -> None:
        """Let the next request that commits pass. Called by the core only, after the guard was written.

        Raises:
            ContractBroken: The gate was opened before, or this visit has nothing to commit.
        """
        if self._commit is None or self._state != "closed":
            raise ContractBroken("the commit gate opens once, in a visit that commits")
        self._state = "open"

    def shut(self) -> Sent:
        """Let nothing unsafe out any more, and say whether the commit went out: that answer stays true.

        Called by the core however the click ended. Without it a page could still send what "no" was said of.
        """
        self._state = "shut"
        return self.sent

    @property
    def sent(self) -> Sent:
        """Did the commit go out? ``no`` only if no unsafe request at all left since the gate was opened."""
        if self._committed:
            return "yes"
        return "unknown" if self._unsafe_since_open else "no"

    def went_past(self, method: str) -> None:
        """A redirect sent this request on, where no gate stands; an unsafe one may have been anything."""
        self._unsafe_since_open += method not in SAFE_METHODS and self._state != "closed"

    def rule(self, method: str, url: str, kind: str | None, body: str | None, media: str = "") -> Ruling:
        """What happens to this request; ``kind`` is None on the wire."""
        ruling = self._rule(method, url, kind, body_fields(body, media))
        self.passed += ruling is Ruling.PASS
        return ruling

    def _rule(self, method: str, url: str, kind: str | None, fields: dict[str, str]) -> Ruling:
        if self._commit is not None and self._commit.recognises(method, url, kind, fields, self._origin):
            return self._rule_on_commit(method, url)
        if method in SAFE_METHODS:
            return Ruling.PASS
        if self._state == "shut":
            self.stopped.append(spoken(method, url))
            return Ruling.STOP
        if any(rule.recognises(method, url, kind, fields, self._origin) for rule in self._safe):
            self._unsafe_since_open += self._state != "closed"
            return Ruling.PASS
        self.stopped.append(spoken(method, url))
        return Ruling.BREACH

    def _rule_on_commit(self, method: str, url: str) -> Ruling:
        if self._state == "open":
            self._state, self._committed = "spent", True
            return Ruling.PASS
        self.stopped.append(spoken(method, url))
        return Ruling.BREACH if self._state == "closed" else Ruling.STOP


def body_fields(body: str | None, media: str) -> dict[str, str]:
    """The fields of a form or of a JSON object's first level; empty for anything else."""
    if not body:
        return {}
    if "json" in media:
        try:
            read: object = json.loads(body)
        except ValueError:
            return {}
        return {str(k): str(v) for k, v in read.items()} if isinstance(read, dict) else {}
    return dict(parse_qsl(body, keep_blank_values=True)) if "urlencoded" in media else {}


def spoken(method: str, url: str) -> str:
    """A request in words that may be logged: no query, and nothing that looks like a secret in the path."""
    parts = urlsplit(url)
    return f"{method} {parts.netloc}{re.sub(r'(?<=/)[A-Za-z0-9_-]{12,}(?=/|$)', '…', parts.path)}"
