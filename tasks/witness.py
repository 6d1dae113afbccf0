"""What an attempt sees, written down behind its back: the lists of a venue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from farm.booking import Ask
from farm.facts import Offer
from farm.listing import Listing
from farm.request import Request
from farm.venue import Venue
from ledger.availability import LastSeen
from tasks.runtime import Farm


@asynccontextmanager
async def witnessed(farm: Farm, ask: Ask, booking_id: str) -> AsyncIterator[Ask]:
    """The same attempt with a witness; what that has seen is written after the attempt's end."""
    witness = FarmWitness(farm, ask.venue)
    try:
        yield replace(ask, witness=witness)
    finally:
        if witness.lists:
            farm.afterwards.do(
                farm.ledger.availability.keep(witness.lists), f"{booking_id}: a list of {ask.venue.slug} is not kept"
            )


class FarmWitness:
    """Remembers until the attempt ends (the core's port ``Witness``)."""

    def __init__(self, farm: Farm, venue: Venue) -> None:
        self._farm = farm
        self._venue = venue
        self.lists: list[LastSeen] = []

    def listed(self, request: Request, offers: Sequence[Offer]) -> None:
        listing = Listing.of(self._venue, request, offers)
        if listing is not None:
            self.lists.append(LastSeen(listing, self._farm.clock()))
