"""One transition of a booking, written whole under its fence: attempt, booking, events, wake-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from farm.facts import Fact
from farm.life.states import ENDED_WITHOUT, LIVE, STILL_OPEN, attempt_sources, booking_sources
from farm.life.transition import UNSET, AttemptChange, BookingChange, Transition
from farm.status import AttemptState, BookingStatus
from farm.verdict import Verdict
from ledger import attempts as attempts_
from ledger import bookings as bookings_
from ledger import events, slots, wake_ups
from ledger.errors import AnotherAttemptLive, IllegalChange
from ledger.leases import IS_CURRENT, held, refuse_stale
from ledger.records import AttemptRecord, BookingRecord, Lease
from ledger.tables import attempts, bookings

STAGES_KEPT = 60
"""More than an attempt has on its way; a record that is looked at for days must not grow its row with every look."""

_ANY_STATUS = list(BookingStatus)
_WRITE_BOOKING = (
    update(bookings)
    .where(*IS_CURRENT, bookings.c.status.in_(bindparam("sources", expanding=True)))
    .values(last_event=bookings.c.last_event + bindparam("more_events"))
    .returning(*bookings_.COLUMNS)
)
_WRITE_ATTEMPT = update(attempts).where(attempts.c.id == bindparam("attempt"))
_LIVE_ATTEMPT = (
    select(attempts.c.id).where(attempts.c.booking_id == bindparam("booking"), attempts.c.state.in_(LIVE)).limit(1)
)


def conclude(
    connection: Connection, lease: Lease, what: Transition, now: datetime, successor: bookings_.NewBooking | None
) -> BookingRecord:
    """Write it all, or raise and write nothing."""
    booking = _change_booking(connection, lease, what.booking, len(what.events), now)
    for change in what.attempts:
        _change_attempt(connection, lease, change, now)
    if what.booking is not None and what.booking.status in ENDED_WITHOUT:
        live = connection.execute(_LIVE_ATTEMPT, {"booking": lease.booking_id}).scalar_one_or_none()
        if live is not None:
            raise IllegalChange(f"a booking cannot become {what.booking.status} while attempt {live} is live")
    events.append(connection, lease.booking_id, booking.last_event, now, what.events)
    for kind in what.done:
        wake_ups.finish(connection, lease.booking_id, kind, now)
    for wake_up in what.wake:
        wake_ups.wake(connection, lease.booking_id, wake_up.kind, wake_up.due_at)
    if what.successor is not None and successor is not None:
        bookings_.succeed(connection, booking, successor, what.successor, now)
    if what.calls_off is not None:
        bookings_.call_off(connection, what.calls_off, now)
    return booking


def has_landed(connection: Connection, lease: Lease, now: datetime) -> BookingRecord | None:
    """The booking, if the transition of this moment is in it: asked after a commit that broke."""
    booking = bookings_.find(connection, lease.booking_id)
    return booking if booking.fence == lease.fence and booking.updated_at == now else None


def _change_booking(
    connection: Connection, lease: Lease, change: BookingChange | None, more_events: int, now: datetime
) -> BookingRecord:
    change = change or BookingChange()
    values = _given(
        change, ("status", "cause", "sentence", "venue", "venue_reference", "verdict", "request", "change")
    )
    status = change.status
    if status is BookingStatus.CONFIRMED and not (isinstance(change.verdict, Verdict) and change.verdict.proves):
        raise IllegalChange("a booking is confirmed by a verdict that proves it, given in the same change")
    if status is not UNSET:
        values["settled_at"] = now if status.settled else None
    sources = _ANY_STATUS if status is UNSET else booking_sources(status)
    row = connection.execute(
        _WRITE_BOOKING,
        {**held(lease), **values, "updated_at": now, "sources": sources, "more_events": more_events},
    ).one_or_none()
    if row is None:
        before = refuse_stale(connection, lease)
        raise IllegalChange(f"a booking that is {before.status} cannot become {status}")
    return bookings_.record(row)


def _change_attempt(connection: Connection, lease: Lease, change: AttemptChange, now: datetime) -> None:
    row = connection.execute(attempts_.BY_ID, {"booking": lease.booking_id, "attempt": change.id}).one_or_none()
    if row is None:
        raise IllegalChange("the booking has no such attempt")
    before = attempts_.record(row)
    values = _given(change, ("state", "cause", "detail", "claim", "sent", "expected", "verdict", "given_back"))
    if change.state is not UNSET:
        _check_transition(before, change)
        values["closed_at"] = None if change.state in STILL_OPEN else now
    if change.stages:
        values["stages"] = (*before.stages, *change.stages)[:STAGES_KEPT]
    if change.looked:
        values["read_backs"] = before.read_backs + change.looked
    if not values:
        return
    try:
        connection.execute(_WRITE_ATTEMPT, {**values, "attempt": change.id})
    except IntegrityError as error:
        raise AnotherAttemptLive from error
    if _click_is_over(before, change):
        slots.release(connection, change.id)


def _click_is_over(before: AttemptRecord, change: AttemptChange) -> bool:
    """Nothing of the click can be on its way any more: the venue answered it, or it never left."""
    if before.state is AttemptState.PREPARED:
        return change.state is AttemptState.NOT_BOOKED
    refused = change.state is UNSET and change.cause is not UNSET
    return before.state is AttemptState.COMMITTING and (
        refused or change.state is AttemptState.CLAIMED or change.sent == "no"
    )


def _check_transition(before: AttemptRecord, change: AttemptChange) -> None:
    state = change.state
    if state is UNSET:
        return
    if before.state not in attempt_sources(state):
        raise IllegalChange(f"an attempt that is {before.state} cannot become {state}")
    if state is AttemptState.COMMITTING and before.state is not state:
        raise IllegalChange("only the commit guard makes an attempt committing")
    sent = before.sent if change.sent is UNSET else change.sent
    if (
        before.state is not AttemptState.PREPARED
        and state is AttemptState.NOT_BOOKED is not before.state
        and sent != "no"
    ):
        raise IllegalChange("past the guard an attempt is not_booked only if nothing was sent")


def _given(change: AttemptChange | BookingChange, names: Sequence[str]) -> dict[str, object]:
    given: Mapping[str, object] = {name: getattr(change, name) for name in names}
    return {
        name: value.model_dump_json() if isinstance(value, Fact) else value
        for name, value in given.items()
        if value is not UNSET
    }
