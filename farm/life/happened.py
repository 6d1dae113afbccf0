"""What happened to a booking: the only things that a decision follows from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from farm.facts import Claim, Facts
from farm.gate import Sent
from farm.life.transition import Stage, WakeUpKind
from farm.life.work import CancelAt, CancelFor, ChangeAt, ChangeFor, GiveBack, LookAt, LookFor, Try
from farm.status import Cause
from farm.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Woken:
    """A wake-up came: a hint that something may be due."""

    kind: WakeUpKind


@dataclass(frozen=True, slots=True)
class Deferred:
    """The agreed pace lets nobody in now: nothing was begun at the venue.

    Attributes:
        until: When asking again may help.
    """

    work: Try | LookAt | CancelAt | ChangeAt | GiveBack
    until: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class NothingBooked:
    """An attempt ended before its guard.

    Attributes:
        ours: By a fault of our own, which is not held against the venue at once.
    """

    attempt_id: str
    cause: Cause
    detail: str
    stages: tuple[Stage, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True)
class RecordAppeared:
    """Before its guard an attempt found that an earlier one has a record after all: nothing was clicked."""

    attempt_id: str
    earlier_id: str
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Clicked:
    """The last click ended, and nobody has looked yet."""

    attempt_id: str
    kind: Literal["claimed", "refused", "in_doubt"]
    sent: Sent
    claim: Claim | None = None
    cause: Cause | None = None
    detail: str = ""
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """The venue's record was looked at, or the look broke (a verdict of ``in_doubt``)."""

    attempt_id: str
    why: LookFor
    verdict: Verdict
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class CannotLook:
    """The integration that could look is gone or broken: asking again would not help."""

    attempt_id: str
    why: LookFor
    detail: str
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A cancellation is proven: by this look nothing of ours stands any more, but what was to be kept."""

    attempt_id: str
    why: CancelFor
    verdict: Verdict
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class NotCancelled:
    """A cancellation could not be proven.

    Attributes:
        for_good: Trying again would not help.
    """

    attempt_id: str
    why: CancelFor
    detail: str
    for_good: bool = False
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """A change in place ended: ``done`` and seen, refused and ``unchanged``, or nobody knows yet."""

    attempt_id: str
    why: ChangeFor
    kind: Literal["done", "unchanged", "unknown"]
    verdict: Verdict
    wanted: Facts | None = None
    cause: Cause | None = None
    detail: str = ""
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A hold was given back, as far as the venue shows it."""

    attempt_id: str
    proven: bool
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A person has looked at the venue, and says what stands there.

    Attributes:
        found: The venue reference of our record; None: there is none.
        by: Who says so.
        reason: How they know.
        called_off: There is none, and nobody wants another: it shall not be looked for elsewhere.
    """

    found: str | None
    by: str
    reason: str
    at: datetime
    called_off: bool = False

    @property
    def said(self) -> str:
        """The word itself, as the history has it."""
        if self.found is not None:
            return f"found {self.found}"
        return "cancelled" if self.called_off else "absent"


Happening = (
    Woken
    | Deferred
    | NothingBooked
    | RecordAppeared
    | Clicked
    | Looked
    | CannotLook
    | Cancelled
    | NotCancelled
    | Changed
    | GivenBack
    | Resolved
)
