"""What the ledger hands out: frozen rows. What it takes are the transitions of ``farm.life``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from farm.gate import Sent
from farm.life.transition import Stage, WakeUpKind
from farm.request import Request
from farm.status import AttemptState, Attendance, BookingStatus, Cause


@dataclass(frozen=True, slots=True)
class BookingRecord:
    """One booking. ``request``, ``change`` and ``verdict`` are JSON texts; ``lease_*`` say who works on it.

    Attributes:
        change: The request that it shall become, where that was asked for and is not done.
        replaces: The booking whose place this one takes once it is confirmed.
        replaced_by: The booking that was queued to take this one's place.
    """

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
    change: str | None = field(repr=False)
    replaces: str | None
    replaced_by: str | None
    last_attempt: int
    last_event: int
    created_at: datetime
    updated_at: datetime
    settled_at: datetime | None
    attendance: Attendance

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
    widened: bool
    given_back: bool | None
    started_at: datetime
    committed_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of a booking's history.

    Attributes:
        number: Counts from 1 without gaps, in the booking.
        position: The same among all events of the booking's reseller.
    """

    booking_id: str
    number: int
    at: datetime
    kind: str
    attempt: int | None
    venue: str | None
    payload: Mapping[str, Any]
    position: int = 0


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
class Around:
    """What stands around one booking: its attempts, in order, and its open wake-ups."""

    attempts: tuple[AttemptRecord, ...] = ()
    wake_ups: tuple[WakeUp, ...] = ()


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
