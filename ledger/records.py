"""What the ledger hands out (frozen rows) and what it takes (frozen changes)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal

from farm.facts import Claim
from farm.gate import Sent
from farm.request import Request
from farm.status import AttemptState, BookingStatus, Cause
from farm.verdict import Verdict
from ledger.columns import Stage

WakeUpKind = Literal["book", "verify", "cancel"]


@dataclass(frozen=True, slots=True)
class BookingRecord:
    """One booking. ``request`` and ``verdict`` are JSON texts; ``lease_*`` say who works on it."""

    id: str
    reseller: str
    reseller_reference: str | None
    idempotency_key: str | None
    request_fingerprint: str
    request: str = field(repr=False)
    code: str
    status: BookingStatus
    cause: Cause | None
    sentence: str | None = field(repr=False)
    venue: str | None
    venue_reference: str | None
    verdict: str | None = field(repr=False)
    fence: int
    lease_owner: str | None
    lease_until: datetime | None
    cancel_requested_at: datetime | None
    last_attempt: int
    last_event: int
    created_at: datetime
    updated_at: datetime
    settled_at: datetime | None

    def wanted(self) -> Request:
        """The request as it was queued."""
        return Request.model_validate_json(self.request)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt at one venue. Facts are JSON texts of the models in ``farm.facts``."""

    id: str
    booking_id: str
    number: int
    venue: str
    our_reference: str
    state: AttemptState
    cause: Cause | None
    detail: str | None
    fence: int
    offer: str | None
    hold: str | None
    recap: str | None = field(repr=False)
    expected: str | None = field(repr=False)
    claim: str | None = field(repr=False)
    sent: Sent | None
    submit_deadline: datetime | None
    stages: tuple[Stage, ...]
    verdict: str | None = field(repr=False)
    read_backs: int
    started_at: datetime
    committed_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of a booking's history; ``number`` counts from 1 without gaps."""

    booking_id: str
    number: int
    at: datetime
    kind: str
    attempt: int | None
    venue: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Something that must happen to a booking at ``due_at`` or later."""

    id: int
    booking_id: str
    kind: WakeUpKind
    due_at: datetime
    sent_at: datetime | None
    sends: int
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The booking behind an accepted request; ``created`` is False when its idempotency key was known."""

    booking: BookingRecord
    created: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one booking until ``until``. ``fence`` grows with every taking."""

    booking_id: str
    owner: str
    fence: int
    until: datetime


@dataclass(frozen=True, slots=True)
class VenueCount:
    """How many attempts at a venue stand in a state."""

    venue: str
    state: AttemptState
    attempts: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What the rates are computed from."""

    by_status: Mapping[BookingStatus, int]
    by_cause: Mapping[Cause, int]
    by_venue: tuple[VenueCount, ...]


class Unset(Enum):
    """The type of ``UNSET``."""

    TOKEN = "unset"  # noqa: S105 - not a secret


UNSET: Final = Unset.TOKEN
"""Leave this field as it is (None would clear it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptChange:
    """What becomes of an attempt.

    Attributes:
        id: Of the attempt.
        detail: Short, without guest data.
        stages: Added after those that are there, until the attempt has enough of them.
        looked: Read-backs done since the last change; added to ``read_backs``.
    """

    id: str
    state: AttemptState | Unset = UNSET
    cause: Cause | Unset | None = UNSET
    detail: str | Unset | None = UNSET
    claim: Claim | Unset | None = UNSET
    sent: Sent | Unset | None = UNSET
    verdict: Verdict | Unset | None = UNSET
    stages: tuple[Stage, ...] = ()
    looked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingChange:
    """What becomes of a booking. ``CONFIRMED`` needs a verdict that proves it in the same change."""

    status: BookingStatus | Unset = UNSET
    cause: Cause | Unset | None = UNSET
    sentence: str | Unset | None = UNSET
    venue: str | Unset | None = UNSET
    venue_reference: str | Unset | None = UNSET
    verdict: Verdict | Unset | None = UNSET


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append; ``payload`` is small and never guest data."""

    kind: str
    attempt: int | None = None
    venue: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewWakeUp:
    """A wake-up of this booking to set."""

    kind: WakeUpKind
    due_at: datetime
