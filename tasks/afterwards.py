"""Work that decides nothing and may wait: done behind a booking's back, and waited for when the worker ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

log = logging.getLogger(__name__)

AT_MOST_S = 20.0
MOST_AT_ONCE = 64
DRAIN_S = 5.0


class Afterwards:
    """What goes on after its booking; on one loop."""

    def __init__(self) -> None:
        self._going: set[asyncio.Task[None]] = set()

    def do(self, work: Coroutine[None, None, None], otherwise: str) -> None:
        """Begin it; when it fails, or there is too much of it, that is only logged.

        Args:
            work: What may wait.
            otherwise: What is missing without it.
        """
        if len(self._going) >= MOST_AT_ONCE:
            work.close()
            log.warning("%s (too much to write)", otherwise)
            return
        task = asyncio.create_task(_bounded(work, otherwise))
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def drain(self, within_s: float = DRAIN_S) -> None:
        """Wait for all that has begun, or give it up."""
        if not self._going:
            return
        _, late = await asyncio.wait(self._going, timeout=within_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1)


async def _bounded(work: Coroutine[None, None, None], otherwise: str) -> None:
    try:
        async with asyncio.timeout(AT_MOST_S):
            await work
    except Exception as error:  # noqa: BLE001 - the booking stands, whatever becomes of this
        log.warning("%s (%s)", otherwise, type(error).__name__)
