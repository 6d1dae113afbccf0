"""A pacer of a few lines: slots at one rate for all workers of this process, none before the end of a cool-down."""

from __future__ import annotations

import asyncio
import time

_CATCH_UP = 1.0
"""A loop that was late may make up for one slot, and not for more: no bursts."""


class Pacer:
    """Hands out slots.

    Attributes:
        per_s: The rate, in slots per second of the wall.
        until_s: No slot lies before that moment of the monotonic clock.
    """

    def __init__(self, per_s: float) -> None:
        self.per_s = per_s
        self.until_s = 0.0
        self._next_s = 0.0

    async def slot(self) -> None:
        """Wait for the next slot."""
        while True:
            now_s = time.monotonic()
            at_s = max(self._next_s, now_s - _CATCH_UP / self.per_s, self.until_s)
            self._next_s = at_s + 1 / self.per_s
            if at_s > now_s:
                await asyncio.sleep(at_s - now_s)
            if time.monotonic() >= self.until_s:
                return  # else somebody was told to wait while this one slept
