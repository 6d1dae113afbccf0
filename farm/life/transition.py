"""What one decision writes: of attempts, of the booking, into its history, and what must happen later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, Literal

from farm.facts import Claim, Facts
from farm.gate import Sent
from farm.request import Request
from farm.status import AttemptState, BookingStatus, Cause
from farm.verdict import Verdict

WakeUpKind = Literal["book", "verify", "cancel", "change", "recheck"]


class Unset(Enum):
    """The type of ``UNSET``."""

    TOKEN = "unset"  # noqa: S105 - not a secret


UNSET: Final = Unset.TOKEN
"""Leave this field as it is (None would clear it)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How long one step of an attempt took."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptChange:
    """What becomes of an attempt.

    Attributes:
        id: Of the attempt.
        detail: Short, without guest data.
        expected: What its record must show from now on; only a change that is done moves it.
        given_back: Whether its hold was given back, as far as the venue shows it.
        stages: Added after those that are there, until the attempt has enough of them.
        looked: Read-backs done since the last change; added to ``read_backs``.
    """

    id: str
    state: AttemptState | Unset = UNSET
    cause: Cause | Unset | None = UNSET
    detail: str | Unset | None = UNSET
    claim: Claim | Unset | None = UNSET
    sent: Sent | Unset | None = UNSET
    expected: Facts | Unset = UNSET
    verdict: Verdict | Unset | None = UNSET
    given_back: bool | Unset = UNSET
    stages: tuple[Stage, ...] = ()
    looked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChange:
    """What becomes of a booking. ``CONFIRMED`` needs a verdict that proves it in the same change.

    Attributes:
        request: The wish as it is from now on.
        change: The wish to change it; None: done, or given up.
    """

    status: BookingStatus | Unset = UNSET
    cause: Cause | Unset | None = UNSET
    sentence: str | Unset | None = UNSET
    venue: str | Unset | None = UNSET
    venue_reference: str | Unset | None = UNSET
    verdict: Verdict | Unset | None = UNSET
    request: Request | Unset = UNSET
    change: Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append; ``payload`` is small and never guest data."""

    kind: str
    attempt: int | None = None
    venue: str | None = None
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewWakeUp:
    """A wake-up of this booking to set."""

    kind: WakeUpKind
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """Everything that one decision writes, whole or not at all.

    Attributes:
        wake: Set after those of ``done`` were closed.
        successor: A booking that shall replace this one: queued in the same transaction.
        calls_off: Another booking, which this one has replaced: its cancellation is asked for.
    """

    attempts: Sequence[AttemptChange] = ()
    booking: BookingChange | None = None
    events: Sequence[NewEvent] = ()
    wake: Sequence[NewWakeUp] = ()
    done: Sequence[WakeUpKind] = ()
    successor: Request | None = None
    calls_off: str | None = None


NOTHING: Final = Transition()
"""Nothing is written."""
