"""The request that commits leaves once: what the gate stops, and what Chromium does below it."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError

from farm.errors import FarmError, VenueDown
from farm.gate import CommitGate
from farm.rules import CommitRule
from farm.visit import Visit
from fixtures.kit.cutting_proxy import CuttingProxy
from profiles.egress.grants import Allowed, addresses
from tests.browsers import browser
from tests.farm.small_site import EVER, REGISTRY, Access, Site, heading, now, site, visit
from tests.ways import OwnWays

__all__ = ["browser", "site", "visit"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_script_that_clicks_twice(visit, site):
    await visit.open("/form", sign=heading(visit, "Form"))
    visit.gate.open_once(EVER, now)
    button = visit.page.get_by_role("button")
    await asyncio.gather(button.click(no_wait_after=True), button.click(no_wait_after=True), return_exceptions=True)
    await visit.quiet(300)  # the second click, which is stopped, may take the thank-you page of the first away
    assert (site.posts(), visit.gate.sent) == (1, "yes")


async def test_two_tabs_that_share_a_cart(visit, site):
    await visit.open("/form", sign=heading(visit, "Form"))
    other = await visit.page.context.new_page()
    await other.goto(f"{site.origin}/form")
    visit.gate.open_once(EVER, now)
    await visit.page.get_by_role("button").click()
    await visit.must_show(heading(visit, "Thank you"))
    async with other.expect_event("requestfailed"):
        await other.get_by_role("button").click(no_wait_after=True)
    assert (site.posts(), visit.gate.sent) == (1, "yes")
    assert visit.gate.stopped == [f"POST {site.origin.removeprefix('http://')}/commit"]


async def test_a_thank_you_page_that_is_loaded_again(visit, site):
    await visit.open("/form", sign=heading(visit, "Form"))
    visit.gate.open_once(EVER, now)
    await visit.page.get_by_role("button").click()
    await visit.must_show(heading(visit, "Thank you"))
    with pytest.raises(PlaywrightError):
        await visit.page.reload()
    assert (site.posts(), len(visit.gate.stopped)) == (1, 1)


async def test_a_click_that_was_held_past_its_deadline(visit, site):
    await visit.open("/form", sign=heading(visit, "Form"))
    visit.gate.open_once(now() - timedelta(seconds=1), now)
    await visit.page.get_by_role("button").click(no_wait_after=True)
    with pytest.raises(FarmError):
        await visit.must_show(heading(visit, "Thank you"))
    assert (site.posts(), visit.gate.shut()) == (0, "no")


@pytest.fixture(scope="module")
def secure_site():
    """The small site behind TLS, where a way out sees tunnels only."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(Path(__file__).with_name("loopback.pem"))
    site = Site(tls)
    yield site
    site.server.shutdown()
    site.server.server_close()


async def broken_by(browser, site, *, fresh=True):
    """A site that breaks the line after each commit, through the proxy of a visit: how often it gets one."""
    site.asked.clear()
    scheme, _, host = site.origin.partition("://")
    gate = CommitGate(CommitRule(url="{origin}/commit*"), [], site.origin)
    async with OwnWays().open(Allowed("luna", addresses([host], [scheme]), is_ours=True)) as way:
        context = await browser.new_context(proxy=way.proxy, ignore_https_errors=True)
        stock = REGISTRY.venue("osteria_luna")
        venue = stock.model_copy(update={"origin": site.origin})
        page, access = await context.new_page(), Access(site.origin)
        line = way if fresh else None
        visit = Visit(page, venue, REGISTRY.manifest(stock), gate, access, wait_s=4, line=line)
        await visit.begin(None)
        await visit.open("/cut", sign=heading(visit, "Cut"))
        gate.open_once(EVER, now)
        with pytest.raises(VenueDown, match="broke off"):
            await visit.press(page.get_by_role("button"), done=heading(visit, "Thank you"))
        await context.close()
    assert (gate.sent, gate.passed) == ("yes", 2)  # GET /cut and one POST /commit
    return site.posts()


async def test_the_farms_own_way_out_gives_each_request_a_connection_of_its_own(browser, site):
    assert await broken_by(browser, site) == 1


async def test_a_commit_behind_tls_gets_a_tunnel_of_its_own(browser, secure_site):
    assert await broken_by(browser, secure_site) == 1


async def test_in_a_tunnel_that_was_there_before_it_the_site_gets_two(browser, secure_site):
    assert await broken_by(browser, secure_site, fresh=False) == 2


async def cut_off(browser, site, *, reused: bool):
    """Press the button over a line that breaks right after the request: the gate's count, and the site's."""
    site.asked.clear()
    async with CuttingProxy(keepalive=reused) as proxy:
        context = await browser.new_context(proxy={"server": proxy.server, "bypass": "<-loopback>"})
        stock = REGISTRY.venue("osteria_luna")
        venue = stock.model_copy(update={"origin": site.origin})
        gate = CommitGate(CommitRule(url="{origin}/commit*"), [], site.origin)
        visit = Visit(await context.new_page(), venue, REGISTRY.manifest(stock), gate, Access(site.origin), wait_s=4)
        await visit.begin(None)
        await visit.open("/form", sign=heading(visit, "Form"))
        proxy.cut("after", "/commit")
        gate.open_once(EVER, now)
        try:
            await visit.press(visit.page.get_by_role("button"), done=heading(visit, "Thank you"))
        except VenueDown as error:
            outcome = str(error)
        else:
            outcome = "Thank you"
        assert proxy.cuts == 1, "the line was not cut"
        async with asyncio.timeout(10):  # the browser was cut off before the site had read what it was sent
            await proxy.answered.wait()
        await context.close()
    return gate.passed, site.posts(), outcome


async def test_chromium_sends_a_lost_post_again_below_the_gate_on_a_connection_that_it_reuses(browser, site):
    """Why whoever lets it out must give it a connection of its own: the gate saw one request, the site two."""
    passed, posts, outcome = await cut_off(browser, site, reused=True)
    assert (passed, posts, outcome) == (2, 2, "Thank you")  # GET /form and POST /commit


async def test_on_a_connection_of_its_own_the_lost_post_stays_the_only_one(browser, site):
    passed, posts, outcome = await cut_off(browser, site, reused=False)
    assert (passed, posts) == (2, 1)
    assert "broke off" in outcome
