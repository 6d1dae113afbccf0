"""Who visits the twin: the farm's own learning on a real ledger, fixed rates, and Crawlee with its session pool."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import httpx

from benchmarks.tolerance.pacer import Pacer
from benchmarks.tolerance.schedule import BOUNDS, Compressed, Schedule
from farm.rebuff import rebuff
from farm.tolerance import Go, Kind, Met
from ledger.migrate import upgrade
from ledger.store import Ledger
from ledger.tolerances import WHOLE

WORKERS = 4
VISIT_REQUESTS = 5
"""A visit's length; what it met is told at its end."""
PARTNER = "twin"
Contender = Callable[[str, Schedule], Coroutine[None, None, None]]


async def learned(origin: str, schedule: Schedule) -> None:
    """Four workers as the farm has them: ask the ledger, visit, tell the ledger."""
    with tempfile.TemporaryDirectory(prefix="readback-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        await upgrade(url)
        clock = Compressed(schedule.minute_s)
        async with await Ledger.open(url, clock) as ledger, _client() as client:
            pacer = Pacer(BOUNDS.start_per_min / schedule.minute_s)
            ends_s = time.monotonic() + schedule.lasts_s
            workers = (_work(f"{n}", ledger, clock, client, origin, pacer, ends_s) for n in range(WORKERS))
            await asyncio.gather(*workers)


async def _work(
    who: str, ledger: Ledger, clock: Compressed, client: httpx.AsyncClient, origin: str, pacer: Pacer, ends_s: float
) -> None:
    visit = 0
    while time.monotonic() < ends_s:
        visit += 1
        said = await ledger.tolerances.ask(PARTNER, None, BOUNDS, f"{who}-{visit}")
        if not isinstance(said, Go):
            await asyncio.sleep(min(max(clock.wall_s(said.until), 0.001), ends_s - time.monotonic()))
            continue
        await _visit(ledger, clock, client, origin, pacer, said, ends_s)


async def _visit(
    ledger: Ledger,
    clock: Compressed,
    client: httpx.AsyncClient,
    origin: str,
    pacer: Pacer,
    said: Go,
    ends_s: float,
) -> None:
    kind: Kind = "clean"
    asked, took_s = 0, 0.0
    while asked < VISIT_REQUESTS and kind == "clean" and time.monotonic() < ends_s:
        await pacer.slot()
        began_s = time.monotonic()
        answer = await client.get(f"{origin}/tables")
        asked, took_s = asked + 1, took_s + time.monotonic() - began_s
        turned = rebuff(answer.status_code, answer.headers, "GET twin/tables")
        if turned is not None:
            kind = turned.kind
    if not asked:
        return
    met = Met(kind, asked, latency_s=took_s / asked, probe=said.probe)
    await ledger.tolerances.tell(PARTNER, None, BOUNDS, met)
    known = (await ledger.tolerances.of(PARTNER))[WHOLE]
    pacer.per_s, until = known.rate_per_min / clock.minute_s, known.waits_until(clock())
    if until is not None:
        pacer.until_s = max(pacer.until_s, time.monotonic() + clock.wall_s(until))


def fixed(per_min: float) -> Contender:
    """Four workers at one rate, whatever they are answered."""

    async def run(origin: str, schedule: Schedule) -> None:
        pacer, ends_s = Pacer(per_min / schedule.minute_s), time.monotonic() + schedule.lasts_s

        async def work(client: httpx.AsyncClient) -> None:
            while time.monotonic() < ends_s:
                await pacer.slot()
                await client.get(f"{origin}/tables")

        async with _client() as client:
            await asyncio.gather(*(work(client) for _ in range(WORKERS)))

    return run


async def crawlee(origin: str, schedule: Schedule) -> None:
    """Crawlee's HTTP crawler with its session pool, told the agreed ceiling; the rest is its own default."""
    from crawlee import ConcurrencySettings, Request  # noqa: PLC0415 - takes seconds to load
    from crawlee.crawlers import HttpCrawler, HttpCrawlingContext  # noqa: PLC0415 - as above
    from crawlee.storage_clients import MemoryStorageClient  # noqa: PLC0415 - as above

    for name in ("crawlee", "HttpCrawler", "AutoscaledPool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    crawler = HttpCrawler(
        storage_client=MemoryStorageClient(),
        use_session_pool=True,
        retry_on_blocked=True,
        configure_logging=False,
        concurrency_settings=ConcurrencySettings(
            min_concurrency=1,
            max_concurrency=WORKERS,
            desired_concurrency=WORKERS,
            max_tasks_per_minute=BOUNDS.ceiling_per_min * 60 / schedule.minute_s,
        ),
    )

    @crawler.router.default_handler
    async def page(_context: HttpCrawlingContext) -> None:
        """The twin has counted it."""

    most = int(BOUNDS.ceiling_per_min * schedule.lasts_s / schedule.minute_s)
    wanted = [Request.from_url(f"{origin}/tables?n={n}") for n in range(most)]
    running = asyncio.create_task(crawler.run(wanted))
    await asyncio.wait({running}, timeout=schedule.lasts_s)
    crawler.stop()
    await running


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=30, trust_env=False)
