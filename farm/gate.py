"""The commit gate, fail closed: the one request that makes the booking leaves once, after the guard, or never."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from farm import body
from farm.errors import ContractBroken
from farm.facts import Facts
from farm.request import Clock
from farm.rules import BodyFields, CommitRule, RequestRule

Sent = Literal["yes", "no", "unknown"]
_DEEPEST = 8
"""Fields of a body that lie deeper have no name."""
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
        never: What other visits commit (a look-up books and cancels nothing): a breach here, whatever ``safe`` says.

    Attributes:
        stopped: What was stopped, in words.
        differing: The facts in which the request that commits was not what was asked: it was stopped, nothing left.
        passed: How many requests went out; a look into the farm's mailbox counts as one.
    """

    def __init__(
        self,
        commit: RequestRule | None,
        safe: Sequence[RequestRule],
        origin: str,
        never: Sequence[RequestRule | None] = (),
    ) -> None:
        self._commit = commit
        self._safe = tuple(safe)
        self._origin = origin
        self._never = tuple(rule for rule in never if rule is not None)
        self._state: Literal["closed", "open", "spent", "shut"] = "closed"
        self._committed = False
        self._unsafe_since_open = 0
        self._until: datetime | None = None
        self._clock: Clock | None = None
        self._asked: Facts | None = None
        self._when_open: Callable[[], None] = lambda: None
        self.stopped: list[str] = []
        self.differing: tuple[str, ...] = ()
        self.passed = 0

    def when_open(self, call: Callable[[], None]) -> None:
        """Call this as the gate opens, when its deadline is known: whoever lets out what passes here keeps to it."""
        self._when_open = call

    def open_once(self, until: datetime, clock: Clock, asked: Facts | None = None) -> None:
        """Let the next request that commits pass. Called by the core only, after the guard was written.

        Args:
            until: The submit deadline. What is still held then stays, also when this process stood still meanwhile.
            clock: Tells the time that the deadline is in.
            asked: What the request must carry, where the manifest says which of its fields are facts.

        Raises:
            ContractBroken: The gate was opened before, or this visit has nothing to commit.
        """
        if self._commit is None or self._state != "closed":
            raise ContractBroken("the commit gate opens once, in a visit that commits")
        self._state, self._until, self._clock, self._asked = "open", until, clock, asked
        self._when_open()

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

    @property
    def was_opened(self) -> bool:
        """True from the commit guard on: what leaves now belongs to a commit."""
        return self._state != "closed"

    @property
    def is_late(self) -> bool:
        """True once the submit deadline has passed: nothing of this visit may leave any more."""
        left_s = self.left_s
        return left_s is not None and left_s <= 0

    @property
    def left_s(self) -> float | None:
        """Seconds to the submit deadline, less than none past it; None as long as there is none."""
        if self._until is None or self._clock is None:
            return None
        return (self._until - self._clock()).total_seconds()

    def went_past(self, method: str, url: str) -> bool:
        """A redirect sent this request on, where no gate stands: it is counted as it leaves.

        Returns:
            False when it commits what nothing may commit now: too late to stop it, and the visit must end.
        """
        allowed = self._state != "closed"
        if self._commit is not None and self._commit.may_be(method, url, None, None, self._origin):
            self._committed = True
            self._state = "spent" if self._state == "open" else self._state
            return allowed
        self._unsafe_since_open += method not in SAFE_METHODS and allowed
        return not any(rule.may_be(method, url, None, None, self._origin) for rule in self._never)

    def looked(self) -> None:
        """The farm's mailbox was asked, and not the venue's site."""
        self.passed += 1

    def rule(self, method: str, url: str, kind: str | None, text: str | None, media: str = "") -> Ruling:
        """What happens to this request, with this body; ``kind`` is None on the wire."""
        ruling = self._rule(method, url, kind, body_fields(text, media))
        self.passed += ruling is Ruling.PASS
        if ruling is not Ruling.PASS:
            self.stopped.append(spoken(method, url))
        return ruling

    def _rule(self, method: str, url: str, kind: str | None, fields: BodyFields) -> Ruling:
        if self._commit is not None and self._commit.may_be(method, url, kind, fields, self._origin):
            return self._rule_on_commit(fields)
        if any(rule.may_be(method, url, kind, fields, self._origin) for rule in self._never):
            return Ruling.BREACH
        if method in SAFE_METHODS:
            return Ruling.PASS
        if self._state == "shut":
            return Ruling.STOP
        if any(rule.surely_is(method, url, kind, fields, self._origin) for rule in self._safe):
            self._unsafe_since_open += self._state != "closed"
            return Ruling.PASS
        return Ruling.BREACH

    def _rule_on_commit(self, fields: BodyFields) -> Ruling:
        if self._state != "open":
            return Ruling.BREACH if self._state == "closed" else Ruling.STOP
        if self.is_late:
            self._state = "shut"
            return Ruling.STOP
        self.differing = self._not_as_asked(fields)
        if self.differing:
            self._state = "shut"
            return Ruling.STOP
        self._state, self._committed = "spent", True
        return Ruling.PASS

    def _not_as_asked(self, fields: BodyFields) -> tuple[str, ...]:
        if self._asked is None or not isinstance(self._commit, CommitRule):
            return ()
        return body.differing(fields, self._commit.body, self._asked)


def body_fields(text: str | None, media: str) -> BodyFields:
    """The fields of a form, or of a JSON object's first level (as JSON where they are no text).

    None for what cannot be read here: a form in parts, JSON under another name, a list.
    """
    if not text:
        return {}
    if "json" in media:
        try:
            read: object = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return None
        if not isinstance(read, dict):
            return None
        return dict(_flat(read, "", _DEEPEST))
    if "urlencoded" not in media:
        return None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        fields[name] = (*fields.get(name, ()), value)
    return fields


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys stand once: of two the site may take either, and nobody could say which."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice")
    return read


def _flat(read: dict[str, object], under: str, deeper: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each value by its name; what lies deeper by a name with dots, besides the whole as JSON."""
    for name, value in read.items():
        yield f"{under}{name}", (value if isinstance(value, str) else json.dumps(value),)
        if isinstance(value, dict) and deeper:
            yield from _flat(value, f"{under}{name}.", deeper - 1)


def spoken(method: str, url: str) -> str:
    """A request in words that may be logged."""
    return f"{method} {address(url)}"


def address(url: str) -> str:
    """Host and path of an address: no query, and nothing that looks like a secret in the path."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return host + re.sub(r"(?<=/)[A-Za-z0-9_-]{12,}(?=/|$)", "…", parts.path)
