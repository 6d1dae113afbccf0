"""What the doors hand out as JSON: closed, frozen models. No guest data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, Self

from pydantic import AwareDatetime

from farm.facts import Fact
from farm.gate import Sent
from farm.status import AttemptState, Attendance, BookingStatus, Cause
from farm.tier import Tier
from farm.verdict import Verdict
from gateway.standing_answers import BookedAnswer, Standing, WaitsAnswer
from ledger.records import AttemptRecord, BookingRecord

if TYPE_CHECKING:
    from gateway.complaint import Complaint
    from ledger.erasing import Erased


class StageAnswer(Fact):
    """How long one step took."""

    stage: str
    seconds: float


class AttemptAnswer(Fact):
    """One attempt at one venue.

    Attributes:
        our_reference: What was planted in the venue's record.
        sent: Whether the request that makes the booking went out; None before the commit.
    """

    number: int
    venue: str
    our_reference: str
    state: AttemptState
    cause: Cause | None
    detail: str | None
    sent: Sent | None
    stages: tuple[StageAnswer, ...]
    started_at: AwareDatetime
    committed_at: AwareDatetime | None
    closed_at: AwareDatetime | None

    @classmethod
    def of(cls, attempt: AttemptRecord) -> Self:
        """The answer for a row of the ledger."""
        return cls(
            number=attempt.number,
            venue=attempt.venue,
            our_reference=attempt.our_reference,
            state=attempt.state,
            cause=attempt.cause,
            detail=attempt.detail,
            sent=attempt.sent,
            stages=tuple(StageAnswer(stage=s.stage, seconds=s.seconds) for s in attempt.stages),
            started_at=attempt.started_at,
            committed_at=attempt.committed_at,
            closed_at=attempt.closed_at,
        )


class BookingAnswer(Fact):
    """One booking.

    Attributes:
        settled: The farm does nothing more by itself.
        sentence: How it stands, in words for the guest.
        waits: What it waits for; of one that is settled: when its record is read again. Null: nothing is to come.
        know_by: When the guest knows at the latest whether a place was found: as the request says, else when what is
            wanted could no longer begin.
        venue: Where it is booked or is being booked.
        venue_reference: The venue's own booking number.
        booked: What stands in the venue's record, once it is confirmed.
        verdict: What the last read-back said, field by field; None before there was one.
        attendance: Whether the guest came, once somebody has said so.
        last_event: The ``sequence`` of its newest event: a stream that goes on behind it tells what changes.
        replaces: The booking whose place this one takes once it is confirmed.
        replaced_by: The booking that was queued to take this one's place.
    """

    id: str
    reseller: str
    reseller_reference: str | None
    status: BookingStatus
    settled: bool
    cause: Cause | None
    sentence: str
    waits: WaitsAnswer | None
    know_by: AwareDatetime
    venue: str | None
    venue_reference: str | None
    booked: BookedAnswer | None
    verdict: Verdict | None
    attendance: Attendance
    attempts: tuple[AttemptAnswer, ...]
    created_at: AwareDatetime
    updated_at: AwareDatetime
    settled_at: AwareDatetime | None
    cancel_requested_at: AwareDatetime | None
    last_event: int
    replaces: str | None = None
    replaced_by: str | None = None

    @classmethod
    def of(cls, booking: BookingRecord, attempts: Sequence[AttemptRecord], standing: Standing) -> Self:
        """The answer for what the ledger has, and for what follows from it."""
        return cls(
            id=booking.id,
            reseller=booking.reseller,
            reseller_reference=booking.reseller_reference,
            status=booking.status,
            settled=booking.status.settled,
            cause=booking.cause,
            sentence=standing.sentence,
            waits=standing.waits,
            know_by=standing.know_by,
            venue=booking.venue,
            venue_reference=booking.venue_reference,
            booked=standing.booked,
            attendance=booking.attendance,
            verdict=Verdict.model_validate_json(booking.verdict) if booking.verdict else None,
            attempts=tuple(AttemptAnswer.of(attempt) for attempt in attempts),
            created_at=booking.created_at,
            updated_at=booking.updated_at,
            settled_at=booking.settled_at,
            cancel_requested_at=booking.cancel_requested_at,
            last_event=booking.last_event,
            replaces=booking.replaces,
            replaced_by=booking.replaced_by,
        )


class BookingsAnswer(Fact):
    """Several bookings, newest first."""

    bookings: tuple[BookingAnswer, ...]


class SoldAnswer(Fact):
    """One thing that a venue sells: what a request's ``service`` asks for, and the people per unit."""

    service: str
    seats: int


