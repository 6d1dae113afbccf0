"""Attempts: begun under a lease, guarded before the click."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from farm.errors import CancelledByGuest
from farm.facts import Facts, Hold, Offer, Recap
from farm.life.states import booking_sources
from farm.life.transition import NewEvent
from farm.status import AttemptState, BookingStatus
from ledger import events, slots
from ledger.errors import AnotherAttemptLive, IllegalChange, LeaseLost
from ledger.leases import IS_CURRENT, held, refuse_stale
from ledger.records import AttemptRecord, Lease
from ledger.tables import attempts, bookings

_ROW = attempts.c
COLUMNS = [_ROW[field.name] for field in fields(AttemptRecord)]
"""The columns of an ``AttemptRecord``, in its order."""

_OF_BOOKING = select(*COLUMNS).where(_ROW.booking_id == bindparam("booking")).order_by(_ROW.number)
BY_ID = select(*COLUMNS).where(_ROW.booking_id == bindparam("booking"), _ROW.id == bindparam("attempt"))
_OF_BOOKINGS = (
    select(*COLUMNS)
    .where(_ROW.booking_id.in_(bindparam("bookings", expanding=True)))
    .order_by(_ROW.booking_id, _ROW.number)
)
_INSERT = insert(attempts).returning(*COLUMNS)
_BEGIN = (
    update(bookings)
    .where(*IS_CURRENT, bookings.c.status.in_(booking_sources(BookingStatus.ATTEMPTING)))
    .values(
        status=BookingStatus.ATTEMPTING,
        venue=bindparam("at_venue"),
        settled_at=None,
        updated_at=bindparam("now"),
        last_attempt=bookings.c.last_attempt + 1,
        last_event=bookings.c.last_event + 1,
    )
    .returning(bookings.c.last_attempt, bookings.c.last_event)
)
_MAY_COMMIT = (
    update(bookings)
    .where(
        *IS_CURRENT,
        bookings.c.lease_until > bindparam("now"),
        bookings.c.cancel_requested_at.is_(None),
    )
    .values(updated_at=bindparam("now"), last_event=bookings.c.last_event + 1)
    .returning(bookings.c.last_event)
)
_COMMITTING = (
    update(attempts)
    .where(
        _ROW.id == bindparam("attempt"),
        _ROW.booking_id == bindparam("booking"),
        _ROW.fence == bindparam("held_fence"),
        _ROW.state == AttemptState.PREPARED,
    )
    .values(state=AttemptState.COMMITTING, committed_at=bindparam("now"))
    .returning(_ROW.number, _ROW.venue)
)
_MINE = (
    _ROW.id == bindparam("attempt"),
    _ROW.booking_id == bindparam("booking"),
    _ROW.fence == bindparam("held_fence"),
)
_HELD = update(attempts).where(*_MINE, _ROW.state == AttemptState.PREPARED).values(hold=bindparam("new_hold"))
_GAVE_BACK = update(attempts).where(*_MINE).values(given_back=True)
_WITHOUT_BOOKING = (AttemptState.NOT_BOOKED, AttemptState.REFUSED, AttemptState.ABSENT, AttemptState.CANCELLED)
_DURABLY = text("SET LOCAL synchronous_commit = on")


@dataclass(frozen=True, slots=True)
class AboutToCommit:
    """What is written down before the click, so that any other worker can read the booking back."""

    attempt_id: str
    offer: Offer
    hold: Hold
    recap: Recap
    expected: Facts
    submit_deadline: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """An attempt that is about to begin.

    Attributes:
        reference_for: Gives our reference for the attempt's number.
        context: Why there: written into the history.
    """

    venue: str
    reference_for: Callable[[int], str]
    widened: bool = False
    context: Mapping[str, object] = field(default_factory=dict)


def record(row: Sequence[Any]) -> AttemptRecord:
    """The record behind a row of ``COLUMNS``."""
    return AttemptRecord(*row)


def of_booking(connection: Connection, booking_id: str) -> list[AttemptRecord]:
    """The attempts of a booking, in order."""
    return [record(row) for row in connection.execute(_OF_BOOKING, {"booking": booking_id})]


def of_bookings(connection: Connection, booking_ids: Sequence[str]) -> list[AttemptRecord]:
    """The attempts of several bookings, those of each in order."""
    return [record(row) for row in connection.execute(_OF_BOOKINGS, {"bookings": list(booking_ids)})]


def start(
    connection: Connection,
    lease: Lease,
    attempt_id: str,
    plan: Plan,
    now: datetime,
) -> AttemptRecord:
    """A prepared attempt with the next number; the booking is ``attempting``."""
    venue = plan.venue
    taken = connection.execute(_BEGIN, {**held(lease), "at_venue": venue, "now": now}).one_or_none()
    if taken is None:
        booking = refuse_stale(connection, lease)
        raise IllegalChange(f"a booking that is {booking.status} cannot become {BookingStatus.ATTEMPTING}")
    number, last_event = taken
    our_reference = plan.reference_for(number)
    values = {
        "id": attempt_id,
        "booking_id": lease.booking_id,
        "number": number,
        "venue": venue,
        "our_reference": our_reference,
        "state": AttemptState.PREPARED,
        "fence": lease.fence,
        "stages": (),
        "read_backs": 0,
        "widened": plan.widened,
        "started_at": now,
    }
    row = connection.execute(_INSERT, values).one()
    event = NewEvent("attempt.started", number, venue, {"our_reference": our_reference, **plan.context})
    events.append(connection, lease.booking_id, last_event, now, [event])
    return record(row)


def guard(connection: Connection, lease: Lease, about: AboutToCommit, now: datetime) -> bool:
    """Prepared becomes committing if nothing at all speaks against it; True, or an error that says what does."""
    if connection.dialect.name == "postgresql":
        connection.execute(_DURABLY)
    last_event = connection.execute(_MAY_COMMIT, {**held(lease), "now": now}).scalar_one_or_none()
    if last_event is None:
        booking = refuse_stale(connection, lease)
        if booking.cancel_requested_at is not None:
            raise CancelledByGuest
        raise LeaseLost
    facts = {name: getattr(about, name).model_dump_json() for name in ("offer", "hold", "recap", "expected")}
    facts["submit_deadline"] = about.submit_deadline
    try:
        row = connection.execute(
            _COMMITTING, {**held(lease), **facts, "attempt": about.attempt_id, "now": now}
        ).one_or_none()
    except IntegrityError as error:
        raise AnotherAttemptLive from error
    if row is None:
        raise LeaseLost("the attempt is not prepared under this lease (any more)")
    slots.take(connection, lease.booking_id, about.attempt_id, row.venue, about.offer, now, about.submit_deadline)
    event = NewEvent("attempt.guarded", row.number, row.venue, {"submit_deadline": about.submit_deadline.isoformat()})
    events.append(connection, lease.booking_id, last_event, now, [event])
    return True


def left_behind(connection: Connection, since: datetime) -> list[AttemptRecord]:
    """Attempts since then that ended without a booking, after they had begun to do something at their venue."""
    query = (
        select(*COLUMNS)
        .where(_ROW.state.in_(_WITHOUT_BOOKING), _ROW.started_at >= since, _ROW.hold.is_not(None))
        .order_by(_ROW.started_at)
    )
    return [record(row) for row in connection.execute(query)]


def keep_hold(connection: Connection, lease: Lease, attempt_id: str, hold: Hold) -> None:
    """Write down a hold, so that somebody can give it back should this worker die; nothing when fenced out."""
    connection.execute(_HELD, {**held(lease), "attempt": attempt_id, "new_hold": hold.model_dump_json()})


def note_release(connection: Connection, lease: Lease, attempt_id: str) -> None:
    """The hold was given back by the visit that took it."""
    connection.execute(_GAVE_BACK, {**held(lease), "attempt": attempt_id})


def is_guarded(connection: Connection, lease: Lease, attempt_id: str) -> bool:
    """True when the attempt is committing under this very lease: asked after a commit that broke."""
    row = connection.execute(BY_ID, {"booking": lease.booking_id, "attempt": attempt_id}).one_or_none()
    return row is not None and row.state is AttemptState.COMMITTING and row.fence == lease.fence
