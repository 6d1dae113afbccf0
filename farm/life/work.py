"""What a worker does next, at a venue. Each piece of work ends as one happening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from farm.facts import Facts
from farm.life.case import Attempt
from farm.life.transition import WakeUpKind
from farm.request import Request
from farm.venue import Venue

LookFor = Literal["verify", "recheck", "late"]
CancelFor = Literal["guest", "double", "mismatch", "withdraw", "late"]
ChangeFor = Literal["guest", "amend"]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A venue that could not be waited for, and until when."""

    venue: Venue
    until: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """Begin the next attempt, at this venue.

    Attributes:
        request: As it is tried here; its window may be widened.
        earlier: Attempts whose record might appear late: each is looked at once more before this one may commit.
        passed: Where the agreed pace lets nobody in for too long: venues that would have come before this one.
        context: What was tried and why, what is held, how long is left: written into the history with the attempt.
    """

    venue: Venue
    request: Request
    widened: bool = False
    earlier: tuple[Attempt, ...] = ()
    passed: tuple[PassedOver, ...] = ()
    context: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LookAt:
    """Look at the venue's record of an attempt."""

    attempt: Attempt
    why: LookFor = "verify"


@dataclass(frozen=True, slots=True)
class CancelAt:
    """Cancel what stands of an attempt, and prove it.

    Attributes:
        keep: The venue reference of the one record that shall stay.
    """

    attempt: Attempt
    why: CancelFor
    keep: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeAt:
    """Change the record of an attempt in place, and prove it.

    Attributes:
        wish: What is wanted from now on.
        exactly: What the record must show; without it any time that the wish admits will do.
    """

    attempt: Attempt
    why: ChangeFor
    wish: Request
    exactly: Facts | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Give back the hold that an attempt without a booking has left."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class GoOn:
    """Nothing at a venue: decide again at once."""

    kind: WakeUpKind = "book"


Work = Try | LookAt | CancelAt | ChangeAt | GiveBack | GoOn
