"""Who came: said by the platform once the time has come, and said otherwise where that was wrong."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from farm.life.transition import NewEvent
from farm.request import Clock
from farm.status import Attendance, BookingStatus
from ledger import bookings as bookings_
from ledger import events
from ledger.columns import Word
from ledger.engine import Database
from ledger.records import BookingRecord
from ledger.tables import bookings

_ROW = bookings.c
_SAY = (
    update(bookings)
    .where(
        _ROW.id == bindparam("booking"),
        _ROW.status == BookingStatus.CONFIRMED,
        _ROW.attendance != bindparam("said", type_=Word(Attendance)),
    )
    .values(
        attendance=bindparam("said", type_=Word(Attendance)),
        updated_at=bindparam("now"),
        last_event=_ROW.last_event + 1,
    )
    .returning(*bookings_.COLUMNS)
)


class Attendances:
    """Whether guests came."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def say(self, booking_id: str, attempt: int, said: Attendance) -> BookingRecord:
        """Write it down, if the booking is confirmed; the same once more changes nothing.

        Args:
            booking_id: Of the booking.
            attempt: The number of the one that it is confirmed by.
            said: Whether the guest came.

        Returns:
            The booking as it is now: without this attendance where it was not confirmed any more.

        Raises:
            NoSuchBooking: There is none.
        """
        now = self._clock()
        return await self._database.write(lambda c: _say(c, booking_id, attempt, said, now))


def _say(connection: Connection, booking_id: str, attempt: int, said: Attendance, now: datetime) -> BookingRecord:
    row = connection.execute(_SAY, {"booking": booking_id, "said": said, "now": now}).one_or_none()
    if row is None:
        return bookings_.find(connection, booking_id)
    booking = bookings_.record(row)
    event = NewEvent(f"booking.{said}", attempt, booking.venue)
    events.append(connection, booking_id, booking.last_event, booking.updated_at, [event])
    return booking
