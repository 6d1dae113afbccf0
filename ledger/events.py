"""The history of a booking: appended to, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from farm.life.transition import NewEvent
from ledger.errors import NoSuchBooking
from ledger.records import EventRecord
from ledger.tables import bookings, events

_COLUMNS = [events.c[field.name] for field in fields(EventRecord)]
_INSERT = insert(events)
_AFTER = (
    select(*_COLUMNS)
    .where(events.c.booking_id == bindparam("booking"), events.c.number > bindparam("after"))
    .order_by(events.c.number)
)
_TAKE_NUMBER = (
    update(bookings)
    .where(bookings.c.id == bindparam("booking"))
    .values(last_event=bookings.c.last_event + 1)
    .returning(bookings.c.last_event)
)


def append(
    connection: Connection, booking_id: str, last: int, at: datetime, new: Sequence[NewEvent]
) -> list[EventRecord]:
    """Write events that end at number ``last``, which the caller has taken from the locked booking."""
    first = last - len(new) + 1
    records = [
        EventRecord(booking_id, first + i, at, event.kind, event.attempt, event.venue, event.payload)
        for i, event in enumerate(new)
    ]
    if records:
        names = [column.name for column in _COLUMNS]
        connection.execute(_INSERT, [{name: getattr(record, name) for name in names} for record in records])
    return records


def note(connection: Connection, booking_id: str, at: datetime, event: NewEvent) -> EventRecord:
    """Append one event of any booking, whoever works on it."""
    last = connection.execute(_TAKE_NUMBER, {"booking": booking_id}).scalar_one_or_none()
    if last is None:
        raise NoSuchBooking
    return append(connection, booking_id, last, at, [event])[0]


def after(connection: Connection, booking_id: str, number: int) -> list[EventRecord]:
    """The events with a higher number, in order."""
    rows = connection.execute(_AFTER, {"booking": booking_id, "after": number})
    return [EventRecord(*row) for row in rows]
