"""The judge: what the ledger says, held against what was asked and against the venues' own databases. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from benchmarks.truth.demand import Wish
from benchmarks.truth.venues import Record
from farm.facts import Slot
from farm.request import Request
from farm.status import BookingStatus
from ledger.records import AttemptRecord, BookingRecord
from tools.demo.books import Says, ledger_says

NOTHING_STANDS = frozenset(
    {BookingStatus.CANCELLED, BookingStatus.UNAVAILABLE, BookingStatus.FAILED, BookingStatus.EXPIRED}
)
ZONE = ZoneInfo("Europe/Rome")
"""Of all venues of a run; Berlin has the same hour."""


@dataclass(frozen=True)
class Course:
    """One accepted request at the end.

    Attributes:
        called_off: Its cancellation was asked for.
        cancel_open: The farm still has that to do.
    """

    wish: Wish
    booking: BookingRecord
    attempts: Sequence[AttemptRecord]
    called_off: bool
    cancel_open: bool

    @property
    def feasible(self) -> bool:
        """By what was set up and asked, never by the farm's answer."""
        return self.wish.can_be_had and not self.called_off


@dataclass(frozen=True)
class Fault:
    """What is wrong with one booking; ``count`` names the figure that it counts for."""

    count: str
    booking_id: str
    why: str


COUNTS = ("false_confirmed", "double_booked", "lost", "unproven_cancels", "in_doubt_left")


def judge(courses: Sequence[Course], records: Sequence[Record]) -> list[Fault]:
    """Everything that is wrong, one entry per booking and figure."""
    faults = [fault for course in courses for fault in _of_booking(course, of_booking(course.booking, records))]
    ours = {course.booking.code for course in courses}
    nobodys = [r for r in records if r.stands and (r.planted is None or r.planted.code not in ours)]
    return faults + [Fault("double_booked", "", f"{record} is of no booking that was accepted") for record in nobodys]


def of_booking(booking: BookingRecord, records: Sequence[Record]) -> list[Record]:
    """The lines of all books that carry this booking's code."""
    return [record for record in records if record.planted is not None and record.planted.code == booking.code]


def confirmed(courses: Sequence[Course], faults: Sequence[Fault]) -> int:
    """Feasible requests that are confirmed, and truly so."""
    false = {fault.booking_id for fault in faults if fault.count == "false_confirmed"}
    return sum(
        course.feasible and course.booking.status is BookingStatus.CONFIRMED and course.booking.id not in false
        for course in courses
    )


def unserved(courses: Sequence[Course]) -> list[Course]:
    """Feasible requests that ended without a confirmation."""
    return [c for c in courses if c.feasible and c.booking.status is not BookingStatus.CONFIRMED]


def _of_booking(course: Course, records: Sequence[Record]) -> Iterator[Fault]:
    booking, standing = course.booking, [record for record in records if record.stands]
    if len(standing) > 1:
        yield Fault("double_booked", booking.id, "; ".join(map(str, standing)))
    if booking.status is BookingStatus.CONFIRMED:
        wrong = list(_differences(course, standing))
        if wrong:
            yield Fault("false_confirmed", booking.id, "; ".join(wrong))
    if booking.status is BookingStatus.IN_DOUBT:
        yield Fault("in_doubt_left", booking.id, f"{booking.cause}; standing: {', '.join(map(str, standing)) or '-'}")
    if booking.status in NOTHING_STANDS and standing:
        yield Fault("unproven_cancels", booking.id, f"it says {booking.status}, and {standing[0]} stands")
    if not booking.status.settled or course.cancel_open:
        yield Fault("lost", booking.id, f"it still says {booking.status}")
    elif course.called_off and booking.status is BookingStatus.CONFIRMED:
        yield Fault("lost", booking.id, "it was called off and is confirmed")


def _differences(course: Course, standing: Sequence[Record]) -> Iterator[str]:
    """A confirmation is true when exactly its record stands, as it was asked for and as it was told."""
    if len(standing) != 1:
        yield f"{len(standing)} records stand"
        return
    yield from _unlike_asked(standing[0], course.wish.request)
    yield from _unlike_told(standing[0], ledger_says(course.booking, course.attempts))


def _unlike_asked(record: Record, request: Request) -> Iterator[str]:
    if record.venue not in request.venues:
        yield f"nobody asked for {record.venue}"
    slot = record.starts_at.astimezone(ZONE)
    if not request.when.admits(Slot(starts_at=slot), ZONE):
        yield f"{slot:%d %b %H:%M} was not asked for"
    if record.count != request.party.people:
        yield f"it is for {record.count}, asked were {request.party.people}"
    if request.service is not None and record.what != request.service:
        yield f"it is {record.what}, asked was {request.service}"
    if record.email.lower() != request.guest.email.lower() or record.name not in {None, request.guest.name}:
        yield "it is another guest's"


def _unlike_told(record: Record, says: Says) -> Iterator[str]:
    told = (
        (says.venue, record.venue),
        (says.reference, record.reference),
        (says.planted, record.planted),
        (says.starts_at, record.starts_at),
        (says.resource, record.what),
        (says.count, record.count),
    )
    for ledger, book in told:
        if ledger != book:
            yield f"the ledger says {ledger}, the book has {book}"
