"""Bookings: accepted once, listed, counted, called off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from farm.life.states import ENDED_WITHOUT
from farm.life.transition import NewEvent
from farm.request import Request
from farm.status import LIVE_STATES, Attendance, BookingStatus
from ledger import events, wake_ups
from ledger.errors import CodeTaken, IdempotencyConflict, NoSuchBooking, NotChangeable
from ledger.names import fingerprint
from ledger.records import Accepted, BookingRecord, Counts, VenueCount
from ledger.tables import UNPROVEN, attempts, bookings

_ROW = bookings.c
COLUMNS = [_ROW[field.name] for field in fields(BookingRecord)]
"""The columns of a ``BookingRecord``, in its order."""

_INSERTS = {
    "sqlite": sqlite.insert(bookings)
    .on_conflict_do_nothing(index_elements=[_ROW.reseller, _ROW.idempotency_key])
    .returning(*COLUMNS),
    "postgresql": postgresql.insert(bookings)
    .on_conflict_do_nothing(index_elements=[_ROW.reseller, _ROW.idempotency_key])
    .returning(*COLUMNS),
}
_BY_ID = select(*COLUMNS).where(_ROW.id == bindparam("booking"))
_BY_KEY = select(*COLUMNS).where(_ROW.reseller == bindparam("reseller"), _ROW.idempotency_key == bindparam("key"))
_CALL_OFF = (
    update(bookings)
    .where(_ROW.id == bindparam("booking"), _ROW.cancel_requested_at.is_(None))
    .values(cancel_requested_at=bindparam("now"), updated_at=bindparam("now"), last_event=_ROW.last_event + 1)
    .returning(*COLUMNS)
)


_IS_REPLACED = update(bookings).where(_ROW.id == bindparam("booking")).values(replaced_by=bindparam("successor"))
_NOT_CHANGEABLE = ENDED_WITHOUT | {BookingStatus.IN_DOUBT, BookingStatus.CANCELLING}
_CHANGE = (
    update(bookings)
    .where(
        _ROW.id == bindparam("booking"),
        _ROW.cancel_requested_at.is_(None),
        _ROW.replaced_by.is_(None),
        _ROW.status.not_in(sorted(_NOT_CHANGEABLE)),
    )
    .values(change=bindparam("wish"), updated_at=bindparam("now"), last_event=_ROW.last_event + 1)
    .returning(*COLUMNS)
)


@dataclass(frozen=True, slots=True)
class NewBooking:
    """The names of a booking that is about to be queued."""

    id: str
    code: str


def record(row: Sequence[Any]) -> BookingRecord:
    """The record behind a row of ``COLUMNS``."""
    return BookingRecord(*row)


def accept(
    connection: Connection,
    booking_id: str,
    request: Request,
    code: str,
    idempotency_key: str | None,
    now: datetime,
) -> Accepted:
    """Booking, first event and wake-up; or the booking that this key already made."""
    values = _new(booking_id, request, code, now) | {"idempotency_key": idempotency_key}
    try:
        row = connection.execute(_INSERTS[connection.dialect.name], values).one_or_none()
    except IntegrityError as error:
        raise CodeTaken from error
    if row is None:
        known = connection.execute(_BY_KEY, {"reseller": request.reseller, "key": idempotency_key}).one()
        return Accepted(_the_same(record(known), fingerprint(request)), created=False)
    events.append(connection, booking_id, 1, now, [NewEvent("booking.queued")])
    wake_ups.first(connection, booking_id, "book", now)
    return Accepted(record(row), created=True)


def succeed(connection: Connection, old: BookingRecord, new: NewBooking, request: Request, now: datetime) -> None:
    """Queue the booking that shall take the place of ``old``, which stays as it is until then."""
    values = _new(new.id, request, new.code, now) | {"replaces": old.id}
    connection.execute(insert(bookings), values)
    connection.execute(_IS_REPLACED, {"booking": old.id, "successor": new.id})
    events.append(connection, new.id, 1, now, [NewEvent("booking.queued", payload={"replaces": old.id})])
    wake_ups.first(connection, new.id, "book", now)


def _new(booking_id: str, request: Request, code: str, now: datetime) -> dict[str, object]:
    return {
        "id": booking_id,
        "reseller": request.reseller,
        "reseller_reference": request.reseller_reference,
        "request_fingerprint": fingerprint(request),
        "request": request.model_dump_json(),
        "code": code,
        "status": BookingStatus.QUEUED,
        "fence": 0,
        "attendance": Attendance.UNKNOWN,
        "last_attempt": 0,
        "last_event": 1,
        "created_at": now,
        "updated_at": now,
    }


def made_by(connection: Connection, request: Request, idempotency_key: str) -> BookingRecord | None:
    """The booking that this key made of this request, or ``IdempotencyConflict`` if it was another one."""
    row = connection.execute(_BY_KEY, {"reseller": request.reseller, "key": idempotency_key}).one_or_none()
    return None if row is None else _the_same(record(row), fingerprint(request))


def _the_same(booking: BookingRecord, mark: str) -> BookingRecord:
    if mark not in {booking.request_fingerprint, fingerprint(booking.wanted())}:
        raise IdempotencyConflict
    return booking


def find(connection: Connection, booking_id: str) -> BookingRecord:
    """The booking with this id, or ``NoSuchBooking``."""
    row = connection.execute(_BY_ID, {"booking": booking_id}).one_or_none()
    if row is None:
        raise NoSuchBooking
    return record(row)


def latest(
    connection: Connection,
    limit: int,
    status: BookingStatus | None,
    reseller: str | None,
    before: str | None,
) -> list[BookingRecord]:
    """Bookings, newest first; ``before`` is the id of the last one that the caller has."""
    query = select(*COLUMNS).order_by(_ROW.id.desc()).limit(limit)
    if status is not None:
        query = query.where(_ROW.status == status)
    if reseller is not None:
        query = query.where(_ROW.reseller == reseller)
    if before is not None:
        query = query.where(_ROW.id < before)
    return [record(row) for row in connection.execute(query)]


def counts(connection: Connection) -> Counts:
    """How many bookings and attempts stand where."""
    by_status = connection.execute(select(_ROW.status, func.count()).group_by(_ROW.status))
    by_cause = connection.execute(
        select(_ROW.cause, func.count()).where(_ROW.cause.is_not(None)).group_by(_ROW.cause)
    )
    place = (attempts.c.venue, attempts.c.state)
    by_venue = connection.execute(select(*place, func.count()).group_by(*place).order_by(*place))
    return Counts(
        by_status=dict(by_status.all()),
        by_cause=dict(by_cause.all()),
        by_venue=tuple(VenueCount(venue, state, n) for venue, state, n in by_venue),
    )


def request_cancel(connection: Connection, booking_id: str, now: datetime) -> BookingRecord:
    """The guest's wish, once; a second wish changes nothing. What was to take the booking's place goes with it."""
    booking = call_off(connection, booking_id, now)
    if booking.replaced_by is not None:
        call_off(connection, booking.replaced_by, now)
    return booking


def call_off(connection: Connection, booking_id: str, now: datetime) -> BookingRecord:
    """Ask for the cancellation of this one booking."""
    row = connection.execute(_CALL_OFF, {"booking": booking_id, "now": now}).one_or_none()
    if row is None:
        return find(connection, booking_id)
    booking = record(row)
    events.append(connection, booking_id, booking.last_event, now, [NewEvent("booking.cancel_requested")])
    wake_ups.wake(connection, booking_id, "cancel", now)
    return booking


def request_change(connection: Connection, booking_id: str, wish: Request, now: datetime) -> BookingRecord:
    """The guest's wish to have something else, or ``NotChangeable``; a newer wish takes the place of an older one.

    One for what it is, or is to become anyway, changes nothing.
    """
    stands = find(connection, booking_id)
    if is_changeable(stands) and wish == Request.model_validate_json(stands.change or stands.request):
        return stands
    row = connection.execute(
        _CHANGE, {"booking": booking_id, "now": now, "wish": wish.model_dump_json()}
    ).one_or_none()
    if row is None:
        raise NotChangeable(_why_not(find(connection, booking_id)))
    booking = record(row)
    events.append(connection, booking_id, booking.last_event, now, [NewEvent("booking.change_requested")])
    wake_ups.wake(connection, booking_id, "change", now)
    return booking


def is_changeable(booking: BookingRecord) -> bool:
    """Whether something else may be wished of it."""
    return (
        booking.cancel_requested_at is None and booking.replaced_by is None and booking.status not in _NOT_CHANGEABLE
    )


def must_be_changeable(booking: BookingRecord) -> None:
    """Return if something else may be wished of it, else ``NotChangeable`` with why."""
    if not is_changeable(booking):
        raise NotChangeable(_why_not(booking))


def _why_not(booking: BookingRecord) -> str:
    if booking.cancel_requested_at is not None:
        return "its cancellation was asked for"
    if booking.replaced_by is not None:
        return f"it is being replaced by {booking.replaced_by}: change that one"
    return f"it is {booking.status}: only what is still wanted can be changed"


def waiting_for_a_person(connection: Connection, limit: int) -> list[BookingRecord]:
    """Bookings in doubt, and those with a late record that nobody could cancel; longest waiting first."""
    late = select(attempts.c.booking_id).where(UNPROVEN, attempts.c.state.not_in(sorted(LIVE_STATES)))
    query = (
        select(*COLUMNS)
        .where(or_(_ROW.status == BookingStatus.IN_DOUBT, _ROW.id.in_(late)))
        .order_by(_ROW.updated_at)
        .limit(limit)
    )
    return [record(row) for row in connection.execute(query)]
