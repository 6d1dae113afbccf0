"""Letting a request in, at whichever door: its key asked for first, checked whole, and with a venue that takes it."""

from __future__ import annotations

from farm.demotion import closed_venues
from farm.identity import mint_code
from farm.intake import BadRequest, admit, must_be_served, shaped
from farm.registry import Registry
from farm.request import Request
from ledger.errors import CodeTaken
from ledger.records import Accepted, BookingRecord
from ledger.store import Ledger
from tasks.settings import Settings


async def accept(here: Settings, there: Registry, ledger: Ledger, written: object, key: str | None) -> BookingRecord:
    """The booking of a request: the one that its key has made, whatever became of its venues and time, or a new one.

    Args:
        here: The settings.
        there: What can be booked.
        ledger: Where it is queued.
        written: The parsed JSON document.
        key: The idempotency key; None: a new booking in any case.

    Raises:
        BadRequest: It cannot be booked; every fault in it is named.
        IdempotencyConflict: The key belongs to another request.
    """
    if key is not None and (booking := await made_before(ledger, written, key)) is not None:
        return booking
    venues = there.venues.values()
    request = admit(written, there, ledger.clock(), closed_venues(venues, there, here.least_tier, {}))
    demoted = await ledger.demotions.all()
    must_be_served(request, there, closed_venues(there.candidates(request), there, here.least_tier, demoted))
    return (await queued(ledger, request, key)).booking


async def made_before(ledger: Ledger, written: object, key: str) -> BookingRecord | None:
    """The booking that the key made, whatever has become of its venues and its time since; to be asked first.

    Raises:
        IdempotencyConflict: The key came with another request.
    """
    try:
        wanted = shaped(written)
    except BadRequest:
        return None  # it is told of every fault when it is admitted
    return await ledger.made_by(wanted, key)


async def queued(ledger: Ledger, wanted: Request, key: str | None, patience_s: float | None = None) -> Accepted:
    """Queue an admitted request.

    Raises:
        IdempotencyConflict: The key came with another request.
        Busy: A booking with this key is being written, and was not after ``patience_s``.
    """
    while True:
        try:
            return await ledger.accept(wanted, mint_code(), key, patience_s)
        except CodeTaken:
            continue
