"""Keys that came a moment ago are still known: they cost no query for each request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from ledger.keys import KeyRecord, Keys

log = logging.getLogger(__name__)

KEPT_S = 5.0
"""For so long a key that was revoked may still open the door."""
MOST = 1024
NOTED_EVERY_S = 180.0
"""How often is written down which keys were used since."""


class Keyring:
    """The keys of one gateway. A key that is none of ours is never kept: nobody can push others out with guesses."""

    def __init__(self, keys: Keys, now_s: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._now_s = now_s
        self._kept: dict[str, tuple[float, KeyRecord]] = {}
        self._used: dict[str, datetime] = {}

    async def find(self, key_id: str) -> KeyRecord | None:
        """The key with this id as it was at most ``KEPT_S`` ago, whatever its state."""
        until_s, kept = self._kept.get(key_id, (0.0, None))
        if kept is not None and self._now_s() < until_s:
            return kept
        self._kept.pop(key_id, None)
        found = await self._keys.find(key_id)
        if found is not None:
            self._kept[key_id] = (self._now_s() + KEPT_S, found)
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        return found

    def used(self, key_id: str, at: datetime) -> None:
        """Remember that it was used; this is written down later."""
        self._used[key_id] = at

    async def note(self) -> None:
        """Write down when keys were used; where the ledger is away, the next time tries again."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await self._keys.used(used)
        except SQLAlchemyError as error:
            self._used = used | self._used
            log.warning("when keys were used last could not be written: %s", type(error).__name__)

    @contextlib.asynccontextmanager
    async def noting(self) -> AsyncIterator[None]:
        """Meanwhile use is written down from time to time, and at the end."""
        noting = asyncio.create_task(self._note_on())
        try:
            yield
        finally:
            noting.cancel()
            await asyncio.wait([noting])
            await self.note()

    async def _note_on(self) -> None:
        while True:
            await asyncio.sleep(NOTED_EVERY_S)
            await self.note()
