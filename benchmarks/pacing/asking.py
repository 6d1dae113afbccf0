"""One process that has a request ready at any time, and asks before each one leaves. Run by ``command``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from pyrate_limiter import Duration, Limiter, Rate, RedisBucket
from redis.asyncio import Redis

from benchmarks.pacing.departures import SECOND_NS, Agreed, leave, write
from farm.errors import PacingDeferred
from profiles.pacing.rules import of_requests
from profiles.pacing.store import Store
from profiles.pacing.tokens import take
from profiles.terms.pacing import PacingTerms

PARTNER = "the_partner"
READ_BACKS = 10
"""One in so many is a read-back's, which may use what is kept of the burst."""
READY = "ready\n"
"""What a process says when it waits for its moment to begin, which it reads then."""
Ask = Callable[[int], Awaitable[None]]


def terms(agreed: Agreed) -> PacingTerms:
    """What was agreed, as a profile says it."""
    return PacingTerms(
        gap_ms=(0, 0),
        requests_per_min=agreed.per_min,
        burst_requests=agreed.burst,
        read_back_requests=min(2, agreed.burst - 1),
        source="this benchmark",
    )


async def readback(url: str, agreed: Agreed) -> Ask:
    """As a visit asks."""
    store, partner = Store(url), terms(agreed)
    ordinary, first = of_requests(partner), of_requests(partner, first=True)

    async def ask(number: int) -> None:
        await take(store, PARTNER, ordinary if number % READ_BACKS else first)

    return ask


async def pyrate(url: str, agreed: Agreed) -> Ask:
    """As pyrate-limiter's page says: a bucket in Redis, so much a minute and so much at once."""
    rates = [Rate(agreed.burst, Duration.SECOND * agreed.burst * 60 // agreed.per_min)]
    rates.append(Rate(agreed.per_min, Duration.MINUTE))
    made = RedisBucket.init(rates, Redis.from_url(url), PARTNER)
    assert not isinstance(made, RedisBucket)
    limiter = Limiter(await made)

    async def ask(number: int) -> None:  # noqa: ARG001 - it knows no read-backs
        await limiter.try_acquire_async(PARTNER)

    return ask


async def run(kind: str, url: str, agreed: Agreed, to: Path) -> None:
    """Ask without a pause until the time is up."""
    ask = await {"readback": readback, "pyrate_limiter": pyrate}[kind](url, agreed)
    left: list[int] = []
    print(READY, end="", flush=True)
    agreed = replace(agreed, begins_ns=int(sys.stdin.readline()))
    await asyncio.sleep((agreed.begins_ns - time.monotonic_ns()) / SECOND_NS)
    try:
        async with asyncio.timeout((agreed.ends_ns - time.monotonic_ns()) / SECOND_NS):
            while True:
                try:
                    await ask(len(left))
                except PacingDeferred:
                    continue
                leave(left)
    except TimeoutError:
        write(left, to)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[2], sys.argv[3], Agreed.read(sys.argv[4:]), Path(sys.argv[1])))
