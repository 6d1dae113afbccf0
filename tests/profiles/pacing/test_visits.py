"""The pace as a real page meets it: what asks the venue something waits for its turn; its own word is heeded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from farm.errors import AccessRefused, PacingDeferred
from farm.gate import CommitGate
from farm.phases import Step
from farm.rules import CommitRule
from profiles.pacing import tokens
from profiles.pacing.errand import Errand
from profiles.pacing.pace import Later, Pace, Permit
from profiles.pacing.store import Store
from profiles.partner import Partners
from profiles.visiting import PartnerVisits
from tests.browsers import browser
from tests.farm.small_site import EVER, REGISTRY, heading, now, site
from tests.profiles.pacing.conftest import terms
from tests.ways import OwnWays

__all__ = ["browser", "site"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PARTNER = Partners.load([Path(__file__).parents[3] / "profiles" / "partners"]).must_have("bologna_tables")
ROME = ZoneInfo("Europe/Rome")


class Engine:
    def __init__(self, browser: Any) -> None:
        self._browser = browser

    async def new_context(self, appearance, proxy):
        return await self._browser.new_context(proxy=proxy)

    async def close_context(self, context):
        await context.unroute_all(behavior="ignoreErrors")
        await context.close()


class World:
    """One venue of a partner with limits, its first day over and nothing asked for long."""

    def __init__(self, browser, site, store) -> None:
        self.pace = Pace(store)
        self._engine: Any = Engine(browser)
        self._site = site
        self.permit: Permit | None = None

    async def agrees(self, **changes) -> None:
        client: Any = self.pace.store._client
        await client.flushall()
        access = PARTNER.access.model_copy(update={"hosts": (urlsplit(self._site.origin).netloc,)})
        stock = terms(**({"requests_per_min": 6000, "burst_requests": 60, "visits_at_once": 1} | changes))
        looks = PARTNER.fingerprint.model_copy(update={"skip": ()})
        self.partner = PARTNER.model_copy(update={"access": access, "pacing": stock, "fingerprint": looks})
        await self.pace.store.ask(self.partner.slug, "renew", {"ticket": "", "places": []})
        state = f"readback:pace:{{{self.partner.slug}}}:state"
        await client.hset(state, mapping={"opens": 0, "tat:requests": 0})

    def asks(self) -> Any:
        return self.pace.permit(self.partner, Errand("book", "bk", "ada"), ROME, datetime.now(UTC))

    def opens(self, permit, *steps) -> Any:
        stock = REGISTRY.venue("osteria_luna")
        venue = stock.model_copy(update={"origin": self._site.origin})
        manifest = REGISTRY.manifest(stock)
        visits = PartnerVisits(
            self._engine,
            Partners({PARTNER.slug: self.partner}),
            venue,
            manifest,
            now,
            ways=OwnWays(),
            pace=self.pace,
            permit=permit,
        )
        gate = CommitGate(CommitRule(url="{origin}/commit*"), [], self._site.origin)
        return visits.open(gate, steps or (Step.SEARCH,), None)

    async def visits(self, permit, *paths: str, steps: tuple[Step, ...] = (Step.SEARCH,)) -> None:
        """Opens one page after the other, and waits for what it asks for by itself."""
        async with self.opens(permit, *steps) as visit:
            await visit.begin(None)
            for path in paths:
                if path == "/too-many":
                    await visit.page.evaluate("void fetch('/too-many')")
                    await visit.must_show(heading(visit, "Never"))
                await visit.open(path, sign=heading(visit, "Free"))

    async def calls(self, permit, path: str) -> None:
        async with self.opens(permit) as visit:
            await visit.begin(None)
            await visit.call("GET", path)


@pytest_asyncio.fixture(loop_scope="module")
async def world(browser, site, server):
    store = Store(server.url)
    site.asked.clear()
    world = World(browser, site, store)
    await world.agrees()
    yield world
    await store.close()


async def test_pages_and_their_calls_take_a_turn_and_pictures_do_not(world, site):
    async with world.asks() as permit:
        async with world.opens(permit) as visit:
            await visit.begin(None)
            await visit.open("/busy", sign=heading(visit, "Busy"))
            await visit.quiet(200)
            await visit.page.evaluate("document.body.append(Object.assign(new Image(), {src: '/picture.png'}))")
            await visit.quiet(200)
            await visit.call("GET", "/list")
        assert [each for each in site.asked if not each.startswith("done")] == [
            "GET /busy", "GET /slow", "GET /picture.png", "GET /list",
        ]  # fmt: skip
        assert permit.used == 3


async def test_a_redirect_counts_although_nobody_can_hold_it(world, site):
    site.moved = f"{site.origin}/list"
    async with world.asks() as permit:
        async with world.opens(permit) as visit:
            await visit.begin(None)
            await visit.open("/moved", sign=heading(visit, "Free"))
        assert permit.used == 2


@pytest.mark.parametrize("on", ["the page", "the wire"])
async def test_a_venue_that_wants_to_be_left_alone_is(world, on):
    async with world.asks() as permit:
        goes = world.calls(permit, "/too-many") if on == "the wire" else world.visits(permit, "/list", "/too-many")
        with pytest.raises(AccessRefused) as refused:
            await goes
    assert refused.value.retry_after_s == 30
    async with world.asks() as later:
        assert isinstance(later, Later)
        assert 20 < (later.until - datetime.now(UTC)).total_seconds() <= 30


async def test_a_request_whose_turn_does_not_come_ends_the_visit_and_never_leaves(world, site, monkeypatch):
    monkeypatch.setattr(tokens, "LONGEST_WAIT_S", 0.5)
    await world.agrees(requests_per_min=12, burst_requests=3, read_back_requests=1)
    async with world.asks() as permit:
        with pytest.raises(PacingDeferred, match="used up"):
            await world.visits(permit, "/list", "/none", "/late")
    assert site.asked == ["GET /list", "GET /none"]


async def test_what_is_kept_of_the_burst_is_for_the_commit_and_the_look_after_it(world, site, monkeypatch):
    monkeypatch.setattr(tokens, "LONGEST_WAIT_S", 0.5)
    await world.agrees(requests_per_min=12, burst_requests=3, read_back_requests=2)
    async with world.asks() as permit, world.opens(permit) as visit:
        await visit.begin(None)
        await visit.open("/form", sign=heading(visit, "Form"))
        visit.gate.open_once(EVER, now)
        done = await visit.press(visit.page.get_by_role("button"), done=heading(visit, "Thank you"))
        assert done == "done"
    await world.visits(None, "/list", steps=(Step.READ_BACK,))
    with pytest.raises(PacingDeferred):
        await world.visits(None, "/list", steps=(Step.READ_BACK,))
    assert site.asked == ["GET /form", "POST /commit", "GET /list"]
