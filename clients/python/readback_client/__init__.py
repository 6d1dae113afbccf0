"""Bookings that exist: the client of the Readback API, for blocking code (``Client``) and asyncio (``AsyncClient``).

``confirmed`` is the one word for a booking that was read back from the venue's own records; everything else is not.
"""

from readback_client.answers import (
    Attempt,
    Availability,
    Booked,
    Booking,
    Event,
    Evidence,
    Fault,
    FieldResult,
    KeyInfo,
    Money,
    Party,
    Seen,
    Sold,
    Venue,
    Verdict,
    Waits,
)
from readback_client.asynchronous import AsyncClient
from readback_client.blocking import Client
from readback_client.errors import (
    KeyRefused,
    NotFound,
    NotSettled,
    Problem,
    ReadbackError,
    TooManyRequests,
    Unreachable,
)
from readback_client.wishes import BookingRequest, GuestWish, MoneyWish, PartyWish, SlotWish, StayWish

__all__ = [
    "AsyncClient",
    "Attempt",
    "Availability",
    "Booked",
    "Booking",
    "BookingRequest",
    "Client",
    "Event",
    "Evidence",
    "Fault",
    "FieldResult",
    "GuestWish",
    "KeyInfo",
    "KeyRefused",
    "Money",
    "MoneyWish",
    "NotFound",
    "NotSettled",
    "Party",
    "PartyWish",
    "Problem",
    "ReadbackError",
    "Seen",
    "SlotWish",
    "Sold",
    "StayWish",
    "TooManyRequests",
    "Unreachable",
    "Venue",
    "Verdict",
    "Waits",
]
