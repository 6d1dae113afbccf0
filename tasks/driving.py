"""Drives one booking: take its lease, read what is known, decide, write, do, and decide again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from farm.life.decide import decide
from farm.life.happened import Deferred, Happening, Woken
from farm.life.transition import NOTHING, NewWakeUp, Transition, WakeUpKind
from farm.life.work import CancelAt, ChangeAt, GiveBack, GoOn, LookAt, Try, Work
from ledger.records import Lease
from profiles.pacing.pace import Later
from tasks.app import SOFT_LIMIT_S
from tasks.attempting import attempt
from tasks.cases import read_case
from tasks.crash_points import crash_point
from tasks.looking import cancel_at, change_at, give_back, look_at
from tasks.permits import AtVenue, permit_for
from tasks.runtime import Farm
from tasks.working import come_again, lease_on

ONE_TASK_S = 120
"""After so long a booking that is still to be booked goes back to the queue: a task has a hard limit."""
CLICK_BY_S = SOFT_LIMIT_S - 15
"""A click must have ended so long after the task began, or the task's limit could cut it; the rest is to wind up."""


async def drive(farm: Farm, booking_id: str, kind: WakeUpKind) -> None:
    """Do what a booking needs now, until nothing more is to be done at once.

    A message is a hint: a booking that somebody else works on, or that needs nothing, is left as it is.
    """
    async with lease_on(farm, booking_id) as lease:
        if lease is None:
            await come_again(farm, booking_id, kind)
            return
        await crash_point("after_lease")
        began, demotions = farm.clock(), await farm.ledger.demotions.all()
        happened: Happening | None = Woken(kind)
        while happened is not None:
            decision = decide(await read_case(farm, booking_id, demotions), happened, farm.clock())
            if decision.transition is not NOTHING:
                await farm.ledger.conclude(lease, decision.transition)
                await crash_point(_written_after(happened))
            if _goes_back(decision.then, kind, farm.clock() - began):
                await farm.ledger.conclude(lease, Transition(done=["book"], wake=[NewWakeUp("book", farm.clock())]))
                return
            happened = await _do(farm, lease, decision.then, began + timedelta(seconds=CLICK_BY_S))


def _goes_back(work: Work | None, kind: WakeUpKind, taken: timedelta) -> bool:
    """Clicks are made by tasks of their own queue only, and a task does not begin one when it is old."""
    if not isinstance(work, Try) and work != GoOn("book"):
        return False
    return kind != "book" or taken >= timedelta(seconds=ONE_TASK_S)


def _written_after(happened: Happening) -> str:
    name = type(happened).__name__
    return {"Clicked": "after_click_written", "Looked": "after_verdict_written"}.get(name, "")


async def _do(farm: Farm, lease: Lease, work: Work | None, click_by: datetime) -> Happening | None:
    if work is None or isinstance(work, GoOn):
        return Woken(work.kind) if work is not None else None
    async with permit_for(farm, lease, work) as permit:
        if isinstance(permit, Later):
            return Deferred(work, permit.until, permit.detail)
        return await _at_venue(replace(farm, permit=permit), lease, work, click_by)


async def _at_venue(farm: Farm, lease: Lease, work: AtVenue, click_by: datetime) -> Happening:
    match work:
        case Try():
            return await attempt(farm, lease, work, click_by)
        case LookAt():
            return await look_at(farm, lease, work)
        case CancelAt():
            return await cancel_at(farm, lease, work)
        case ChangeAt():
            return await change_at(farm, lease, work)
        case GiveBack():
            return await give_back(farm, lease, work)
