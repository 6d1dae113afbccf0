"""A person's word on a doubt, written down under the booking's lease as any worker's is."""

from __future__ import annotations

import asyncio

from farm.life.decide import decide
from farm.life.happened import Resolved
from ledger.records import BookingRecord
from tasks.cases import read_case
from tasks.runtime import Farm
from tasks.working import lease_on

TRY_FOR_S = 30.0
_EVERY_S = 0.2


class SomebodyElseWorks(RuntimeError):
    """A worker has had the booking for longer than anybody should wait: ask again."""


async def resolve(farm: Farm, booking_id: str, word: Resolved) -> BookingRecord:
    """Do as the person says.

    Raises:
        NoSuchBooking: There is none.
        NothingToResolve: Nothing waits for a person here.
        NotNow: A click may still be on its way.
        SomebodyElseWorks: The lease could not be had in time.
    """
    ends_at = asyncio.get_running_loop().time() + TRY_FOR_S
    while asyncio.get_running_loop().time() < ends_at:
        async with lease_on(farm, booking_id) as lease:
            if lease is not None:
                case = await read_case(farm, booking_id, await farm.ledger.demotions.all())
                decision = decide(case, word, farm.clock())
                return await farm.ledger.conclude(lease, decision.transition)
        await asyncio.sleep(_EVERY_S)
    raise SomebodyElseWorks
