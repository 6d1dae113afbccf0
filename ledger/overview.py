"""What people ask about all bookings together: rates, doubts, and what was left at venues."""

from __future__ import annotations

from datetime import datetime

from ledger import attempts, bookings
from ledger.engine import Database
from ledger.records import AttemptRecord, BookingRecord, Counts


class Overview:
    """The ledger as whoever runs the farm looks at it; reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self) -> Counts:
        """What the rates are computed from."""
        return await self._database.read(bookings.counts)

    async def waiting_for_a_person(self, limit: int = 100) -> list[BookingRecord]:
        """The bookings that need a person's word, longest waiting first."""
        return await self._database.read(lambda c: bookings.waiting_for_a_person(c, limit))

    async def left_behind(self, since: datetime) -> list[AttemptRecord]:
        """Attempts that took a hold and ended without a booking: holds and accounts of theirs may be left there."""
        return await self._database.read(lambda c: attempts.left_behind(c, since))
