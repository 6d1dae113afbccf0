"""What a venue puts up with, as far as it is known; and whether somebody may go there now. Pure.

The breaker is for when less is not enough: a challenge, a venue that is down, complaints at the slowest rate. While
it is open nobody goes there; after that one visit does, and what it meets decides for all. What follows from what was
met stands in ``farm.learning``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

PATIENCE_MIN = 6
"""Clean minutes before more is tried than was ever proven."""
PROBE_S = 300.0
"""After so long the one who was sent to try must be dead, and another may."""

Kind = Literal["clean", "throttled", "challenged", "down"]


class Breaker(StrEnum):
    """``CLOSED``: visits go. ``OPEN``: none does. ``HALF_OPEN``: one is on its way, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the partner agreed to (see ``profiles.terms.tolerance``)."""

    floor_per_min: float
    ceiling_per_min: float
    start_per_min: float
    step_per_min: float
    back_off: float
    cool_down_s: float
    challenge_pause_s: float


@dataclass(frozen=True, slots=True)
class Met:
    """What one visit met.

    Attributes:
        asked: How many requests it made.
        latency_s: How long the venue usually took to answer one; None where that was not measured.
        retry_after_s: For how long the venue asked to be left alone.
        probe: The token under which it was let through a half-open breaker.
    """

    kind: Kind
    asked: int = 1
    latency_s: float | None = None
    retry_after_s: float | None = None
    probe: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How often what was met."""

    visits: int = 0
    throttled: int = 0
    slowed: int = 0
    challenged: int = 0
    down: int = 0


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is known of one partner's tolerance, or of one account's there.

    Attributes:
        rate_per_min: The most requests in a minute now.
        until: Closed: the end of the cool-down. Open: when one may try. Half open: when the one who does is given up.
        why: What the breaker opened for: ``throttled``, ``challenged`` or ``down``.
        probe: The token of the visit that tries.
        limit_per_min: The rate at which the last complaint came; None: no wall is known.
        proven_per_min: The highest rate below it that was used and clean for a minute.
        held_min: Clean minutes since there was nothing more to win.
        patience_min: So many of them, and more is tried.
        deaf_until: Complaints until then speak of the rate before: a burst of them counts once.
        latency_s: How long the venue usually takes to answer.
        slow, complaints, downs: How many in a row.
        opened: How often in a row the breaker opened; it stays open for twice as long each time.
        minute_began, minute_asked: The minute that is counted.
    """

    rate_per_min: float
    state: Breaker = Breaker.CLOSED
    until: datetime | None = None
    why: Kind | None = None
    probe: str | None = None
    limit_per_min: float | None = None
    proven_per_min: float | None = None
    held_min: int = 0
    patience_min: int = PATIENCE_MIN
    deaf_until: datetime | None = None
    latency_s: float | None = None
    slow: int = 0
    complaints: int = 0
    downs: int = 0
    opened: int = 0
    minute_began: datetime | None = None
    minute_asked: int = 0
    counts: Counts = Counts()

    def waits_until(self, now: datetime) -> datetime | None:
        """Until when nobody goes there; None: one may. Reads only: ``ask`` is for whoever really goes."""
        return self.until if self.until is not None and now < self.until else None

    def is_blocked(self, now: datetime) -> bool:
        """True while the breaker keeps everybody away."""
        return self.state is not Breaker.CLOSED and self.waits_until(now) is not None


@dataclass(frozen=True, slots=True)
class Go:
    """A visit may begin.

    Attributes:
        probe: It is the one that tries; what it meets must be told under this token.
    """

    per_min: float
    probe: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """No visit may begin before."""

    until: datetime
    why: Kind | None = None


def fresh(bounds: Bounds) -> Tolerance:
    """Nothing is known yet."""
    return Tolerance(inside(bounds.start_per_min, bounds))


def fitted(known: Tolerance, bounds: Bounds) -> Tolerance:
    """What is known, inside bounds that may have changed since."""
    rate = inside(known.rate_per_min, bounds)
    return known if rate == known.rate_per_min else replace(known, rate_per_min=rate)


def ask(known: Tolerance, token: str, now: datetime) -> tuple[Tolerance, Go | Wait]:
    """Whether a visit may begin now; whoever is told to go through a half-open breaker is the only one.

    Args:
        known: As it was read. The answer counts once what comes back was written in its place.
        token: Of this visit.
        now: The ledger's time.
    """
    until = known.waits_until(now)
    if until is not None:
        return known, Wait(until, known.why)
    if known.state is Breaker.CLOSED:
        return known, Go(known.rate_per_min)
    until = now + timedelta(seconds=PROBE_S)
    return replace(known, state=Breaker.HALF_OPEN, until=until, probe=token), Go(known.rate_per_min, token)


def go_on(known: Tolerance) -> Tolerance:
    """A person has spoken with the partner: visits may go, at what was learned."""
    return replace(
        known, state=Breaker.CLOSED, until=None, why=None, probe=None, complaints=0, downs=0, slow=0, opened=0
    )


def inside(rate_per_min: float, bounds: Bounds) -> float:
    """The rate, or the nearest one that was agreed to."""
    return min(max(rate_per_min, bounds.floor_per_min), bounds.ceiling_per_min)
