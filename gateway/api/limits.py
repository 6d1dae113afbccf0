"""How often may be asked: by a key, and by an address that shows none. Counted by the library `limits`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from tasks.settings import Settings

log = logging.getLogger(__name__)

WINDOW_S = 60
PATIENCE_S = 0.25
"""A count that takes longer is made in memory."""
AWAY_S = 5.0
"""For so long a Redis that did not answer is not asked again."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How many in a minute.

    Attributes:
        name: What the headers call it.
        of_what: What is counted, and for whom, as a person would say it.
    """

    name: str
    per_min: int
    of_what: str

    @property
    def item(self) -> RateLimitItem:
        """The same for the library."""
        return RateLimitItemPerMinute(self.per_min, namespace=f"readback.{self.name}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a policy.

    Attributes:
        resets_s: Until more is left than now.
        refused: It was asked for once too often.
    """

    policy: Policy
    remaining: int
    resets_s: int
    refused: bool


def headers_of(standings: Sequence[Standing]) -> dict[str, str]:
    """What an answer says of them, as draft-ietf-httpapi-ratelimit-headers has it."""
    policies = ", ".join(f'"{each.policy.name}";q={each.policy.per_min};w={WINDOW_S}' for each in standings)
    left = ", ".join(f'"{each.policy.name}";r={each.remaining};t={each.resets_s}' for each in standings)
    return {"RateLimit-Policy": policies, "RateLimit": left} if standings else {}


class Limits:
    """The limits of one gateway; those of several are one where they share a Redis."""

    def __init__(self, settings: Settings) -> None:
        self.requests = Policy("requests", settings.requests_per_min, "requests with one key")
        self.creates = Policy("creates", settings.creates_per_min, "bookings queued with one key")
        self.strangers = Policy(
            "strangers", settings.strangers_per_min, "requests from one address without a key that is right"
        )
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared: SlidingWindowCounterRateLimiter | None = None
        self._redis_url = settings.redis_url
        self._away_until_s = 0.0
        self._is_away = False

    @contextlib.asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """Meanwhile the deployment's Redis, if it names one, is counted in."""
        if self._redis_url is None:
            yield
            return
        pool = ConnectionPool.from_url(
            self._redis_url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, max_connections=100
        )
        shared = RedisStorage(
            "async+redis://",
            wrap_exceptions=True,
            implementation="redispy",
            connection_pool=pool,  # type: ignore[arg-type] # it is handed on as it is
        )
        self._shared = SlidingWindowCounterRateLimiter(shared)
        try:
            yield
        finally:
            self._shared = None
            await pool.aclose()

    async def count(self, policy: Policy, whom: str) -> Standing:
        """Count one more of theirs. It never fails: without Redis this gateway counts for itself."""
        if self._shared is not None and time.monotonic() >= self._away_until_s:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    standing = await _counted(self._shared, policy, whom)
            except (StorageError, TimeoutError) as error:
                self._gone(error)
            else:
                self._is_away = False
                return standing
        return await _counted(self._own, policy, whom)

    def _gone(self, error: Exception) -> None:
        self._away_until_s = time.monotonic() + AWAY_S
        if not self._is_away:
            self._is_away = True
            log.warning("Redis cannot be reached (%s): the limits are counted in memory", type(error).__name__)


async def _counted(limiter: SlidingWindowCounterRateLimiter, policy: Policy, whom: str) -> Standing:
    item = policy.item
    let_in = await limiter.hit(item, whom)
    stats = await limiter.get_window_stats(item, whom)
    return Standing(policy, stats.remaining, max(0, math.ceil(stats.reset_time - time.time())), not let_in)
