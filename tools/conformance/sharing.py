"""Work that several grounds share: each takes the next piece when it is free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from farm.registry import Integration
from tasks.runtime import Farm
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground, ground

T = TypeVar("T")
AT_ONCE = 3
"""Runs wait for pages and settle times most of their time; each ground more has a twin of its own."""


@asynccontextmanager
async def grounds(
    pieces: int, integration: Integration, cases: Cases, folder: Path, farm: Farm
) -> AsyncIterator[list[Ground]]:
    """As many grounds as so many pieces of work are worth, in folders of their own."""
    async with AsyncExitStack() as open_now:
        yield [
            await open_now.enter_async_context(ground(integration, cases, folder / f"ground-{number}", farm))
            for number in range(min(AT_ONCE, pieces))
        ]


async def share_out(work: Iterable[T], among: Sequence[Ground], do: Callable[[Ground, T], Awaitable[None]]) -> None:
    """Do all of it; what one piece raises ends the others too."""
    left = iter(work)

    async def until_none_is_left(here: Ground) -> None:
        for piece in left:
            await do(here, piece)

    async with asyncio.TaskGroup() as group:
        for here in among:
            group.create_task(until_none_is_left(here))
