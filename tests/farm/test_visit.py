"""A visit on real pages in a real browser: signs, empty lists, refusals, and what the gate lets out."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Error as PlaywrightError

from farm.errors import (
    AccessNotAgreed,
    AccessRefused,
    BrowserLost,
    ContractBroken,
    SessionLost,
    VenueChanged,
    VenueDown,
)
from farm.gate import CommitGate
from farm.status import VenueStatus
from farm.visit import Visit
from tests.browsers import browser
from tests.farm.small_site import ENOUGH_S, EVER, REGISTRY, Access, Site, heading, now, patient, site, visit

__all__ = ["browser", "patient", "site", "visit"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_rows_are_the_visible_ones_and_an_empty_list_needs_the_venues_word(visit):
    items, none = visit.page.locator("li"), visit.page.get_by_text("Nothing free")
    await visit.open("/list", sign=heading(visit, "Free"))
    assert [await row.inner_text() for row in await visit.rows(items, none=none)] == ["19:00"]
    await visit.open("/none", sign=heading(visit, "Free"))
    assert await visit.rows(items, none=none) == []
    await visit.open("/late", sign=heading(visit, "Free"))
    assert len(await visit.rows(items, none=none)) == 1
    await visit.open("/skeleton", sign=heading(visit, "Free"))
    with pytest.raises(VenueChanged, match="none of items, none shows"):
        await visit.rows(items, none=none)


async def test_a_page_without_its_sign_has_changed(visit):
    with pytest.raises(VenueChanged):
        await visit.open("/none", sign=heading(visit, "Something else"))


@pytest.mark.parametrize("name", ["On", "Ask"])
async def test_a_server_error_in_place_of_a_sign_is_a_venue_that_is_down(visit, name):
    await visit.open("/breaks", sign=heading(visit, "Page"))
    pressed = visit.page.get_by_text(name)
    with pytest.raises(VenueDown, match=r"/down was answered 503, and none of done shows"):
        await visit.press(pressed, done=heading(visit, "Thank you"))
    await visit.open("/list", sign=heading(visit, "Free"))
    with pytest.raises(VenueChanged):
        await visit.press(heading(visit, "Free"), done=heading(visit, "Thank you"))


async def test_a_server_error_of_before_says_nothing_of_now(visit):
    await visit.open("/breaks", sign=heading(visit, "Page"))
    await visit.page.evaluate("fetch('/down')")
    await visit.quiet(100)
    with pytest.raises(VenueChanged):
        await visit.press(heading(visit, "Page"), done=heading(visit, "Thank you"))
    await visit.page.evaluate("fetch('/down')")
    await visit.quiet(100)
    with pytest.raises(VenueChanged):
        await visit.open("/none", sign=heading(visit, "Something else"))


async def test_the_log_in_wall_is_seen_in_every_wait(visit):
    with pytest.raises(SessionLost):
        await visit.open("/wall", sign=heading(visit, "Free"))


@pytest.mark.parametrize(
    ("path", "error"), [("/forbidden", AccessRefused), ("/too-many", AccessRefused), ("/down", VenueDown)]
)
async def test_a_refusal_of_the_page_itself_is_one_request_and_no_more(visit, site, path, error):
    with pytest.raises(error):
        await visit.open(path, sign=heading(visit, "Free"))
    assert site.asked == [f"GET {path}"]


async def test_a_refused_xhr_poisons_the_visit_at_once(visit, patient):
    async with asyncio.timeout(ENOUGH_S):
        with pytest.raises(AccessRefused, match="403"):
            await visit.open("/xhr403", sign=visit.page.get_by_text("Never"))
    with pytest.raises(AccessRefused):
        visit.check()


async def test_after_a_refusal_nothing_more_leaves(visit, site):
    """Neither by the visit's verbs, nor on the wire, nor by what the page does by itself."""
    await visit.open("/form", sign=heading(visit, "Form"))
    visit.gate.open_once(EVER, now)
    with pytest.raises(AccessRefused):
        await visit.call("GET", "/too-many")
    asked = list(site.asked)
    with pytest.raises(AccessRefused):
        await visit.open("/list", sign=heading(visit, "Free"))
    with pytest.raises(AccessRefused):
        await visit.press(visit.page.get_by_role("button"), done=heading(visit, "Thank you"))
    with pytest.raises(AccessRefused):
        await visit.call("GET", "/list")
    await visit.page.evaluate("fetch('/list').catch(() => null)")
    async with visit.page.expect_event("requestfailed"):
        await visit.page.get_by_role("button").click()
    assert site.asked == asked
    assert visit.gate.shut() == "no"


