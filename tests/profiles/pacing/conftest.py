"""A real Redis, and the script on a clock in the test's hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from profiles.pacing import store as stored
from profiles.pacing.store import Store
from profiles.terms.pacing import PacingTerms
from tests.redis_servers import private_redis

CLOCK = "local clock = redis.call('TIME')"
BY_HAND = "local clock = {math.floor(ARGV[2] / 1000000), ARGV[2] % 1000000}"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


class HandStore(Store):
    """The same script, with the time from here instead of the server's; everything else of it is real."""

    def __init__(self, url: str, now_us: int = 1_900_000_000_000_000) -> None:
        super().__init__(url)
        assert self._client is not None
        script = stored._SCRIPT
        assert script.count(CLOCK) == 1
        registered = self._client.register_script(script.replace(CLOCK, BY_HAND))
        self.now_us = now_us
        self.client = self._client

        async def timed(keys: Any, args: Any) -> Any:
            return await registered(keys=keys, args=[*args, self.now_us])

        self._script = timed  # type: ignore[assignment]  # asked in the same way

    def forward(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)


@pytest.fixture
async def by_hand(server):
    store = HandStore(server.url)
    await store.client.flushall()
    yield store
    await store.close()


@dataclass
class Line:
    """Errands of one partner, at the script."""

    store: HandStore
    visits: int | None = 1
    cost_s: float = 0.0
    clicks: dict[str, object] | None = None
    inside: list[str] = field(default_factory=list)

    async def ask(
        self, ticket: str, reseller: str = "ada", hurry: float | None = None, *, must: bool = False
    ) -> float:
        """How long to wait; 0: inside."""
        asked: dict[str, object] = {"ticket": ticket, "reseller": reseller, "must": must}
        asked["cost"] = round(self.cost_s * 1_000_000)
        asked |= {
            name: value
            for name, value in [("visits", self.visits), ("clicks", self.clicks), ("hurry", hurry)]
            if value
        }
        wait_s, _ = await self.store.ask("p", "admit", asked)
        if wait_s == 0:
            self.inside.append(ticket)
        return wait_s

    async def leave(self, ticket: str, took_s: float = 5.0) -> None:
        places = [{"key": 2, "limit": self.visits}]
        asked = {"ticket": ticket, "places": places, "took": round(took_s * 1_000_000), "unused": 0}
        await self.store.ask("p", "leave", asked)

    async def opens(self) -> None:
        """The first day of a partner is over."""
        await self.store.ask("p", "renew", {"ticket": "", "places": []})
        self.store.forward(stored.LEASE_S)


@pytest.fixture
async def line(by_hand):
    line = Line(by_hand)
    await line.opens()
    return line


def terms(**changes: Any) -> PacingTerms:
    """Of a partner with a hundred a minute, ten of them at once."""
    stock: dict[str, Any] = {"gap_ms": (0, 0), "requests_per_min": 100, "burst_requests": 10, "source": "a test"}
    return PacingTerms(**(stock | changes))
