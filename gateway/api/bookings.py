"""Bookings: queued, shown."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.answers import BookingAnswer
from gateway.api.caller import Caller, Reader
from gateway.api.house import Here, House
from ledger.errors import NoSuchBooking
from ledger.records import BookingRecord

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])


async def own(here: House, who: Caller, booking_id: str) -> BookingRecord:
    """The caller's booking; another reseller's is as if it were not there.

    Raises:
        NoSuchBooking: There is none of this caller's.
    """
    booking = await here.ledger.booking(booking_id)
    if booking.reseller != who.reseller:
        raise NoSuchBooking
    return booking


@router.get("/{booking_id}", summary="One booking as it is now")
async def show(booking_id: str, here: Here, who: Reader) -> BookingAnswer:
    """Everything that is known of it; never guest data."""
    booking = await own(here, who, booking_id)
    return BookingAnswer.of(booking, await here.ledger.attempts(booking.id))
