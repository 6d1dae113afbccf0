"""Leases: one worker at a booking, known by a number that grows with every taking."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, update

from ledger.bookings import find
from ledger.errors import LeaseLost
from ledger.records import BookingRecord, Lease
from ledger.tables import bookings

_ROW = bookings.c
_TAKE = (
    update(bookings)
    .where(_ROW.id == bindparam("booking"), or_(_ROW.lease_until.is_(None), _ROW.lease_until <= bindparam("now")))
    .values(fence=_ROW.fence + 1, lease_owner=bindparam("owner"), lease_until=bindparam("until"))
    .returning(_ROW.fence)
)
IS_CURRENT = (
    _ROW.id == bindparam("booking"),
    _ROW.fence == bindparam("held_fence"),
    _ROW.lease_owner.is_not(None),
)
"""The condition of every write under a lease: nobody took it since, and it was not given back."""

_EXTEND = update(bookings).where(*IS_CURRENT).values(lease_until=bindparam("until"))
_RELEASE = update(bookings).where(*IS_CURRENT).values(lease_owner=None, lease_until=None)


def take(connection: Connection, booking_id: str, owner: str, now: datetime, lease_s: float) -> Lease | None:
    """The lease if it is free or has run out, else None."""
    until = now + timedelta(seconds=lease_s)
    row = connection.execute(_TAKE, {"booking": booking_id, "owner": owner, "now": now, "until": until}).one_or_none()
    if row is None:
        find(connection, booking_id)
        return None
    return Lease(booking_id, owner, row.fence, until)


def extend(connection: Connection, lease: Lease, now: datetime, lease_s: float) -> Lease:
    """The same lease with a later end, or ``LeaseLost``."""
    until = now + timedelta(seconds=lease_s)
    found = connection.execute(_EXTEND, {**held(lease), "until": until})
    if found.rowcount != 1:
        raise LeaseLost
    return Lease(lease.booking_id, lease.owner, lease.fence, until)


def release(connection: Connection, lease: Lease) -> None:
    """Give it back; a lease that was lost has nothing to give."""
    connection.execute(_RELEASE, held(lease))


def held(lease: Lease) -> dict[str, object]:
    """The parameters of ``IS_CURRENT``."""
    return {"booking": lease.booking_id, "held_fence": lease.fence}


def refuse_stale(connection: Connection, lease: Lease) -> BookingRecord:
    """The booking of a lease that is current; asked when a conditional write found no row.

    Raises:
        LeaseLost: That is why it found none.
    """
    booking = find(connection, lease.booking_id)
    if booking.fence != lease.fence or booking.lease_owner is None:
        raise LeaseLost
    return booking
