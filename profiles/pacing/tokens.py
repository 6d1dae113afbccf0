"""Tokens: one for each request that asks the venue something, taken as it leaves."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence

from farm.errors import PacingDeferred
from profiles.pacing.rules import SECOND_US, Rule
from profiles.pacing.store import Store, StoreAway

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 10.0
"""Shorter than the wait for a sign: what ends a visit that waits for its turn must not look like a changed page."""
AWAY_S = 0.5
"""When a Redis that did not answer is asked again."""


async def take(store: Store, partner: str, rules: Sequence[Rule], ticket: str = "") -> None:
    """Wait until these rates let one more through.

    A token that comes too late for its moment (this process stood still) is thrown away: a window that was counted
    when it was given would else get one more.

    Raises:
        PacingDeferred: Not within ``LONGEST_WAIT_S``.
    """
    late_s = max(rule.late_us for rule in rules) / SECOND_US
    asked = {
        "rules": [rule.asked for rule in rules],
        "ticket": ticket,
        "keep_ms": int(late_s * 1000),
    }
    token, ends_at, why = secrets.token_hex(8), time.monotonic() + LONGEST_WAIT_S, "the agreed rate is used up"
    while True:
        asked_at = time.monotonic()
        try:
            wait_s, age_us = await store.ask(partner, "take", asked, token)
        except StoreAway as error:
            wait_s, why = AWAY_S, str(error)
        else:
            if wait_s == 0:
                if time.monotonic() - asked_at + age_us / SECOND_US <= late_s:
                    return
                token = secrets.token_hex(8)
        if time.monotonic() + wait_s > ends_at:
            raise PacingDeferred(f"{partner}: {why}", wait_s)
        await asyncio.sleep(wait_s)


class VisitTokens:
    """The tokens of one visit, for whatever asks the venue something.

    Args:
        store: Keeps the pace.
        partner: Whose.
        rules: The rates; none: nothing is asked of Redis.
        first_rules: Those of a commit.
    """

    def __init__(self, store: Store, partner: str, rules: Sequence[Rule], first_rules: Sequence[Rule]) -> None:
        self._store = store
        self._partner = partner
        self._rules = rules
        self._first_rules = first_rules
        self._owed: set[asyncio.Task[None]] = set()
        self.taken = 0

    async def take(self, *, first: bool) -> None:
        """See ``take``; ``first`` for what comes after the commit guard."""
        self.taken += 1
        if self._rules:
            await take(self._store, self._partner, self._first_rules if first else self._rules)

    def owe(self) -> None:
        """One has left without a token (a redirect, which nobody can hold): the next ones wait for it."""
        self.taken += 1
        if self._rules:
            self._owed.add(asyncio.create_task(self._pay()))

    async def _pay(self) -> None:
        try:
            await self._store.ask(self._partner, "owe", {"rules": [rule.asked for rule in self._rules]})
        except StoreAway as error:
            log.warning("%s: a redirect was not counted (%s)", self._partner, error)

    async def settle(self) -> None:
        """Wait until everything that is owed is written down."""
        if self._owed:
            await asyncio.wait(self._owed)
