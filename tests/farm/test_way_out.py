"""A guard that dies under a visit: nothing leaves any more, and it is no fault of the venue."""

from __future__ import annotations

from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from farm.errors import FarmError, WayOutLost
from farm.gate import CommitGate
from farm.rules import CommitRule
from farm.status import Cause
from farm.visit import Visit
from profiles.egress.control import Guard
from profiles.egress.grants import Allowed, addresses
from profiles.egress.way_out import GuardedWays
from tests.browsers import browser
from tests.farm.small_site import EVER, REGISTRY, Access, heading, now, site
from tests.ways import nobody

__all__ = ["browser", "site"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@asynccontextmanager
async def guarded(browser, site, folder):
    """A visit on the small site's form, and the guard that it goes through."""
    site.asked.clear()
    ways = GuardedWays(folder, nobody)
    allowed = Allowed("luna", addresses([urlsplit(site.origin).netloc], ["http"]), is_ours=True)
    async with Guard(folder) as guard, ways.open(allowed) as way:
        context = await browser.new_context(proxy=way.proxy)
        stock = REGISTRY.venue("osteria_luna")
        gate = CommitGate(CommitRule(url="{origin}/commit*"), [], site.origin)
        venue = stock.model_copy(update={"origin": site.origin})
        page = await context.new_page()
        visit = Visit(page, venue, REGISTRY.manifest(stock), gate, Access(site.origin), wait_s=4, line=way)
        await visit.begin(None)
        await visit.open("/form", sign=heading(visit, "Form"))
        yield visit, guard
        await context.close()
        ways.leave()


async def test_before_the_commit_it_is_a_loss_of_ours(browser, site, tmp_path):
    async with guarded(browser, site, tmp_path) as (visit, guard):
        await guard.__aexit__(None, None, None)
        with pytest.raises(WayOutLost) as lost:
            await visit.open("/form", sign=heading(visit, "Form"))
        assert lost.value.cause is Cause.WORKER_LOST


async def test_so_it_is_on_the_wire(browser, site, tmp_path):
    async with guarded(browser, site, tmp_path) as (visit, guard):
        await guard.__aexit__(None, None, None)
        with pytest.raises(WayOutLost):
            await visit.call("GET", "/form")


async def test_the_commit_stays_and_whether_it_left_is_not_claimed_to_be_known(browser, site, tmp_path):
    async with guarded(browser, site, tmp_path) as (visit, guard):
        visit.gate.open_once(EVER, now)
        await guard.__aexit__(None, None, None)
        button = visit.page.get_by_role("button")
        with pytest.raises(FarmError):
            await visit.press(button, done=heading(visit, "Thank you"))
        await button.click(no_wait_after=True)
        with pytest.raises(WayOutLost):
            visit.check()
        assert (site.posts(), visit.gate.shut()) == (0, "no")