async def test_a_token_stays_with_the_host_that_it_was_given_for(visit, site):
    other = Site()
    visit._access.covers = lambda url: True
    visit._wire._access.covers = lambda url: True
    site.moved = f"{other.origin}/list"
    await visit.call("GET", "/moved", headers={"authorization": "Token canary"})
    assert (site.tokens, other.tokens) == (["Token canary"], [None])
    other.server.shutdown()
    other.server.server_close()


async def test_hosts_outside_the_agreement_are_never_asked(visit):
    with pytest.raises(AccessNotAgreed):
        await visit.open("http://localhost:9/", sign=heading(visit, "Free"))
    await visit.open("/outside", sign=heading(visit, "Outside"))
    visit.check()
    with pytest.raises(AccessNotAgreed):
        await visit.call("GET", "/redirect-out")


async def test_a_redirect_out_of_the_agreement_ends_the_visit(visit):
    with pytest.raises((AccessNotAgreed, VenueDown)):
        await visit.open("/leads-out", sign=heading(visit, "Never"))
    with pytest.raises(AccessNotAgreed, match=r"redirects to GET 127\.0\.0\.1:9/stolen"):
        visit.check()


async def test_a_socket_is_never_opened(visit, site):
    with pytest.raises(ContractBroken, match="sockets stay closed"):
        await visit.open("/socket", sign=visit.page.get_by_text("Never"))
    assert "GET /live" not in site.asked


async def test_a_body_that_is_no_text_is_ruled_on_all_the_same(visit, site):
    await visit.open("/binary", sign=heading(visit, "Binary"))
    await visit.quiet(200)
    assert site.posts("/safe") == 1


async def test_a_commit_whose_connection_breaks_is_known_at_once(visit, patient):
    await visit.open("/cut", sign=heading(visit, "Cut"))
    visit.gate.open_once(EVER, now)
    async with asyncio.timeout(ENOUGH_S):
        with pytest.raises(VenueDown, match="broke off"):
            await visit.press(visit.page.get_by_role("button"), done=visit.page.get_by_text("Never"))
    assert visit.gate.sent == "yes"


async def test_a_commit_before_the_guard_never_leaves(visit, site):
    await visit.open("/form", sign=heading(visit, "Form"))
    with pytest.raises(ContractBroken, match=r"POST .*/commit is neither safe nor allowed"):
        await visit.press(visit.page.get_by_role("button"), done=heading(visit, "Thank you"))
    assert site.posts() == 0


async def test_after_the_guard_it_leaves_once_though_the_page_sends_it_twice(visit, site):
    await visit.open("/double", sign=heading(visit, "Double"))
    visit.gate.open_once(EVER, now)
    assert visit.gate.sent == "no"
    await visit.page.get_by_role("button").click()
    await visit.quiet(200)
    assert (site.posts(), visit.gate.sent, len(visit.gate.stopped)) == (1, "yes", 1)
    visit.check()


@pytest.mark.parametrize("path", ["/popup", "/frame"])
async def test_popups_and_frames_stand_behind_the_same_gate(visit, site, path):
    await visit.open(path, sign=heading(visit, path[1:].capitalize()))
    inside = visit.page if path == "/popup" else visit.page.frame_locator("iframe")
    await inside.get_by_role("button").click()
    with pytest.raises(ContractBroken):
        await visit.must_show(visit.page.get_by_text("Thank you"))
    assert site.posts() == 0


