"""What is broken while the farm works: seeded in what and when, counted only when it hit something that lived."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

import psutil

from benchmarks.truth import processes
from benchmarks.truth.deployment import Deployment
from benchmarks.truth.venues import Venues

GAP_S = (0.5, 2.5)
AWAY_S = (0.0, 1.5)
PAST_LEASE_S = (0.5, 2.5)
VENUE_STANDS_S = (1.0, 3.0)
WIPED = 0.5

Strike = Callable[[], Awaitable[bool]]


class Chaos:
    """Strikes until told to stop, and puts everything back that it has stopped.

    Args:
        seed: Of what is struck, how long, and when.
        deployment: The farm.
        venues: Its venues; stopped for moments.
        calmer: How many times longer the gap to the next strike shall be, so that there is progress to break.
    """

    def __init__(self, seed: int, deployment: Deployment, venues: Venues, calmer: Callable[[], float]) -> None:
        self.kills: Counter[str] = Counter()
        self._rng = Random(seed)  # noqa: S311 - a benchmark that can be run again, not a secret
        self._deployment = deployment
        self._venues = venues
        self._calmer = calmer
        self._standing_still: dict[int, list[psutil.Process]] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._targets: dict[str, tuple[float, Strike]] = {
            "worker": (2, self._worker),
            "pool child": (3, self._pool_child),
            "relay": (2, self._relay),
            "browser": (3, self._browser),
            "renderer": (3, self._renderer),
            "driver": (2, self._driver),
            "redis": (1.5, self._redis),
            "worker stopped past its lease": (1.5, self._stop_worker),
            "venue stopped": (2, self._stop_venue),
        }
        if deployment.postgresql is not None:
            self._targets["postgresql"] = (1.5, self._postgresql)

    @property
    def struck(self) -> int:
        """Signals that hit something alive."""
        return self.kills.total()

    async def rage(self, over: asyncio.Event) -> None:
        """Strike until it is over; then everything goes on that stands still."""
        try:
            while not over.is_set():
                gap_s = self._rng.uniform(*GAP_S) * self._calmer()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), gap_s)
                    return
                await self._strike()
        finally:
            for waiting in self._waiting:
                waiting.cancel()
            for pid in list(self._standing_still):
                self._go_on(pid)

    async def _strike(self) -> None:
        names = list(self._targets)
        name = self._rng.choices(names, [weight for weight, _ in self._targets.values()])[0]
        if await self._targets[name][1]():
            self.kills[name] += 1

    async def _worker(self) -> bool:
        """Its main process; children and browsers are left to see for themselves."""
        return await self._kill([p for part in self._deployment.workers for p in processes.tree(part.pid)[:1]])

    async def _pool_child(self) -> bool:
        mains = {part.pid for part in self._deployment.workers}
        return await self._kill(processes.children_of_pools(processes.below(), mains))

    async def _relay(self) -> bool:
        return await self._kill([p for part in self._deployment.relays for p in processes.tree(part.pid)[:1]])

    async def _browser(self) -> bool:
        return await self._kill(processes.browsers(processes.below()))

    async def _renderer(self) -> bool:
        return await self._kill(processes.renderers(processes.below()))

    async def _driver(self) -> bool:
        return await self._kill(processes.drivers(processes.below()))

    async def _kill(self, candidates: list[psutil.Process]) -> bool:
        if not candidates:
            return False
        victim = self._rng.choice(sorted(candidates, key=lambda process: process.pid))
        return processes.send(victim, signal.SIGKILL) and await asyncio.to_thread(processes.gone, victim)

    async def _redis(self) -> bool:
        redis = self._deployment.redis
        wiped = self._rng.random() < WIPED
        with contextlib.suppress(OSError, ValueError):
            hit = await self._kill(processes.tree(int(redis.pidfile.read_text()))[:1])
            await asyncio.sleep(self._rng.uniform(*AWAY_S))
            await asyncio.to_thread(redis.stop)
            if wiped:
                self._deployment.wipe_redis()
                self.kills["redis, wiped empty"] += hit
            await asyncio.to_thread(redis.start)
            return hit and not wiped
        return False

    async def _postgresql(self) -> bool:
        server = self._deployment.postgresql
        assert server is not None
        hit = await self._kill(processes.tree(server.pid)[:1])
        await asyncio.sleep(self._rng.uniform(*AWAY_S))
        await asyncio.to_thread(server.restart)
        return hit

    async def _stop_worker(self) -> bool:
        """Longer than its lease: its main process and its pool, with or without their browsers."""
        part = self._rng.choice(self._deployment.workers)
        stopped = processes.tree(part.pid)
        if self._rng.random() < 0.5:
            stopped = [process for process in stopped if processes.is_worker(process)]
        lease_s = self._deployment.settings.lease_s
        return self._stand_still(part.pid, stopped, lease_s + self._rng.uniform(*PAST_LEASE_S))

    async def _stop_venue(self) -> bool:
        twin = self._rng.choice(list(self._venues.twins.values()))
        return self._stand_still(twin.pid, processes.tree(twin.pid), self._rng.uniform(*VENUE_STANDS_S))

    def _stand_still(self, pid: int, stopped: list[psutil.Process], seconds: float) -> bool:
        if pid in self._standing_still:
            return False
        hit = [process for process in stopped if processes.send(process, signal.SIGSTOP)]
        if not hit:
            return False

        self._standing_still[pid] = hit
        later = asyncio.create_task(self._go_on_after(pid, seconds))
        self._waiting.add(later)
        later.add_done_callback(self._waiting.discard)
        return True

    async def _go_on_after(self, pid: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._go_on(pid)

    def _go_on(self, pid: int) -> None:
        for process in self._standing_still.pop(pid):
            processes.send(process, signal.SIGCONT)
