"""How bookings stand, for whoever asks: the same words at every door, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence

from farm.registry import Registry
from gateway.answers import BookingAnswer
from ledger.records import BookingRecord
from ledger.store import Ledger


async def answers_for(ledger: Ledger, _there: Registry, bookings: Sequence[BookingRecord]) -> list[BookingAnswer]:
    """The answers for these bookings, in their order."""
    if not bookings:
        return []
    around = await ledger.overview.around([booking.id for booking in bookings])
    return [BookingAnswer.of(booking, around[booking.id].attempts) for booking in bookings]


async def answer_for(ledger: Ledger, there: Registry, booking: BookingRecord) -> BookingAnswer:
    """The answer for one booking."""
    (answer,) = await answers_for(ledger, there, [booking])
    return answer
