"""What a guest goes to: a booking that is confirmed, or was and is no more, at its venue. No guest data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from farm.facts import Facts, Slot, When
from farm.life.states import ENDED_WITHOUT
from farm.registry import Registry
from farm.status import BookingStatus
from farm.venue import Venue
from ledger.records import BookingRecord, EventRecord
from ledger.store import Ledger
from tasks.known import known

_CONFIRMING = frozenset({"booking.confirmed", "booking.changed"})
_TELLING = _CONFIRMING | {"booking.lost"}
"""What changes it for a guest who has written it down; a person's word and its end do so too."""


class NoOccasion(Exception):
    """There is nothing to go to; the message says why."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Where, when and what.

    Attributes:
        attempt: The number of the one that it was confirmed by.
        when: A slot on the venue's own clock.
        shows: What the venue's record shows.
        stands: It is confirmed; else it was, and is no more.
        sequence: Grows whenever something else is to be written into a calendar.
        told_at: When that was last so.
        confirmed_at: When its record was last read and found as asked.
        made_at: When it was queued.
    """

    booking_id: str
    attempt: int
    venue: Venue
    when: When
    shows: Facts
    reference: str | None
    stands: bool
    sequence: int
    told_at: datetime
    confirmed_at: datetime
    made_at: datetime


async def occasion(ledger: Ledger, there: Registry, booking: BookingRecord) -> Occasion:
    """The occasion of a booking as it stands.

    Raises:
        NoOccasion: It is not confirmed, and never was or may be again; or its venue is not known any more.
    """
    around = (await ledger.overview.around([booking.id]))[booking.id]
    case, history = known(there, booking, around.attempts), await ledger.events(booking.id)
    stands = booking.status is BookingStatus.CONFIRMED
    confirming = [event for event in history if _confirms(event)]
    if not confirming or not (stands or booking.status in ENDED_WITHOUT):
        raise NoOccasion(f"{booking.id} is {booking.status}")
    attempt = next(each for each in case.attempts if each.number == confirming[-1].attempt)
    if attempt.venue not in case.places:
        raise NoOccasion(f"{booking.id} is at {attempt.venue}, a venue that is not known here any more")
    if attempt.expected is None or attempt.expected.when is None:
        raise NoOccasion(f"nobody knows for when {booking.id} is")
    venue = case.places[attempt.venue].venue
    told = [event.at for event in history if _confirms(event) or event.kind in _TELLING]
    if not stands:
        told.append(booking.settled_at or booking.updated_at)
    return Occasion(
        booking_id=booking.id,
        attempt=attempt.number,
        venue=venue,
        when=_on_its_clock(attempt.expected.when, venue),
        shows=attempt.expected,
        reference=booking.venue_reference or (attempt.claim.reference if attempt.claim else None),
        stands=stands,
        sequence=len(told) - 1,
        told_at=told[-1],
        confirmed_at=confirming[-1].at,
        made_at=booking.created_at,
    )


def _confirms(event: EventRecord) -> bool:
    if event.attempt is None:
        return False
    if event.kind == "doubt.resolved":
        said = str(event.payload.get("said", ""))
        return said.startswith("found ") and not said.endswith(", and left to the person")
    return event.kind in _CONFIRMING


def _on_its_clock(when: When, venue: Venue) -> When:
    if not isinstance(when, Slot):
        return when
    ends_at = when.ends_at.astimezone(venue.zone) if when.ends_at is not None else None
    return Slot(starts_at=when.starts_at.astimezone(venue.zone), ends_at=ends_at)
