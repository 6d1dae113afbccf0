"""What people ask about all bookings together: rates, doubts, and what was left at venues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ledger import attempts, bookings, doubts, listing, wake_ups
from ledger.engine import Database
from ledger.listing import Which
from ledger.records import Around, AttemptRecord, BookingRecord, Counts, WakeUp


class Overview:
    """The ledger as whoever runs the farm looks at it; reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self) -> Counts:
        """What the rates are computed from."""
        return await self._database.read(bookings.counts)

    async def listed(self, which: Which, limit: int, after: str | None = None) -> list[BookingRecord]:
        """A reseller's bookings, newest first; ``after`` is the id of the last one that the caller has."""
        return await self._database.read(lambda c: listing.page(c, which, limit, after))

    async def around(self, booking_ids: Sequence[str]) -> Mapping[str, Around]:
        """The attempts and the open wake-ups of bookings, by booking; two queries, however many they are."""
        return await self._database.read(lambda c: _around(c, booking_ids))

    async def waiting_for_a_person(self, limit: int = 100) -> list[BookingRecord]:
        """The bookings that need a person's word, longest waiting first."""
        return await self._database.read(lambda c: bookings.waiting_for_a_person(c, limit))

    async def doubts_of(self, reseller: str, limit: int, after: str | None = None) -> list[BookingRecord]:
        """Those of one reseller, oldest first; ``after`` is the id of the last one that the caller has."""
        return await self._database.read(lambda c: doubts.page(c, reseller, limit, after))

    async def left_behind(self, since: datetime) -> list[AttemptRecord]:
        """Attempts that took a hold and ended without a booking: holds and accounts of theirs may be left there."""
        return await self._database.read(lambda c: attempts.left_behind(c, since))


def _around(connection: Connection, booking_ids: Sequence[str]) -> Mapping[str, Around]:
    tried: dict[str, list[AttemptRecord]] = defaultdict(list)
    to_come: dict[str, list[WakeUp]] = defaultdict(list)
    for attempt in attempts.of_bookings(connection, booking_ids):
        tried[attempt.booking_id].append(attempt)
    for wake_up in wake_ups.open_of(connection, booking_ids):
        to_come[wake_up.booking_id].append(wake_up)
    return {each: Around(tuple(tried[each]), tuple(to_come[each])) for each in booking_ids}
