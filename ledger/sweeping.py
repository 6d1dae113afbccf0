"""The sweep: bookings whose worker went away are freed and woken at once, not when a message is sent again.

A lease without an owner lets nobody write. Whoever takes it next buries the attempt, or looks, under a higher fence.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, select, update

from farm.life.transition import NewEvent, WakeUpKind
from farm.status import BookingStatus
from ledger import events, wake_ups
from ledger.tables import bookings
from ledger.tables import wake_ups as wake_up_rows

_ROW = bookings.c
MOST = 100
_KIND: dict[BookingStatus, WakeUpKind] = {
    BookingStatus.QUEUED: "book",
    BookingStatus.ATTEMPTING: "book",
    BookingStatus.VERIFYING: "verify",
    BookingStatus.PENDING_VENUE: "verify",
    BookingStatus.CANCELLING: "cancel",
}
"""What goes on with each booking that is not settled."""
_RAN_OUT = (
    select(_ROW.id)
    .where(_ROW.lease_until.is_not(None), _ROW.lease_until <= bindparam("now"))
    .order_by(_ROW.lease_until)
    .limit(MOST)
    .with_for_update(skip_locked=True)
    .cte("ran_out")
)
_FREE = (
    update(bookings)
    .where(_ROW.id.in_(select(_RAN_OUT.c.id)))
    .values(lease_owner=None, lease_until=None, last_event=_ROW.last_event + 1)
    .returning(_ROW.id, _ROW.status, _ROW.last_event)
)
_FORGOTTEN = (
    select(_ROW.id, _ROW.status)
    .where(
        _ROW.status.in_(sorted(_KIND)),
        _ROW.lease_until.is_(None),
        ~exists().where(wake_up_rows.c.booking_id == _ROW.id, wake_up_rows.c.done_at.is_(None)),
    )
    .limit(MOST)
)


def sweep(connection: Connection, now: datetime) -> list[str]:
    """Free what ran out, and wake it; wake, too, what is not settled and that nothing would ever wake.

    Returns:
        The bookings that were freed or woken.
    """
    swept = []
    for booking_id, status, last_event in connection.execute(_FREE, {"now": now}).all():
        events.append(connection, booking_id, last_event, now, [NewEvent("booking.lease_ran_out")])
        if status in _KIND:
            wake_ups.wake(connection, booking_id, _KIND[status], now)
        swept.append(booking_id)
    for booking_id, status in connection.execute(_FORGOTTEN).all():
        wake_ups.wake(connection, booking_id, _KIND[status], now)
        swept.append(booking_id)
    return swept
