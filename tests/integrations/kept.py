"""A twin whose venue-side account is kept, and whose own database counts who logs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from farm.acting import come_in
from farm.entry import AccountAt
from farm.gate import CommitGate
from farm.phases import Step
from farm.reading import look
from farm.status import VerdictKind
from farm.visit import Visit
from ledger.migrate import upgrade
from profiles.visiting import PartnerVisits
from tasks.runtime import farm_of
from tasks.settings import Settings
from tasks.subject import Subject, subject
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground, ground
from tools.conformance.play import Outcome
from tools.conformance.unwritten import Unwritten

HOUSES = {  # by slug, the channel that needs the account
    "osteria_luna": "desk_book",
    "hotel_seeblick": "arrivals",
    "museo_ribera": "ticket_office",
    "marlowe_theatre": "box_office",
    "lakeshore_onsale": "box_office",
    "cabinet_delorme": "agenda",
}


class House:
    """A twin whose venue-side account is kept, and is the only channel."""

    def __init__(self, ground: Ground, channel: str) -> None:
        self.ground = ground
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
            return int(db.execute("SELECT count(*) FROM staff_sessions").fetchone()[0])

    def end_sessions(self) -> None:
        """The venue logs everybody out."""
        with self.ground.twin._truth.writing() as db:  # type: ignore[union-attr]
            db.execute("DELETE FROM staff_sessions")

    def about(self, outcome: Outcome) -> Subject:
        return subject(self.ground.farm, outcome.booking, outcome.attempts[-1])

    async def look(self, outcome: Outcome) -> VerdictKind:
        about, visits = self.about(outcome), self.ground.farm.visits(self.ground.venue)
        return (await look(about.ask, about.lookup, about.measure, visits, Unwritten())).verdict.kind


async def opened(slug: str, folder: Path) -> AsyncIterator[House]:
    settings = Settings(home=folder)
    await upgrade(settings.ledger_url)
    async with farm_of(settings) as farm:
        integration = farm.registry.integrations[slug]
        async with ground(integration, Cases.load(integration.folder), folder / "ground", farm) as here:
            yield House(here, HOUSES[slug])


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def restaurant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async for house in opened("osteria_luna", tmp_path_factory.mktemp("osteria")):
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def house(restaurant: House) -> House:
    """Nobody was ever there, and nothing is kept."""
    restaurant.ground.clear()
    restaurant.end_sessions()
    restaurant.agree()
    sessions, at = restaurant.ground.farm.ledger.sessions, at_desk(restaurant)
    if (kept := await sessions.kept(at)) is not None:
        await sessions.drop(at, kept.number)
    return restaurant


def at_desk(house: House) -> AccountAt:
    return AccountAt(house.ground.venue.partner, house.role, house.ground.venue.slug)


def visits(house: House) -> PartnerVisits:
    return house.ground.farm.agreed_visits(house.ground.venue)


def gate(house: House) -> CommitGate:
    return CommitGate(None, house.ground.manifest.safe, house.ground.venue.origin)


@asynccontextmanager
async def inside(house: House, by: PartnerVisits | None = None) -> AsyncIterator[Visit]:
    """A visit of the desk, logged in."""
    async with (by or visits(house)).open(gate(house), (Step.READ_BACK,), house.role) as visit:
        await visit.begin(None)
        await come_in(visit, house.ground.farm.registry.script(house.ground.venue))
        yield visit
