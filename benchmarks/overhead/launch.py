"""`launch`: a plain Celery worker that launches a browser for each booking."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.overhead import plain_celery
from benchmarks.overhead.answering import Booker, answer_orders
from benchmarks.overhead.order import Order

LIMIT_S = 60
WORKER = ["worker", "-Q", "plain", "-c", "1", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]


@asynccontextmanager
async def opened(origin: str) -> AsyncIterator[Booker]:
    """A booker that hands each order to the worker."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "celery", "-A", plain_celery.__name__, *WORKER, stdin=DEVNULL, stdout=DEVNULL
    )

    async def book(order: Order) -> str:
        sent = plain_celery.book.delay(origin, order.to_json())
        return str(await asyncio.to_thread(sent.get, timeout=LIMIT_S))

    try:
        yield book
    finally:
        worker.terminate()
        await worker.wait()


if __name__ == "__main__":
    answer_orders(lambda: opened(sys.argv[1]))
