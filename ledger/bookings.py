"""Bookings: accepted once, listed, counted, called off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from farm.request import Request
from farm.status import BookingStatus
from ledger import events, wake_ups
from ledger.errors import CodeTaken, IdempotencyConflict, NoSuchBooking
from ledger.names import fingerprint
from ledger.records import Accepted, BookingRecord, Counts, NewEvent, VenueCount
from ledger.tables import attempts, bookings

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
    mark = fingerprint(request)
    values = {
        "id": booking_id,
        "reseller": request.reseller,
        "reseller_reference": request.reseller_reference,
        "idempotency_key": idempotency_key,
        "request_fingerprint": mark,
        "request": request.model_dump_json(),
        "code": code,
        "status": BookingStatus.QUEUED,
        "fence": 0,
        "last_attempt": 0,
        "last_event": 1,
        "created_at": now,
        "updated_at": now,
    }
    try:
        row = connection.execute(_INSERTS[connection.dialect.name], values).one_or_none()
    except IntegrityError as error:
        raise CodeTaken from error
    if row is None:
        known = connection.execute(_BY_KEY, {"reseller": request.reseller, "key": idempotency_key}).one()
        return Accepted(_the_same(record(known), mark), created=False)
    events.append(connection, booking_id, 1, now, [NewEvent("booking.queued")])
    wake_ups.first(connection, booking_id, "book", now)
    return Accepted(record(row), created=True)


def made_by(connection: Connection, request: Request, idempotency_key: str) -> BookingRecord | None:
    """The booking that this key made of this request, or ``IdempotencyConflict`` if it was another one."""
    row = connection.execute(_BY_KEY, {"reseller": request.reseller, "key": idempotency_key}).one_or_none()
    return None if row is None else _the_same(record(row), fingerprint(request))


def _the_same(booking: BookingRecord, mark: str) -> BookingRecord:
    if booking.request_fingerprint != mark:
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
    """The guest's wish, once; a second wish changes nothing."""
    row = connection.execute(_CALL_OFF, {"booking": booking_id, "now": now}).one_or_none()
    if row is None:
        return find(connection, booking_id)
    booking = record(row)
    events.append(connection, booking_id, booking.last_event, now, [NewEvent("booking.cancel_requested")])
    wake_ups.wake(connection, booking_id, "cancel", now)
    return booking
