"""The worker runtime: one asyncio loop per process, in its own thread, started after the fork."""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TypeVar

from farm.ports import Visits
from farm.registry import Registry
from farm.request import Clock
from farm.venue import Venue
from ledger.store import Ledger
from profiles.egress.way_out import GuardedWays
from profiles.pacing.pace import Pace, Permit
from profiles.pacing.store import Store
from profiles.partner import Partners
from profiles.sessions import Sessions
from profiles.visiting import Engine, PartnerVisits
from tasks.afterwards import Afterwards
from tasks.app import HARD_LIMIT_S, redis_url
from tasks.browser import WarmBrowser
from tasks.delivering import Sendings
from tasks.evidence import EvidenceStore
from tasks.guarding import start_guard
from tasks.keeping import state_keys_of
from tasks.posting import Poster
from tasks.settings import Settings
from tasks.tolerated import ToleratedVisits, rates_of

T = TypeVar("T")
STOP_S = 15.0


@dataclass
class Farm:
    """What a flow works with, in one process.

    Attributes:
        pace: Every partner's.
        permit: That of the work which is being done.
        afterwards: What may wait until a booking is done with.
    """

    settings: Settings
    ledger: Ledger
    registry: Registry
    partners: Partners
    browser: WarmBrowser
    ways: GuardedWays
    clock: Clock
    owner: str
    pace: Pace = field(default_factory=lambda: Pace(Store(None)), kw_only=True)
    permit: Permit | None = field(default=None, kw_only=True)
    afterwards: Afterwards = field(default_factory=Afterwards, kw_only=True)

    def visits(self, venue: Venue, good_until: datetime | None = None) -> Visits:
        """Visits of a venue under its partner's profile, as far as it puts up with them.

        Args:
            venue: Where to.
            good_until: How long a kept log-in must last at least.
        """
        partner = self.partners.by_slug.get(venue.partner)
        return ToleratedVisits(self.agreed_visits(venue, good_until), self.ledger, venue, partner)

    def agreed_visits(self, venue: Venue, good_until: datetime | None = None) -> PartnerVisits:
        """Visits as they were agreed, whatever was learned meanwhile: ``visits`` stands before them."""
        return PartnerVisits(
            self.engine,
            self.partners,
            venue,
            self.registry.manifest(venue),
            self.clock,
            ways=self.ways,
            pace=self.pace,
            permit=self.permit,
            sessions=self.sessions,
            good_until=good_until,
        )

    @property
    def engine(self) -> Engine:
        """Where browser contexts come from."""
        return self.browser

    @cached_property
    def evidence(self) -> EvidenceStore:
        """Where what was seen is kept."""
        return EvidenceStore.of(self.settings)

    @cached_property
    def sessions(self) -> Sessions:
        """The log-ins that are kept."""
        return Sessions(self.ledger.sessions, partial(state_keys_of, self.settings), self.clock)

    @cached_property
    def sendings(self) -> Sendings:
        """What goes out to webhooks."""
        poster = Poster(self.settings.webhooks_to_loopback)
        return Sendings(self.ledger, poster, partial(state_keys_of, self.settings))

    async def warm(self) -> None:
        """Start browser and egress guard now, so that the first visit need not wait for them."""
        await self.browser.warm()
        await self.ways.stay()


class Runtime:
    """The loop thread and the farm on it. Signals never reach it; task bodies only hand coroutines over."""

    def __init__(self, settings: Settings) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="readback-loop", daemon=True)
        self._thread.start()
        try:
            self._farm = self._hand_over(_open_farm(settings))
        except BaseException:
            self._end_loop()
            raise

    def run(self, work: Callable[[Farm], Awaitable[T]]) -> T:
        """Run a coroutine on the loop and wait for it."""

        async def bounded() -> T:
            async with asyncio.timeout(HARD_LIMIT_S - 15):
                return await work(self._farm)

        return self._hand_over(bounded())

    def stop(self) -> None:
        """End browser, ledger and loop."""
        try:
            self._hand_over(_close_farm(self._farm), STOP_S)
        finally:
            self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _hand_over(self, work: Awaitable[T], within_s: float | None = None) -> T:
        async def awaited() -> T:
            return await work

        future = asyncio.run_coroutine_threadsafe(awaited(), self._loop)
        try:
            return future.result(within_s)
        except BaseException:
            # a time limit of Celery: the coroutine must not go on without anybody waiting for it
            future.cancel()
            raise


_runtime: Runtime | None = None
_making = threading.Lock()


def runtime() -> Runtime:
    """This process's runtime, started on first use and never taken over a fork."""
    global _runtime  # noqa: PLW0603 - one loop per process is the point
    with _making:
        if _runtime is None or _runtime.pid != os.getpid():
            _runtime = Runtime(Settings())
            atexit.register(stop_runtime)
        return _runtime


def stop_runtime() -> None:
    """End this process's runtime, if it has one."""
    global _runtime  # noqa: PLW0603
    with _making:
        if _runtime is not None and _runtime.pid == os.getpid():
            _runtime.stop()
        _runtime = None


@asynccontextmanager
async def farm_of(settings: Settings) -> AsyncIterator[Farm]:
    """A farm for one piece of work outside a worker; its browser starts only if something visits."""
    farm = await _open_farm(settings)
    try:
        yield farm
    finally:
        await _close_farm(farm)


@asynccontextmanager
async def farm_over(
    settings: Settings, registry: Registry, partners: Partners, ledger: Ledger
) -> AsyncIterator[Farm]:
    """The same over what somebody has open already, and keeps."""
    farm = _farm(settings, registry, partners, ledger)
    try:
        yield farm
    finally:
        await _leave(farm)


async def _open_farm(settings: Settings) -> Farm:
    registry = Registry.load(settings.integration_folders)
    partners = Partners.load(settings.partner_folders)
    return _farm(settings, registry, partners, await Ledger.open(settings.ledger_url))


def _farm(settings: Settings, registry: Registry, partners: Partners, ledger: Ledger) -> Farm:
    browser = WarmBrowser(sandbox=settings.chromium_sandbox == "on")
    home, host = settings.home, settings.egress_host
    ways = GuardedWays(home, lambda: asyncio.to_thread(start_guard, home, host))
    owner = f"{socket.gethostname()}:{os.getpid()}"
    pace = Pace(Store(redis_url(settings)), rates_of(ledger))  # connects when a partner with limits is visited
    return Farm(settings, ledger, registry, partners, browser, ways, ledger.clock, owner, pace=pace)


async def _close_farm(farm: Farm) -> None:
    await _leave(farm)
    await farm.ledger.close()


async def _leave(farm: Farm) -> None:
    await farm.sendings.end()
    await farm.afterwards.drain()
    await farm.browser.stop()
    farm.ways.leave()
    await farm.pace.store.close()
