"""Log-ins ahead of an opening: planned from the profiles, sent by the relay when they are due, done by any worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from playwright.async_api import Error as PlaywrightError

from farm.acting import come_in
from farm.entry import AccountAt
from farm.errors import FarmError
from farm.gate import CommitGate
from farm.phases import Step
from farm.registry import Registry, UnknownName
from farm.schema import SchemaFaults
from ledger.store import Ledger
from profiles.partner import Partners
from tasks.app import WARM, app
from tasks.browser import NoBrowser
from tasks.runtime import Farm
from tasks.settings import Settings
from tasks.shortly import in_short

log = logging.getLogger(__name__)

AGAIN_S = 120.0
"""A venue that does not let us in is not asked more often than that."""


class Warming:
    """The relay's part: what the profiles say is planned once, when it starts; what is due is sent."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings
        self._planned = False

    async def round(self) -> None:
        """Send what is due now. A broker that is away only delays."""
        if not self._planned:
            await self._plan()
            self._planned = True
        for warm_up in await self._ledger.warm_ups.due(max(AGAIN_S, self._settings.resend_s)):
            await asyncio.to_thread(app.send_task, WARM, (warm_up,), queue="verify")

    async def _plan(self) -> None:
        try:
            registry = await asyncio.to_thread(Registry.load, self._settings.integration_folders)
            partners = await asyncio.to_thread(Partners.load, self._settings.partner_folders)
        except SchemaFaults as error:
            log.warning("no log-ins are planned ahead: %d file(s) of venues or partners are wrong", len(error.faults))
            return
        await self._ledger.warm_ups.plan(list(openings(registry, partners)))


def openings(registry: Registry, partners: Partners) -> Iterator[tuple[AccountAt, datetime, datetime]]:
    """Each account that logs in, at each venue of its partner: when the sale opens, and when the log-in is due."""
    for venue in registry.venues.values():
        partner, roles = partners.by_slug.get(venue.partner), registry.manifest(venue).accounts
        for role, terms in partner.session.accounts.items() if partner is not None else ():
            if role in roles and roles[role].kind == "password":
                ahead = timedelta(minutes=terms.warm_ahead_min)
                yield from ((AccountAt(venue.partner, role, venue.slug), at, at - ahead) for at in terms.opens_at)


async def warm(farm: Farm, warm_up_id: str) -> None:
    """Have a log-in that is still good when the venue opens: kept from before, or done now."""
    row = await farm.ledger.warm_ups.find(warm_up_id)
    if row is None or row.done_at is not None or row.opens_at <= farm.clock():
        return
    try:
        venue = farm.registry.venue(row.venue)
        manifest, script = farm.registry.manifest(venue), farm.registry.script(venue)
        visits = farm.visits(venue, good_until=row.opens_at)
        gate = CommitGate(None, manifest.safe, venue.origin, never=manifest.never())
        async with visits.open(gate, (Step.READ_BACK,), row.role) as visit:
            await visit.begin(None)
            await come_in(visit, script)
    except (FarmError, UnknownName, NoBrowser, PlaywrightError, TimeoutError) as error:
        log.warning("%s: no log-in ahead of %s (%s)", row.venue, row.opens_at.isoformat(), in_short(error))
        return
    await farm.ledger.warm_ups.done(warm_up_id)
