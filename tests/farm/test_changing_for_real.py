"""A change under a real browser: of a page that sends twice one request leaves, and a look sends none."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from farm.facts import Party
from farm.reading import change, look
from farm.rules import ChangeRule, CommitRule
from farm.visit import Visit
from tests.browsers import browser
from tests.farm.house_book import Book, desk, later
from tests.farm.small_site import Access, site
from tests.farm.test_changing import ANY_TIME, WISH

__all__ = ["browser", "site"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


class Pages(Book):
    """The book behind pages: its record moves when the site got the request that changes it."""

    browser: Any
    site: Any
    venue: Any
    manifest: Any
    reads_by_clicking = False

    @asynccontextmanager
    async def open(self, gate, steps, role, made=None):
        context = await self.browser.new_context()
        self.visits.append(context)
        page = await context.new_page()
        yield Visit(page, self.venue, self.manifest, gate, Access(self.site.origin), wait_s=5)
        await context.unroute_all(behavior="ignoreErrors")
        await context.close()

    async def read_back(self, visit, lookup):
        await visit.open("/status", sign=visit.page.get_by_role("heading", name="State"))
        if self.reads_by_clicking:
            await self._click(visit)
        if self.site.posts():
            self.rewrite("OL-1", when=later(), party=Party(adults=3))
        return list(self.records)

    async def change(self, visit, sighting, request):
        await self._click(visit)

    async def _click(self, visit):
        await visit.open("/double", sign=visit.page.get_by_role("heading", name="Double"))
        await visit.page.get_by_role("button", name="Go").click()
        await visit.quiet(300)


@pytest_asyncio.fixture(loop_scope="module")
async def at(browser, site):
    site.asked.clear()
    rule, elsewhere = ChangeRule(url="{origin}/commit", kind="fetch"), CommitRule(url="{origin}/book")
    at = desk(Pages(), wish=WISH, wanted=ANY_TIME, change=rule, commit=elsewhere)
    venue = at.ask.venue.model_copy(update={"origin": site.origin})
    book: Any = at.book
    book.browser, book.site, book.venue, book.manifest = browser, site, venue, at.ask.manifest
    return replace(at, ask=replace(at.ask, venue=venue))


async def test_of_a_page_that_sends_it_twice_one_leaves(at, site):
    ended = await change(*at.told)
    assert site.posts() == 1
    assert "GET /double" in site.asked
    assert (ended.kind, ended.look.verdict.proves) == ("done", True)
    assert len(at.book.visits) == 3, "each look, and the click, in a context of its own"


async def test_a_look_that_clicks_sends_nothing_and_settles_nothing(at, site):
    at.book.reads_by_clicking = True
    seen = await look(*at.told)
    assert "GET /double" in site.asked
    assert site.posts() == 0
    assert seen.verdict.is_doubt
    assert "stopped" in (seen.verdict.reason or "")
