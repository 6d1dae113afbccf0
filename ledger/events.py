"""The history of a booking, which is the feed of its reseller too: appended to, never changed.

Events are written last in their transaction. Each takes the next position in its reseller's feed, whose counter stays
locked until the commit: nobody else waits for longer than that, and nothing is locked after it that could wait for
us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from farm.life.transition import NewEvent
from ledger.door_tables import feeds
from ledger.errors import NoSuchBooking
from ledger.records import EventRecord
from ledger.tables import bookings, events

COLUMNS = [events.c[field.name] for field in fields(EventRecord)]
"""The columns of an ``EventRecord``, in its order."""

_PENDING = "readback.events"
_INSERT = insert(events)
_AFTER = (
    select(*COLUMNS)
    .where(events.c.booking_id == bindparam("booking"), events.c.number > bindparam("after"))
    .order_by(events.c.number)
)
_TAKE_NUMBER = (
    update(bookings)
    .where(bookings.c.id == bindparam("booking"))
    .values(last_event=bookings.c.last_event + 1)
    .returning(bookings.c.last_event)
)
_RESELLERS = (
    select(bookings.c.id)
    .where(bookings.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(bookings.c.reseller, bookings.c.id)
)


def _advance(into: type[sqlite.Insert] | type[postgresql.Insert]) -> ReturningInsert[str, int]:
    its_reseller = select(bookings.c.reseller, bindparam("more", type_=BigInteger)).where(
        bookings.c.id == bindparam("booking")
    )
    new = into(feeds).from_select(["reseller", "last"], its_reseller)
    counted = new.on_conflict_do_update(
        index_elements=[feeds.c.reseller], set_={"last": feeds.c.last + new.excluded.last}
    )
    return counted.returning(feeds.c.reseller, feeds.c.last)


_ADVANCE = {"sqlite": _advance(sqlite.Insert), "postgresql": _advance(postgresql.Insert)}


@dataclass(frozen=True, slots=True)
class _Pending:
    """An event that is written with the end of its transaction."""

    booking_id: str
    number: int
    at: datetime
    event: NewEvent


def begin(connection: Connection) -> None:
    """Forget what an earlier transaction on this connection may have left; every transaction begins with it."""
    connection.info[_PENDING] = []


def append(connection: Connection, booking_id: str, last: int, at: datetime, new: Sequence[NewEvent]) -> None:
    """Add events that end at number ``last``, which the caller has taken from the locked booking."""
    pending: list[_Pending] = connection.info[_PENDING]
    first = last - len(new) + 1
    pending += [_Pending(booking_id, first + i, at, event) for i, event in enumerate(new)]


def note(connection: Connection, booking_id: str, at: datetime, event: NewEvent) -> None:
    """Append one event of any booking, whoever works on it."""
    last = connection.execute(_TAKE_NUMBER, {"booking": booking_id}).scalar_one_or_none()
    if last is None:
        raise NoSuchBooking
    append(connection, booking_id, last, at, [event])


def write(connection: Connection) -> None:
    """Write what was appended; the last thing that a transaction does."""
    pending: list[_Pending] = connection.info.pop(_PENDING)
    if not pending:
        return
    ids = list(dict.fromkeys(one.booking_id for one in pending))
    if len(ids) > 1:  # feeds are locked in one order, whoever writes
        ids = list(connection.execute(_RESELLERS, {"ids": ids}).scalars())
    rows = []
    for booking_id in ids:
        own = [one for one in pending if one.booking_id == booking_id]
        more = {"booking": booking_id, "more": len(own)}
        reseller, last = connection.execute(_ADVANCE[connection.dialect.name], more).one()
        first = last - len(own) + 1
        rows += [_row(one, reseller, first + i) for i, one in enumerate(own)]
    connection.execute(_INSERT, rows)


def _row(one: _Pending, reseller: str, position: int) -> dict[str, object]:
    return {
        "booking_id": one.booking_id,
        "number": one.number,
        "at": one.at,
        "kind": one.event.kind,
        "attempt": one.event.attempt,
        "venue": one.event.venue,
        "payload": one.event.payload,
        "reseller": reseller,
        "position": position,
    }


def after(connection: Connection, booking_id: str, number: int) -> list[EventRecord]:
    """The events with a higher number, in order."""
    rows = connection.execute(_AFTER, {"booking": booking_id, "after": number})
    return [EventRecord(*row) for row in rows]
