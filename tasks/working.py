"""Working on a booking: its lease, the heartbeat that keeps it, and the journal of what is done."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta

from farm.facts import Hold
from farm.life.transition import Stage, WakeUpKind
from farm.phases import Step
from ledger.errors import LeaseLost
from ledger.records import AttemptRecord, Lease
from ledger.store import Ledger
from profiles.egress.grants import host_clock
from profiles.egress.way_out import Term
from tasks.crash_points import crash_point
from tasks.runtime import Farm

log = logging.getLogger(__name__)

HELD_S = 5.0
"""When a message that met another worker's lease is sent again: long attempts must not make a storm of messages."""
SIDE_WRITE_S = 2.0
"""The longest that a write which decides nothing (progress, a lease given back) may hold up the work."""


@asynccontextmanager
async def lease_on(farm: Farm, booking_id: str) -> AsyncIterator[Lease | None]:
    """The lease of a booking, kept by a heartbeat; None when somebody else works on it.

    When the lease is lost, the work is cancelled at once and nothing is raised: whoever has it now goes on. A ledger
    that is away is no loss before the lease's own end.
    """
    ends_at = asyncio.get_running_loop().time() + farm.settings.lease_s
    term = Term(host_clock() + farm.settings.lease_s)
    lease = await farm.ledger.take_lease(booking_id, farm.owner, farm.settings.lease_s)
    if lease is None:
        yield None
        return
    work = asyncio.current_task()
    assert work is not None  # noqa: S101 - a coroutine runs in a task
    lost = asyncio.Event()
    heart = asyncio.create_task(_beat(farm, lease, ends_at, term, work, lost))
    try:
        with term:
            yield lease
    except LeaseLost:
        log.info("%s: the lease is lost, somebody else works on it", booking_id)
    except asyncio.CancelledError:
        if not lost.is_set():
            raise
        work.uncancel()
        log.info("%s: the heartbeat found the lease lost", booking_id)
    finally:
        heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heart
        if not lost.is_set():
            await _on_the_side(farm.ledger.release_lease(lease), f"{booking_id}: the lease ends by itself")


async def come_again(farm: Farm, booking_id: str, kind: WakeUpKind) -> None:
    """Somebody else works on the booking: what this message was for is looked at again soon, if it is still open."""
    await farm.ledger.wake_again(booking_id, kind, farm.clock() + timedelta(seconds=HELD_S))


async def _beat(
    farm: Farm, lease: Lease, ends_at: float, term: Term, work: asyncio.Task[object], lost: asyncio.Event
) -> None:
    """Extend the lease until it is lost, or until it has run out while the ledger was away."""
    loop, lease_s = asyncio.get_running_loop(), farm.settings.lease_s
    while loop.time() < ends_at:
        await asyncio.sleep(min(lease_s / 4, ends_at - loop.time()))
        asked_at, on_the_host = loop.time(), host_clock()
        try:
            async with asyncio.timeout_at(ends_at):
                await farm.ledger.extend_lease(lease, lease_s)
            ends_at = asked_at + lease_s
            term.extend(on_the_host + lease_s)
        except LeaseLost:
            break
        except Exception as error:  # noqa: BLE001 - whatever the ledger has, the lease is ours until its end
            log.warning("%s: the lease was not extended (%s)", lease.booking_id, type(error).__name__)
    lost.set()
    work.cancel()


async def _on_the_side(write: Awaitable[object], otherwise: str) -> None:
    """Do a write that decides nothing: it has little time, and when it fails that is only logged."""
    try:
        async with asyncio.timeout(SIDE_WRITE_S):
            await write
    except Exception as error:  # noqa: BLE001 - the outcome of the work stands, whatever the ledger has
        log.warning("%s (%s)", otherwise, type(error).__name__)


class LedgerJournal:
    """Writes the steps of one attempt into the booking's events, and times them (the core's port ``Journal``).

    A ledger that is away costs the history a line, and the attempt nothing.
    """

    def __init__(self, ledger: Ledger, lease: Lease, attempt: AttemptRecord) -> None:
        self._ledger = ledger
        self._lease = lease
        self._attempt = attempt
        self._stages: list[Stage] = []

    @asynccontextmanager
    async def stage(self, step: Step) -> AsyncIterator[None]:
        began = time.monotonic()
        await self._event("attempt.step", {"step": str(step)})
        try:
            yield
        finally:
            self._stages.append(Stage(str(step), round(time.monotonic() - began, 3)))

    async def note(self, text: str) -> None:
        await self._event("attempt.note", {"text": text})

    async def held(self, hold: Hold) -> None:
        otherwise = f"{self._attempt.booking_id}: a hold is not written down, and ends by itself"
        await _on_the_side(self._ledger.keep_hold(self._lease, self._attempt.id, hold), otherwise)
        await crash_point("after_hold")

    async def given_back(self) -> None:
        otherwise = f"{self._attempt.booking_id}: that a hold was given back is not written down"
        await _on_the_side(self._ledger.note_release(self._lease, self._attempt.id), otherwise)

    def taken(self) -> tuple[Stage, ...]:
        """The stages since the last call, in order."""
        stages, self._stages = tuple(self._stages), []
        return stages

    async def _event(self, kind: str, payload: dict[str, str]) -> None:
        attempt = self._attempt
        note = self._ledger.note(attempt.booking_id, kind, attempt.number, attempt.venue, payload)
        await _on_the_side(note, f"{attempt.booking_id}: {kind} is missing in its history")
