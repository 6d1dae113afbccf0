"""A person's word on a doubt, written down under the booking's lease as any worker's is."""

from __future__ import annotations

import asyncio

from farm.life import by_person
from farm.life.case import Case
from farm.life.decide import decide
from farm.life.decision import Decision, NothingToResolve
from farm.life.happened import Resolved
from ledger.records import BookingRecord
from tasks.cases import read_case
from tasks.runtime import Farm
from tasks.working import lease_on

TRY_FOR_S = 30.0
_EVERY_S = 0.2


class SomebodyElseWorks(RuntimeError):
    """A worker has had the booking for longer than anybody should wait: ask again."""


async def resolve(
    farm: Farm, booking_id: str, word: Resolved, attempt: int | None = None, try_for_s: float = TRY_FOR_S
) -> BookingRecord:
    """Do as the person says.

    Args:
        farm: Where it stands.
        booking_id: The booking.
        word: What the person says.
        attempt: Of which attempt they say it; None: of the one that waits for somebody.
        try_for_s: How long to try to have the booking for oneself.

    Raises:
        NoSuchBooking: There is none.
        NothingToResolve: Nothing waits for a person here, or another attempt does.
        NotNow: A click may still be on its way.
        SomebodyElseWorks: The lease could not be had in time.
    """
    ends_at = asyncio.get_running_loop().time() + try_for_s
    while asyncio.get_running_loop().time() < ends_at:
        async with lease_on(farm, booking_id) as lease:
            if lease is not None:
                decision = await _decided(farm, booking_id, word, attempt)
                return await farm.ledger.conclude(lease, decision.transition)
        await asyncio.sleep(_EVERY_S)
    raise SomebodyElseWorks


async def _decided(farm: Farm, booking_id: str, word: Resolved, attempt: int | None) -> Decision:
    """What the word leads to. The wish that nothing else be booked is written before, as any guest's is."""
    case = await _case(farm, booking_id)
    waits = by_person.waiting(case)
    if waits is None or attempt not in {None, waits.number}:
        raise NothingToResolve
    decision = decide(case, word, farm.clock())
    if not word.called_off or not waits.is_live or case.cancel_requested_at is not None:
        return decision
    await farm.ledger.request_cancel(booking_id)
    return decide(await _case(farm, booking_id), word, farm.clock())


async def _case(farm: Farm, booking_id: str) -> Case:
    return await read_case(farm, booking_id, await farm.ledger.demotions.all())
