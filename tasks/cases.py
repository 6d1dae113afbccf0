"""A booking as decisions see it: read from the ledger, with what this farm knows of its places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from farm import reading
from farm.demotion import Demotion, closed_venues
from farm.life.case import Case
from tasks.known import known
from tasks.runtime import Farm
from tasks.waiting import rests


async def read_case(farm: Farm, booking_id: str, demotions: Mapping[str, Demotion]) -> Case:
    """What is known of a booking now. Only the holder of its lease may decide by it.

    ``demotions`` as they were when the task began: they change once a night.
    """
    booking = await farm.ledger.booking(booking_id)
    case = known(
        farm.registry,
        booking,
        await farm.ledger.attempts(booking_id),
        lambda venue, manifest: reading.can_look(manifest, farm.visits(venue)),
    )
    return replace(
        case,
        closed=closed_venues(case.candidates, farm.registry, farm.settings.least_tier, demotions),
        resting=await rests(farm, case.candidates),
    )
