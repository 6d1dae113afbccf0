"""Visits that ask first whether the partner puts up with them now, and tell what they met (the port ``Visits``).

``farm.learning`` decides, the ledger keeps it. What is told here is told of every visit, whoever made it: bookings,
looks, cancellations, changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex

from sqlalchemy.exc import DBAPIError

from farm.contract import Account
from farm.encounter import Encounter
from farm.errors import BrowserLost, LeftAlone, VenueDown
from farm.gate import CommitGate
from farm.phases import Step
from farm.ports import Visits
from farm.rebuff import Rebuff
from farm.tolerance import Bounds, Kind, Met, Wait
from farm.venue import Venue
from farm.visit import Visit
from ledger.notices import NewNotice
from ledger.store import Ledger
from profiles.bounds import bounds_of
from profiles.pacing.pace import Rates
from profiles.partner import Partner

log = logging.getLogger(__name__)
TELL_S = 5.0
"""The longest that telling may hold up the work: what it decides is for the next visit."""


def rates_of(ledger: Ledger) -> Rates:
    """What the pacer asks before each permit and each visit; with the ledger away it gets the floor."""

    async def learned(partner: Partner, role: str | None) -> float | None:
        bounds = bounds_of(partner)
        if bounds is None:
            return None
        try:
            return await ledger.tolerances.per_min(partner.slug, role, bounds)
        except DBAPIError:
            return bounds.floor_per_min

    return learned


@dataclass(frozen=True)
class ToleratedVisits:
    """Visits of one venue, as its partner puts up with them.

    Attributes:
        inner: Opens them.
        partner: The venue's; None where it has no profile, and then ``inner`` says so.
    """

    inner: Visits
    ledger: Ledger
    venue: Venue
    partner: Partner | None

    def has_account(self, role: str) -> bool:
        return self.inner.has_account(role)

    def has_mailbox(self) -> bool:
        return self.inner.has_mailbox()

    @asynccontextmanager
    async def open(
        self, gate: CommitGate, steps: tuple[Step, ...], role: str | None, made: Account | None = None
    ) -> AsyncIterator[Visit]:
        bounds = bounds_of(self.partner) if self.partner is not None else None
        if self.partner is None or bounds is None:
            async with self.inner.open(gate, steps, role, made) as visit:
                yield visit
            return
        account = role if made is None else None  # an account that is made on the way is a guest's
        telling = _Telling(self.ledger, self.venue, self.partner, bounds, account)
        await telling.may_go()
        try:
            async with self.inner.open(gate, steps, role, made) as visit:
                telling.met = visit.met
                yield visit
        except (Exception, asyncio.CancelledError) as error:
            await telling.tell(error)
            raise
        await telling.tell(None)


@dataclass
class _Telling:
    """One visit: it asks before it begins, and tells when it has ended."""

    ledger: Ledger
    venue: Venue
    partner: Partner
    bounds: Bounds
    account: str | None
    met: Encounter = field(default_factory=Encounter)
    probe: str | None = None

    async def may_go(self) -> None:
        """Return if one may go.

        Raises:
            LeftAlone: Not now; or the ledger is away, and nobody can say.
        """
        try:
            said = await self.ledger.tolerances.ask(self.partner.slug, self.account, self.bounds, token_hex(8))
        except DBAPIError:
            raise LeftAlone(f"{self.partner.slug}: the ledger cannot say whether one may go there") from None
        if isinstance(said, Wait):
            raise LeftAlone(f"{self.partner.slug} is left alone until {said.until:%H:%M:%S} UTC")
        self.probe = said.probe

    async def tell(self, error: BaseException | None) -> None:
        """Tell what was met. A ledger that is away costs the lesson, not the visit."""
        kind, rebuff = self._kind(error), self.met.rebuff
        if kind is None:
            return
        wait_s = rebuff.retry_after_s if rebuff is not None else None
        told = Met(kind, self.met.asked, self.met.latency_s, wait_s, self.probe)
        notice = self._notice(rebuff) if rebuff is not None else None
        try:
            async with asyncio.timeout(TELL_S):
                began = await self.ledger.tolerances.tell(self.partner.slug, self.account, self.bounds, told, notice)
        except (DBAPIError, TimeoutError) as away:
            log.warning("%s: what was met there is not learned (%s)", self.partner.slug, type(away).__name__)
            return
        if began:
            log.warning("%s has asked for a person: it is left alone, see `readback notices`", self.partner.slug)

    def _kind(self, error: BaseException | None) -> Kind | None:
        """None for what says nothing about the venue: nothing was asked, or the fault was our own."""
        if self.met.rebuff is not None:
            return self.met.rebuff.kind
        if isinstance(error, VenueDown):
            return "down"
        if isinstance(error, BrowserLost | asyncio.CancelledError) or not self.met.asked:
            return None
        return "clean"

    def _notice(self, rebuff: Rebuff) -> NewNotice:
        evidence = {
            "request": rebuff.what,
            "status": rebuff.status,
            "headers": list(rebuff.headers),
            "user_agent": rebuff.user_agent,
            "requests": self.met.asked,
            "agreement": self.partner.access.reference,
            "identify": self.partner.fingerprint.identify,
            "directory": self.partner.fingerprint.directory,
        }
        said = {name: value for name, value in evidence.items() if value is not None}
        return NewNotice(self.venue.slug, self.partner.access.contact, said)
