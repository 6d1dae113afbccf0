"""Permits: when a visit may begin, whose turn it is, and who is there. Partners without limits cost nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from farm.errors import PacingDeferred
from profiles.pacing.errand import REQUESTS, Errand
from profiles.pacing.quiet import quiet_until
from profiles.pacing.rules import SECOND_US, of_clicks, of_requests
from profiles.pacing.store import LEASE_S, Store, StoreAway
from profiles.pacing.tokens import LONGEST_WAIT_S, VisitTokens, take
from profiles.partner import Partner

log = logging.getLogger(__name__)

ASK_AGAIN_S = 5.0
"""When a permit is asked for again after Redis did not answer."""
VISITS_KEY = 2
"""Where the places of the partner's visits stand among the keys of the script."""

Rates = Callable[[Partner, str | None], Awaitable[float | None]]
"""How many requests a minute a partner puts up with now under an account's role; None: as many as were agreed."""


async def as_agreed(partner: Partner, role: str | None) -> float | None:  # noqa: ARG001 - the port's signature
    """Nothing was learned."""
    return None


@dataclass(frozen=True, slots=True)
class Later:
    """No permit yet: ask again then."""

    until: datetime
    detail: str


@dataclass(slots=True)
class Permit:
    """One piece of work may visit its partner.

    Attributes:
        partner: Whose venue; None: nobody's limits apply.
        used: Requests so far.
    """

    pace: Pace
    partner: Partner | None
    ticket: str
    began: float = field(default_factory=time.monotonic)
    used: int = 0

    def covers(self, partner: Partner) -> bool:
        """True for visits of the partner that it was given for: one piece of work is one visit, page by page."""
        return self.partner is not None and self.partner.slug == partner.slug

    async def click(self) -> None:
        """Wait until one more booking of this hour may be committed. Asked right before the guard.

        Raises:
            PacingDeferred: Not soon.
        """
        rule = of_clicks(self.partner.pacing) if self.partner is not None else None
        if self.partner is not None and rule is not None:
            await take(self.pace.store, self.partner.slug, [rule], self.ticket)


