"""What a person needs who must look at a venue's record: where, for what, and what may be said of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime

from farm.facts import Fact
from farm.gate import Sent
from farm.life import by_person
from farm.life.case import Attempt, Case
from farm.registry import Registry
from farm.status import BookingStatus, Cause
from farm.venue import Place
from farm.verdict import Verdict
from gateway.standing_answers import BookedAnswer
from ledger.records import AttemptRecord, BookingRecord
from tasks.known import known


class Says(StrEnum):
    """What a person may say: a record stands; none does, and it goes on; none does, and nothing else is wanted."""

    STANDS = "stands"
    NOTHING_STANDS = "nothing_stands"
    CANCELLED = "cancelled"


class DoubtAnswer(Fact):
    """A booking that waits for a person's word.

    Attributes:
        status: Of the booking. One that is not `in_doubt` is settled, and a record that is one too many may stand.
        attempt: The one that it is about; name it in the answer.
        venue_name: Null where the venue is not known here any more.
        our_reference: What to look for in the venue's record.
        claimed_reference: What the venue's page said after the last click; it proves nothing.
        wanted: What the record must show.
        sent: Whether the request that makes the booking went out.
        known: What is known so far.
        verdict: What the last look at the record has shown.
        since: Since when it waits.
        may_say: What may be said of it now.
        nothing_before: Until then a click may still be on its way, and nobody can say that nothing stands.
    """

    booking: str
    reseller_reference: str | None
    status: BookingStatus
    cause: Cause | None
    attempt: int
    venue: str
    venue_name: str | None
    city: str | None
    address: str | None
    our_reference: str
    claimed_reference: str | None
    wanted: BookedAnswer | None
    sent: Sent | None
    known: str | None
    verdict: Verdict | None
    since: AwareDatetime
    may_say: tuple[Says, ...]
    nothing_before: AwareDatetime | None

    @classmethod
    def of(cls, case: Case, booking: BookingRecord, row: AttemptRecord, now: AwareDatetime) -> Self:
        """The answer for an attempt that waits for a person."""
        attempt = case.attempt(row.id)
        place = case.places.get(attempt.venue)
        where: Place | None = place.venue.place if place is not None else None
        over_at = by_person.click_over_at(case, attempt) if attempt.is_live else None
        early = over_at is not None and now < over_at
        return cls(
            booking=booking.id,
            reseller_reference=booking.reseller_reference,
            status=booking.status,
            cause=attempt.cause or booking.cause,
            attempt=attempt.number,
            venue=attempt.venue,
            venue_name=place.venue.name if place is not None else None,
            city=where.city if where is not None else None,
            address=where.address if where is not None else None,
            our_reference=row.our_reference,
            claimed_reference=attempt.claim.reference if attempt.claim is not None else None,
            wanted=_wanted(case, attempt),
            sent=attempt.sent,
            known=row.detail,
            verdict=attempt.verdict,
            since=booking.settled_at if attempt.is_live and booking.settled_at else booking.updated_at,
            may_say=(Says.STANDS,) if early else tuple(Says),
            nothing_before=over_at if early else None,
        )


def doubt_of(
    there: Registry, booking: BookingRecord, attempts: tuple[AttemptRecord, ...], now: AwareDatetime
) -> DoubtAnswer | None:
    """What waits for a person's word; None: nothing does."""
    case = known(there, booking, attempts)
    attempt = by_person.waiting(case)
    if attempt is None:
        return None
    row = next(row for row in attempts if row.id == attempt.id)
    return DoubtAnswer.of(case, booking, row, now)


def _wanted(case: Case, attempt: Attempt) -> BookedAnswer | None:
    place = case.places.get(attempt.venue)
    if attempt.expected is None:
        return None
    return BookedAnswer.of(attempt.expected, place.venue.zone if place is not None else None)
