"""A twin whose venue-side account is kept, and whose own database counts who logs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from farm.reading import look
from farm.status import VerdictKind
from ledger.migrate import upgrade
from tasks.runtime import farm_of
from tasks.settings import Settings
from tasks.subject import Subject, subject
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground, ground
from tools.conformance.play import Outcome
from tools.conformance.unwritten import Unwritten

HOUSES = {
    "osteria_luna": ("desk_book", "staff_sessions"),
    "hotel_seeblick": ("arrivals", "staff_sessions"),
    "museo_ribera": ("ticket_office", "staff_sessions"),
    "marlowe_theatre": ("box_office", "staff_sessions"),
    "lakeshore_onsale": ("box_office", "staff_sessions"),
    "cabinet_delorme": ("agenda", "staff_sessions"),
}


class House:
    """A twin whose venue-side account is kept, and is the only channel."""

    def __init__(self, ground: Ground, table: str, channel: str) -> None:
        self.ground, self._table = ground, table
        stock = ground.farm.registry.integrations[ground.venue.integration]
        (only,) = [one for one in stock.manifest.read_back if one.name == channel]
        manifest = stock.manifest.model_copy(update={"read_back": (only,)})
        ground.farm.registry.integrations[ground.venue.integration] = replace(stock, manifest=manifest)
        self.channel, self.role = only, only.account or ""
        self._given = ground.farm.partners.must_have(ground.venue.partner).session.accounts[self.role]
        self.agree()

    def agree(self, **terms: object) -> None:
        """What the partner agreed to for the account: kept, and nothing else unless a test says so."""
        partners = self.ground.farm.partners
        partner = partners.must_have(self.ground.venue.partner)
        agreed = self._given.model_copy(update={"keep": True} | terms)
        session = partner.session.model_copy(update={"accounts": {**partner.session.accounts, self.role: agreed}})
        partners.by_slug[partner.slug] = partner.model_copy(update={"session": session})

    def log_ins(self) -> int:
        """How many the venue's own database has, of those that were not ended."""
        with self.ground.twin._truth.reading() as db:  # type: ignore[union-attr]  # none of these is pretix
            return int(db.execute(f"SELECT count(*) FROM {self._table}").fetchone()[0])

    def end_sessions(self) -> None:
        """The venue logs everybody out."""
        with self.ground.twin._truth.writing() as db:  # type: ignore[union-attr]
            db.execute(f"DELETE FROM {self._table}")

    def about(self, outcome: Outcome) -> Subject:
        return subject(self.ground.farm, outcome.booking, outcome.attempts[-1])

    async def look(self, outcome: Outcome) -> VerdictKind:
        about, visits = self.about(outcome), self.ground.farm.visits(self.ground.venue)
        return (await look(about.ask, about.lookup, about.measure, visits, Unwritten())).verdict.kind


async def opened(slug: str, folder: Path) -> AsyncIterator[House]:
    channel, table = HOUSES[slug]
    settings = Settings(home=folder)
    await upgrade(settings.ledger_url)
    async with farm_of(settings) as farm:
        integration = farm.registry.integrations[slug]
        async with ground(integration, Cases.load(integration.folder), folder / "ground", farm) as here:
            yield House(here, table, channel)
