"""Ways out where no farm runs: through a guard of the caller's own, spoken to as a worker speaks to its host's."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from profiles.egress.control import Guard
from profiles.egress.grants import Allowed
from profiles.egress.way_out import GuardedWays, WayOut


class OwnWays:
    """A guard for each visit, in the caller's own loop (the port ``Ways``)."""

    @asynccontextmanager
    async def open(self, allowed: Allowed) -> AsyncIterator[WayOut]:
        with tempfile.TemporaryDirectory(prefix="guard-") as folder:
            async with Guard(Path(folder)):
                ways = GuardedWays(Path(folder), nobody)
                try:
                    async with ways.open(allowed) as way:
                        yield way
                finally:
                    ways.leave()


async def nobody() -> None:
    """What is done to start a guard that has to be there already."""
    raise RuntimeError("a guard of one's own is there already")
