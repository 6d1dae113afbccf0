"""A candidate's side: one process that says when it is ready, then answers each order (a line) with a line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from benchmarks.orphans import keep_orphans
from benchmarks.overhead.order import Order

Booker = Callable[[Order], Awaitable[str]]


def answer_orders(opened: Callable[[], AbstractAsyncContextManager[Booker]]) -> None:
    """Answer orders until standard input ends. An order that fails ends the process."""
    keep_orphans()
    with asyncio.Runner() as runner:
        runner.run(_answer(opened))


async def _answer(opened: Callable[[], AbstractAsyncContextManager[Booker]]) -> None:
    async with opened() as book:
        _say(ready=True)
        async for line in _lines():
            _say(answer=await book(Order.from_json(line)))


async def _lines() -> AsyncIterator[str]:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode()


def _say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()
