"""A visit on real pages in a real browser: signs, empty lists, refusals, and what the gate lets out."""

from __future__ import annotations

import asyncio
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from farm.errors import AccessNotAgreed, AccessRefused, ContractBroken, SessionLost, VenueChanged, VenueDown
from farm.gate import CommitGate
from farm.manifest import CommitRule, RequestRule
from farm.registry import Registry
from farm.status import VenueStatus
from farm.visit import Visit
from tests.browsers import browser

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

REGISTRY = Registry.load([Path(__file__).parents[2] / "integrations"])
PAGES = {
    "/list": "<h1>Free</h1><ul><li>19:00</li><li hidden>20:00</li></ul>",
    "/none": "<h1>Free</h1><p>Nothing free</p>",
    "/skeleton": "<h1>Free</h1><ul></ul>",
    "/late": "<h1>Free</h1><ul></ul><script>setTimeout(() => document.querySelector('ul').innerHTML ="
    " '<li>21:00</li>', 300)</script>",
    "/wall": "<h1>Please log in</h1>",
    "/form": "<h1>Form</h1><form method=post action=/commit><button>Confirm</button></form><p hidden>Done</p>",
    "/commit": "<h1>Thank you</h1>",
    "/double": "<h1>Double</h1>"
    "<button onclick=\"for (const i of [1, 2]) fetch('/commit', {method: 'POST'})\">Go</button>",
    "/beacon": "<h1>Beacon</h1><script>navigator.sendBeacon('/track', 'x')</script>",
    "/popup": "<h1>Popup</h1><form method=post action=/commit target=_blank><button>Go</button></form>",
    "/frame": "<h1>Frame</h1><iframe src=/double></iframe>",
    "/xhr403": "<h1>Page</h1><script>fetch('/forbidden')</script><p hidden>Never</p>",
    "/status": "<h1>State</h1><p>Caf\u00e9 at 8:00\u202fPM</p>",
    "/outside": "<h1>Outside</h1><img src=http://127.0.0.1:9/x.png><script src=http://127.0.0.1:9/x.js></script>",
    "/leads-out": "<h1>Never</h1>",
    "/cut": "<h1>Cut</h1><button onclick=\"fetch('/commit?cut', {method: 'POST'})\">Go</button>",
    "/socket": "<h1>Socket</h1><script>new WebSocket('ws://' + location.host + '/live')</script>",
    "/binary": "<h1>Binary</h1>"
    "<script>fetch('/safe', {method: 'POST', body: new Uint8Array([255, 254, 0])})</script>",
    "/busy": "<h1>Busy</h1><script>setTimeout(() => fetch('/slow'), 50)</script>",
    "/slow": "ok",
}
ENOUGH_S = 15
STATUS = {"/forbidden": 403, "/too-many": 429, "/down": 503}


class Site:
    """A few pages on loopback that remember what was asked of them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.moved = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = urlsplit(self.path).path
                self.rfile.read(int(self.headers.get("content-length") or 0))
                site.asked.append(f"{self.command} {path}")
                if path == "/slow":
                    threading.Event().wait(0.4)
                    site.asked.append("done /slow")
                site.tokens.append(self.headers.get("authorization"))
                if path in {"/redirect-out", "/leads-out", "/moved"}:
                    self.send_response(302)
                    self.send_header("location", site.moved if path == "/moved" else "http://127.0.0.1:9/stolen")
                    self.end_headers()
                    return
                if self.path == "/commit?cut":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                body = f"<!doctype html><meta charset=utf-8>{PAGES.get(path, '')}".encode()
                self.send_response(STATUS.get(path, 200))
                if path == "/too-many":
                    self.send_header("retry-after", "30")
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that http.server asks for

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def posts(self, path: str = "/commit") -> int:
        return self.asked.count(f"POST {path}")


class Access:
    def __init__(self, origin: str) -> None:
        self.host = urlsplit(origin).netloc

    def covers(self, url: str) -> bool:
        return urlsplit(url).netloc == self.host

    def loads(self, resource_type: str) -> bool:
        return True

    async def pace(self) -> None:
        return None


@pytest.fixture(scope="module")
def site():
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser, site):
    site.asked.clear()
    site.tokens.clear()
    stock = REGISTRY.venue("osteria_luna")
    venue = stock.model_copy(update={"origin": site.origin})
    commit = CommitRule(url="{origin}/commit*")
    gate = CommitGate(commit, [RequestRule(url="{origin}/safe")], site.origin)
    context = await browser.new_context()
    visit = Visit(await context.new_page(), venue, REGISTRY.manifest(stock), gate, Access(site.origin), wait_s=2)
    await visit.begin(visit.page.get_by_role("heading", name="Please log in"))
    yield visit
    await context.unroute_all(behavior="ignoreErrors")
    await context.close()


@pytest.fixture
def patient(visit):
    """A visit that waits for a sign much longer than the test does: only what is known at once ends it in time."""
    visit._wait_s = 4 * ENOUGH_S


def heading(visit, name):
    return visit.page.get_by_role("heading", name=name)


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
    visit.gate.open_once()
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
    visit.gate.open_once()
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
    visit.gate.open_once()
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
    visit.gate.open_once()
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
