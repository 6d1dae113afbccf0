"""A partner's account logs in once, for bookings and looks of any number; the venue's own database counts.

Each twin's venue-side pages, as its script logs in there; a booking is confirmed through them alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from farm.reading import look
from farm.status import BookingStatus, VerdictKind
from ledger.migrate import upgrade
from profiles.terms.session import AccountTerms
from tasks.runtime import farm_of
from tasks.settings import Settings
from tasks.subject import Subject, subject
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground, ground
from tools.conformance.play import Outcome, good_run
from tools.conformance.unwritten import Unwritten

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

HOUSES = {
    "osteria_luna": ("desk_book", "desk_sessions"),
    "hotel_seeblick": ("arrivals", "desk_sessions"),
    "museo_ribera": ("ticket_office", "staff_sessions"),
    "marlowe_theatre": ("box_office", "staff_sessions"),
    "lakeshore_onsale": ("box_office", "desk_sessions"),
    "cabinet_delorme": ("agenda", "desk_sessions"),
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
        self.agree()

    @property
    def terms(self) -> AccountTerms:
        partner = self.ground.farm.partners.must_have(self.ground.venue.partner)
        return partner.session.accounts[self.role]

    def agree(self, **terms: object) -> None:
        """What the partner agreed to for the account: kept, and nothing else unless a test says so."""
        partners = self.ground.farm.partners
        partner = partners.must_have(self.ground.venue.partner)
        stock = partner.session.accounts[self.role]
        plain = AccountTerms(user=stock.user, secret=stock.secret)
        agreed = plain.model_copy(update={"keep": True} | terms)
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


async def opened(slug: str, folder) -> AsyncIterator[House]:
    channel, table = HOUSES[slug]
    settings = Settings(home=folder)
    await upgrade(settings.ledger_url)
    async with farm_of(settings) as farm:
        integration = farm.registry.integrations[slug]
        async with ground(integration, Cases.load(integration.folder), folder / "ground", farm) as here:
            yield House(here, table, channel)


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


def at_desk(house: House):
    from farm.entry import AccountAt

    return AccountAt(house.ground.venue.partner, house.role, house.ground.venue.slug)


@pytest.mark.parametrize("slug", list(HOUSES))
async def test_bookings_and_looks_share_one_log_in_and_a_lost_one_is_made_up_for_once(slug, tmp_path):
    async for house in opened(slug, tmp_path):
        outcomes = [await good_run(house.ground) for _ in range(2)]
        assert [one.booking.status for one in outcomes] == [BookingStatus.CONFIRMED] * 2
        assert [await house.look(outcome) for outcome in outcomes] == [VerdictKind.MATCHED] * 2
        assert house.log_ins() == 1
        house.end_sessions()
        assert [await house.look(outcome) for outcome in outcomes] == [VerdictKind.MATCHED] * 2
        assert house.log_ins() == 1, "one more"
        kept = await house.ground.farm.ledger.sessions.kept(at_desk(house))
        assert kept is not None
        assert kept.number == 2