class VenueAnswer(Fact):
    """One venue that can be booked.

    Attributes:
        sells: What its file names; empty where the venue's own pages say it.
        resources: What a request's ``resource`` may ask for; empty where the venue's own pages say it.
        tier: What its integration counts as now: as its manifest says, or less while its nightly check breaks.
        verified_on: The day of the check that earned what the manifest says.
        closed: Why it takes no new bookings, and what to do; None when it does.
    """

    slug: str
    name: str
    city: str | None
    kind: str
    integration: str
    partner: str
    groups: tuple[str, ...]
    payment: str
    timezone: str
    currency: str
    origin: str
    sells: tuple[SoldAnswer, ...]
    resources: tuple[str, ...]
    tier: Tier
    verified_on: date | None
    closed: str | None


class VenuesAnswer(Fact):
    """Every venue that can be booked."""

    venues: tuple[VenueAnswer, ...]


class LeftoverAnswer(Fact):
    """What an attempt without a booking has left at a venue.

    Attributes:
        until: A hold ends by itself then; an account stays until somebody closes it.
    """

    what: Literal["account", "hold"]
    venue: str
    our_reference: str
    booking: str
    until: AwareDatetime | None


class LeftoversAnswer(Fact):
    """Everything that was left."""

    leftovers: tuple[LeftoverAnswer, ...]


class EgressCount(Fact):
    """What went to one partner's venues since the egress guard has started, and what came back."""

    connections: int
    bytes_up: int
    bytes_down: int


class EgressAnswer(Fact):
    """What went through the egress guard, by partner."""

    partners: dict[str, EgressCount]


class ErasedAnswer(Fact):
    """What ``readback erase`` removed.

    Attributes:
        bookings: The guest's; they stay, and no longer say whose they were.
        removed: How many texts were rewritten, by table and column.
        evidence: How many items of evidence were deleted.
        left: Where a new search has still found the guest.
        compacted: The database's files keep nothing that was overwritten.
        mailboxes: Partners in whose mailbox letters to the guest may lie.
    """

    bookings: tuple[str, ...]
    removed: dict[str, int]
    evidence: int
    left: tuple[str, ...]
    compacted: bool
    mailboxes: tuple[str, ...]

    @classmethod
    def of(cls, erased: Erased, evidence: int, mailboxes: Sequence[str]) -> Self:
        """The answer for one guest."""
        return cls(
            bookings=erased.booking_ids,
            removed=dict(erased.columns),
            evidence=evidence,
            left=erased.left,
            compacted=erased.compacted,
            mailboxes=tuple(mailboxes),
        )


class FaultAnswer(Fact):
    """One thing that is wrong with what was given, and its place in it."""

    where: str
    what: str


class Problem(Fact):
    """Why a command did nothing.

    Attributes:
        then: What to do next.
    """

    error: str
    faults: tuple[FaultAnswer, ...]
    then: str | None

    @classmethod
    def of(cls, complaint: Complaint) -> Self:
        """The answer for a complaint."""
        faults = tuple(FaultAnswer(where=fault.where, what=fault.what) for fault in complaint.faults)
        return cls(error=complaint.what, faults=faults, then=complaint.then)
