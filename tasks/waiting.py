"""Partners that are left alone: what goes elsewhere meanwhile, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from farm.rest import Rest, resting
from farm.venue import Venue
from ledger.tolerances import WHOLE
from profiles.bounds import bounds_of
from profiles.pacing.pace import Later
from profiles.partner import Partner
from tasks.runtime import Farm

ASK_AGAIN_S = 300.0
"""So often it is looked whether a partner is still left alone: its contact may have answered."""


async def rests(farm: Farm, venues: Sequence[Venue]) -> dict[str, Rest]:
    """Which of the venues nothing new goes to now. Asks the ledger only where a partner has set limits."""
    watched = {venue.partner for venue in venues if _is_watched(farm, venue)}
    known = {partner: await farm.ledger.tolerances.of(partner) for partner in watched}
    whole = {partner: rows[WHOLE] for partner, rows in known.items() if WHOLE in rows}
    return resting(venues, whole, farm.clock())


async def left_alone(farm: Farm, partner: Partner) -> Later | None:
    """When to ask again whether this partner may be visited, for it is left alone now; None: it may be.

    A look that waits so is no look without an answer: nobody's patience ends by it.
    """
    if bounds_of(partner) is None:
        return None
    row = (await farm.ledger.tolerances.of(partner.slug)).get(WHOLE)
    now = farm.clock()
    until = row.waits_until(now) if row is not None else None
    if until is None:
        return None
    return Later(min(until, now + timedelta(seconds=ASK_AGAIN_S)), f"{partner.slug} is left alone")


def _is_watched(farm: Farm, venue: Venue) -> bool:
    partner = farm.partners.by_slug.get(venue.partner)
    return partner is not None and bounds_of(partner) is not None