async def test_a_beacon_is_an_unsafe_request_too(visit, site):
    with pytest.raises(ContractBroken, match="/track"):
        await visit.open("/beacon", sign=visit.page.get_by_text("Never"))
    assert site.posts("/track") == 0


async def test_the_wire_stands_behind_the_same_gate(visit, site):
    assert (await visit.call("POST", "/safe", form={"a": "1"})).status == 200
    with pytest.raises(ContractBroken):
        await visit.call("POST", "/commit")
    assert site.posts() == 0
    visit.gate.open_once(EVER, now)
    await visit.call("POST", "/commit", json={"a": 1})
    with pytest.raises(ContractBroken):
        await visit.call("POST", "/commit")
    assert site.posts() == 1
    with pytest.raises(AccessRefused, match="retry after 30"):
        await visit.call("GET", "/too-many")


async def test_press_wants_signs_that_prove_something(visit):
    await visit.open("/form", sign=heading(visit, "Form"))
    with pytest.raises(ContractBroken, match="shows before the click"):
        await visit.press(visit.page.get_by_role("button"), done=heading(visit, "Form"))
    with pytest.raises(VenueChanged):
        await visit.press(heading(visit, "Form"), done=visit.page.get_by_text("Done"))


async def test_lines_have_plain_spaces_and_labels_must_be_known(visit):
    await visit.open("/status", sign=heading(visit, "State"))
    assert await visit.lines(visit.page.locator("p")) == ["Caf\u00e9 at 8:00 PM"]
    assert visit.status(" confermata ") is VenueStatus.CONFIRMED
    with pytest.raises(VenueChanged, match="unknown status label `Forse`"):
        visit.status("Forse")


async def test_quiet_waits_for_what_begins_later(visit, site):
    await visit.open("/busy", sign=heading(visit, "Busy"))
    assert "done /slow" not in site.asked
    await visit.quiet(200)
    assert "done /slow" in site.asked


async def test_quiet_waits_for_what_a_click_sets_off_later(visit, site):
    await visit.open("/pick", sign=heading(visit, "Pick"))
    await visit.quiet(400)  # long at rest, and so not quiet by what was before the click
    await visit.page.get_by_role("button").click()
    await visit.quiet(300)
    assert "done /slow" in site.asked


async def test_a_page_whose_renderer_dies_is_a_fault_of_ours(browser, site):
    context = await browser.new_context()
    stock = REGISTRY.venue("osteria_luna")
    gate = CommitGate(None, [], site.origin)
    page = await context.new_page()
    venue = stock.model_copy(update={"origin": site.origin})
    visit = Visit(page, venue, REGISTRY.manifest(stock), gate, Access(site.origin), wait_s=2)
    await visit.begin(None)
    await visit.open("/list", sign=heading(visit, "Free"))
    async with page.expect_event("crash"):
        with pytest.raises(PlaywrightError):
            await page.goto("chrome://crash")
    with pytest.raises(BrowserLost):
        visit.check()
    await context.close()


async def test_what_a_visit_meets_is_counted_and_the_first_rebuff_kept(visit):
    await visit.open("/list", sign=heading(visit, "Free"))
    await visit.call("GET", "/none")
    assert visit.met.asked == 2
    assert visit.met.latency_s is not None
    assert 0 < visit.met.latency_s < ENOUGH_S
    with pytest.raises(AccessRefused):
        await visit.open("/too-many", sign=visit.page.get_by_text("Never"))
    assert visit.met.asked == 3
    rebuff = visit.met.rebuff
    assert rebuff is not None
    assert (rebuff.kind, rebuff.retry_after_s) == ("throttled", 30)
    assert "retry-after" in rebuff.headers
    assert "Chrome" in (rebuff.user_agent or "")
