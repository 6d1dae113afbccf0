"""Working on a booking: its lease, the heartbeat that keeps it, and the journal of what is done."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from farm.phases import Step
from ledger.columns import Stage
from ledger.errors import LeaseLost
from ledger.records import Lease
from ledger.store import Ledger
from tasks.runtime import Farm

log = logging.getLogger(__name__)


@asynccontextmanager
async def lease_on(farm: Farm, booking_id: str) -> AsyncIterator[Lease | None]:
    """The lease of a booking, kept by a heartbeat; None when somebody else works on it.

    When the lease is lost, the work is cancelled at once and nothing is raised: whoever has it now goes on.
    """
    lease = await farm.ledger.take_lease(booking_id, farm.owner, farm.settings.lease_s)
    if lease is None:
        yield None
        return
    work = asyncio.current_task()
    assert work is not None  # noqa: S101 - a coroutine runs in a task
    lost = asyncio.Event()
    heart = asyncio.create_task(_beat(farm, lease, work, lost))
    try:
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
            await farm.ledger.release_lease(lease)


async def _beat(farm: Farm, lease: Lease, work: asyncio.Task[object], lost: asyncio.Event) -> None:
    while True:
        await asyncio.sleep(farm.settings.lease_s / 4)
        try:
            await farm.ledger.extend_lease(lease, farm.settings.lease_s)
        except LeaseLost:
            lost.set()
            work.cancel()
            return


class LedgerJournal:
    """Writes the steps of one attempt into the booking's events, and times them (the core's port ``Journal``)."""

    def __init__(self, ledger: Ledger, booking_id: str, attempt: int, venue: str) -> None:
        self._ledger = ledger
        self._booking_id = booking_id
        self._attempt = attempt
        self._venue = venue
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

    def taken(self) -> tuple[Stage, ...]:
        """The stages since the last call, in order."""
        stages, self._stages = tuple(self._stages), []
        return stages

    async def _event(self, kind: str, payload: dict[str, str]) -> None:
        await self._ledger.note(self._booking_id, kind, self._attempt, self._venue, payload)
