"""Asks Redis, which keeps every partner's pace. Whatever it has, an answer that did not come is no permission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from profiles.pacing.rules import SECOND_US

ANSWER_S = 2.0
LEASE_S = 15.0
"""A visit that nobody has spoken of for so long has ended."""
GRACE_S = 20.0
"""Who does not come for so long after the moment that was promised to them has lost their turn."""
NAMES = ("state", "visits", "clicks", "first", "queue", "urgent", "promises", "shares")
_SCRIPT = Path(__file__).with_name("pace.lua").read_text(encoding="utf-8")


class StoreAway(Exception):
    """Redis does not answer: nobody may go."""


class Store:
    """The keeper of the pace. Each question is one call of one script; redis-py itself never asks twice.

    Args:
        url: Of Redis; None: there is none, so that whoever needs it waits for ever.
    """

    def __init__(self, url: str | None) -> None:
        self._client: Redis | None = None
        if url is not None:
            self._client = Redis.from_url(
                url,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=ANSWER_S,
                socket_connect_timeout=ANSWER_S,
            )
            self._script = self._client.register_script(_SCRIPT)

    async def ask(self, partner: str, step: str, asked: Mapping[str, object], token: str = "") -> tuple[float, int]:
        """One step of a partner's pace.

        Returns:
            How long to wait before asking again, in seconds (0: go), and a number that the step explains.

        Raises:
            StoreAway: No answer came, whether the step was taken or not.
        """
        if self._client is None:
            raise StoreAway("there is no Redis to keep the pace in")
        under = f"readback:pace:{{{partner}}}"
        keys = [*(f"{under}:{name}" for name in NAMES), f"{under}:token:{token}"]
        whole = {
            "step": step,
            "lease": int(LEASE_S * SECOND_US),
            "grace": int(GRACE_S * SECOND_US),
            **asked,
        }
        try:
            wait_us, number = await self._script(keys=keys, args=[json.dumps(whole)])
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreAway(f"Redis, which keeps the pace, does not answer: {type(error).__name__}") from error
        return wait_us / SECOND_US, number

    async def close(self) -> None:
        """Let the connections go."""
        if self._client is not None:
            await self._client.aclose()