class Pace:
    """Every partner's pace, as one process keeps to it.

    Args:
        store: Keeps it, for all processes.
        rates: What was learned of partners.
    """

    def __init__(self, store: Store, rates: Rates = as_agreed) -> None:
        self.store = store
        self._rates = rates

    @asynccontextmanager
    async def permit(
        self, partner: Partner, errand: Errand, zone: ZoneInfo, now: datetime
    ) -> AsyncIterator[Permit | Later]:
        """A permit for one piece of work, kept while it lasts; or when to ask again."""
        terms = partner.pacing
        rests = quiet_until(terms.quiet_hours, now, zone) if errand.rests_in_quiet_hours else None
        if rests is not None:
            yield Later(rests, f"the agreement with {partner.slug} has quiet hours until then")
            return
        if not terms.is_limited:
            yield Permit(self, None, errand.ticket)
            return
        per_min = await self._rates(partner, None)
        cost_us = _cost_us(partner, per_min, REQUESTS[errand.kind])
        try:
            wait_s, before = await self.store.ask(partner.slug, "admit", self._asked(partner, errand, cost_us, now))
        except StoreAway as error:
            log.warning("%s: %s", partner.slug, error)
            yield Later(now + timedelta(seconds=ASK_AGAIN_S), str(error))
            return
        if wait_s > 0:
            queue = f", {before} others come first" if before else ""
            yield Later(now + timedelta(seconds=wait_s), f"the agreed pace of {partner.slug} is used up{queue}")
            return
        permit = Permit(self, partner, errand.ticket)
        places = [{"key": VISITS_KEY, "limit": terms.visits_at_once}] if terms.visits_at_once is not None else []
        asked: dict[str, object] = {"ticket": errand.ticket, "places": places}
        try:
            async with self._kept(partner, asked):
                yield permit
        finally:
            unused_us = cost_us - _cost_us(partner, per_min, permit.used)
            took_us = int((time.monotonic() - permit.began) * SECOND_US)
            await self._tell(partner, "leave", {**asked, "took": took_us, "unused": unused_us})

    @asynccontextmanager
    async def visit(
        self, partner: Partner, permit: Permit | None, role: str | None, *, first: bool
    ) -> AsyncIterator[VisitTokens]:
        """What one visit may do, with its places kept while it lasts.

        Args:
            partner: Whose venue.
            permit: That of the work which it belongs to.
            role: The partner's account that it acts under; None for a guest.
            first: It looks after what was clicked before, and may use all of the burst.

        Raises:
            PacingDeferred: Everybody who may be there at once is.
        """
        terms, per_min = partner.pacing, await self._rates(partner, role)
        firsts = of_requests(terms, per_min, first=True)
        tokens = VisitTokens(self.store, partner.slug, firsts if first else of_requests(terms, per_min), firsts)
        covered = permit is not None and permit.covers(partner)
        places: list[dict[str, object]] = []
        if terms.visits_at_once is not None and not covered:
            places.append({"key": VISITS_KEY, "limit": terms.visits_at_once})
        try:
            async with self._placed(partner, places):
                yield tokens
        finally:
            await tokens.settle()
            if permit is not None and covered:
                permit.used += tokens.taken

    async def heed(self, partner: Partner, wait_s: float) -> None:
        """The venue asked to be left alone for so long."""
        if partner.pacing.is_limited:
            await self._tell(partner, "pause", {"wait": int(wait_s * SECOND_US)})

    def _asked(self, partner: Partner, errand: Errand, cost_us: int, now: datetime) -> dict[str, object]:
        asked: dict[str, object] = {
            "ticket": errand.ticket,
            "reseller": errand.reseller,
            "must": not errand.is_new,
            "cost": cost_us,
        }
        clicks = of_clicks(partner.pacing) if errand.is_new else None
        optional = {
            "visits": partner.pacing.visits_at_once,
            "clicks": clicks.asked if clicks is not None else None,
            "hurry": errand.hurry(now),
        }
        return asked | {name: value for name, value in optional.items() if value is not None}

    @asynccontextmanager
    async def _placed(self, partner: Partner, places: Sequence[dict[str, object]]) -> AsyncIterator[None]:
        """Places of one visit, as soon as there are some."""
        if not places:
            yield
            return
        asked: dict[str, object] = {"ticket": secrets.token_hex(8), "places": places}
        await self._enter(partner, asked)
        try:
            async with self._kept(partner, asked):
                yield
        finally:
            await self._tell(partner, "leave", asked)

    async def _enter(self, partner: Partner, asked: dict[str, object]) -> None:
        ends_at, why = time.monotonic() + LONGEST_WAIT_S, "as many visits as agreed are there"
        while True:
            try:
                wait_s, _ = await self.store.ask(partner.slug, "enter", asked)
            except StoreAway as error:
                wait_s, why = 1.0, str(error)
            if wait_s == 0:
                return
            if time.monotonic() + wait_s > ends_at:
                raise PacingDeferred(f"{partner.slug}: {why}", wait_s)
            await asyncio.sleep(wait_s)

    @asynccontextmanager
    async def _kept(self, partner: Partner, asked: dict[str, object]) -> AsyncIterator[None]:
        """Places that do not run out while the work lasts."""
        ended = asyncio.Event()
        heart = asyncio.create_task(self._beat(partner, asked, ended))
        try:
            yield
        finally:
            ended.set()  # and not cancelled: a beat that is on its way would come after the place was given back
            await heart

    async def _beat(self, partner: Partner, asked: dict[str, object], ended: asyncio.Event) -> None:
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEASE_S / 4):
                    await ended.wait()
            if not ended.is_set():
                await self._tell(partner, "renew", asked)

    async def _tell(self, partner: Partner, step: str, asked: dict[str, object]) -> None:
        """What needs no answer: lost, it makes somebody wait, and never lets anybody through."""
        try:
            await self.store.ask(partner.slug, step, asked)
        except StoreAway as error:
            log.warning("%s: %s was not written down (%s)", partner.slug, step, error)


def _cost_us(partner: Partner, per_min: float | None, requests: int) -> int:
    rules = of_requests(partner.pacing, per_min)
    return requests * max((rule.interval_us for rule in rules), default=0)
