"""What may still be wished of a booking that was queued: to have it otherwise, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping

from farm.registry import Registry
from farm.status import BookingStatus, Cause
from gateway.admission import admitted, must_have_venue
from ledger.bookings import must_be_changeable
from ledger.errors import NotChangeable
from ledger.records import BookingRecord
from ledger.store import Ledger
from tasks.settings import Settings

NOTHING_TO_CALL_OFF = frozenset(
    {BookingStatus.UNAVAILABLE, BookingStatus.FAILED, BookingStatus.CANCELLED, BookingStatus.EXPIRED}
)


async def change(
    here: Settings,
    there: Registry,
    ledger: Ledger,
    booking: BookingRecord,
    when: Mapping[str, object],
    party: Mapping[str, object],
) -> BookingRecord:
    """Write down what the booking shall become; asked for again it changes nothing.

    Args:
        here: The settings.
        there: What can be booked.
        ledger: Where it stands.
        booking: As it stands.
        when: Parts of the request's ``when``, as they would be written in a request; the others stay.
        party: The same of its ``party``.

    Raises:
        NotChangeable: It cannot be changed any more, or is for nights.
        Complaint: What it would become cannot be booked; every fault in it is named.
    """
    must_be_changeable(booking)
    name = f"the change of {booking.id}"
    wish = admitted(here, _written(booking, when, party), name, there)
    await must_have_venue(here, wish, name, there, ledger)
    return await ledger.request_change(booking.id, wish)


def _written(booking: BookingRecord, when: Mapping[str, object], party: Mapping[str, object]) -> object:
    """The request of the booking with what is asked for put into it, as it would be written."""
    written = json.loads(booking.change or booking.request)
    if when and "check_in" in written["when"]:
        raise NotChangeable("it is for nights, which cannot be changed yet: cancel it and book anew")
    if "earliest" in when:
        written["when"].pop("preferred", None)
    written["when"] |= when
    written["party"] |= party
    return written


async def call_off(ledger: Ledger, booking: BookingRecord) -> BookingRecord:
    """Write down that the guest does not want it; asked for again it changes nothing.

    One that could not be proven gone is tried again. One of ``NOTHING_TO_CALL_OFF`` stays as it is.
    """
    if booking.status in NOTHING_TO_CALL_OFF:
        return booking
    if booking.cause is Cause.CANCEL_UNPROVEN:
        await ledger.wake(booking.id, "cancel", ledger.clock())
    return await ledger.request_cancel(booking.id)
