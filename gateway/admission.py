"""Letting a request in: checked whole, and with a venue that may take it."""

from __future__ import annotations

from datetime import UTC, datetime

from farm.demotion import closed_venues
from farm.intake import BadRequest, admit, must_be_served
from farm.registry import Registry
from farm.request import Request
from gateway.complaint import Complaint
from ledger.store import Ledger
from tasks.settings import Settings


def admitted(here: Settings, written: object, name: str, there: Registry) -> Request:
    """The request.

    Raises:
        Complaint: It cannot be booked; every fault in it is named.
    """
    try:
        return admit(
            written, there, datetime.now(UTC), closed_venues(there.venues.values(), there, here.least_tier, {})
        )
    except BadRequest as error:
        raise _refused(name, error) from None


async def must_have_venue(here: Settings, wanted: Request, name: str, there: Registry, ledger: Ledger) -> None:
    """Return if a venue of the request takes new bookings today.

    Raises:
        Complaint: Every one of them is closed, here or by a nightly check; each is named with why and what to do.
    """
    try:
        must_be_served(
            wanted,
            there,
            closed_venues(there.candidates(wanted), there, here.least_tier, await ledger.demotions.all()),
        )
    except BadRequest as error:
        raise _refused(name, error) from None


def _refused(name: str, error: BadRequest) -> Complaint:
    count = len(error.faults)
    what = f"{name} cannot be booked: {count} faults" if count > 1 else f"{name} cannot be booked"
    return Complaint(what, faults=error.faults, then="nothing was queued; `readback venues` lists what can be booked")
