"""What leaves a visit's page and what comes back: the gate on every request, and the poison of a refusal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Request, Response, Route, WebSocketRoute

from farm.access import Access
from farm.crash import browser_lost
from farm.encounter import Encounter, latency_s, refusal
from farm.errors import (
    AccessNotAgreed,
    BrowserLost,
    ContractBroken,
    FarmError,
    PacingDeferred,
    VenueDown,
    WayOutLost,
)
from farm.gate import CommitGate, Ruling, spoken
from farm.retry_after import asked_to_wait_s

# how a navigation ends that we stopped, or that a newer one (or a download) took over
_NO_BREAK = frozenset({"net::ERR_BLOCKED_BY_CLIENT", "net::ERR_ABORTED"})
_PAGE_KINDS = frozenset({"document", "xhr", "fetch"})


class Poison:
    """The first thing that ends a visit from outside the script.

    Attributes:
        alone_s: The longest time for which the venue asked to be left alone in this visit.
    """

    def __init__(self) -> None:
        self.alone_s: float | None = None
        self._error: FarmError | None = None
        self._happened = asyncio.Event()

    def by(self, error: FarmError) -> None:
        """End the visit with this error, unless something ended it before."""
        if self._error is None:
            self._error = error
            self._happened.set()

    def heed(self, headers: dict[str, str]) -> None:
        """Remember for how long an answer that is no success asks to be left alone, if it does."""
        asked_s = asked_to_wait_s(headers, datetime.now(UTC))
        if asked_s is not None:
            self.alone_s = max(asked_s, self.alone_s or 0.0)

    @property
    def ended(self) -> bool:
        """True once something has ended the visit."""
        return self._error is not None

    async def wait(self) -> None:
        """Return when something has ended the visit."""
        await self._happened.wait()

    def check(self) -> None:
        """Raise what ended the visit.

        Raises:
            FarmError: If anything did.
        """
        if self._error is not None:
            raise self._error


class Line(Protocol):
    """What the browser's connections run through; profiles/ implements it."""

    async def fresh(self) -> None:
        """See to it that what leaves next has a connection of its own: Chromium sends it twice on a used one.

        Raises:
            WayOutLost: It cannot be seen to; nothing may leave.
        """
        ...

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call this once nothing leaves here any more: the line is dead, or the visit's right to it is over."""
        ...


class Network:
    """Stands between one page (with its context) and the world.

    Attributes:
        met: What the visit has met so far.
        trouble: The last server error that came back, in words. It ends nothing: a venue's "no" may come as one.
    """

    def __init__(self, page: Page, gate: CommitGate, access: Access, line: Line | None = None) -> None:
        self.poison = Poison()
        self._page = page
        self._gate = gate
        self._access = access
        self._line = line
        self._commit: Request | None = None
        self._in_flight = 0
        self._begun_at = time.monotonic()
        self._stirred = asyncio.Event()
        self.met = Encounter()
        self.trouble: str | None = None

    async def watch(self) -> None:
        """Route everything through the gate, and listen to everything that comes back."""
        if self._line is not None:
            self._line.when_lost(lambda: self.poison.by(WayOutLost()))
        context = self._page.context
        context.on("request", self._began)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._failed)
        self._page.on("requestfailed", self._page_failed)
        self._page.on("crash", self._crashed)
        context.on("response", self._answered)
        await context.route("**/*", self._route)
        await context.route_web_socket("**/*", self._close_socket)

    def must_cover(self, url: str) -> None:
        """Refuse an address outside the agreement.

        Raises:
            AccessNotAgreed: The agreement does not name its host.
        """
        if not self._access.covers(url):
            raise AccessNotAgreed(f"{spoken('GET', url)}: the agreement does not name this host")

    async def quiet(self, quiet_s: float) -> None:
        """Return when nothing is in flight and nothing began for so long, counted from now."""
        asked_at = time.monotonic()  # what a click sets off may begin a moment after it
        while True:
            left_s = quiet_s - (time.monotonic() - max(self._begun_at, asked_at))
            if self._in_flight <= 0 and left_s <= 0:
                return
            self._stirred.clear()
            try:
                async with asyncio.timeout(left_s if self._in_flight <= 0 else None):
                    await self._stirred.wait()
            except TimeoutError:
                continue

    async def _route(self, route: Route, request: Request) -> None:
        try:
            turn = await self._has_its_turn(request)
            if turn and self._lets_through(request) and await self._has_a_line(request):
                await route.fallback()  # to what a profile adds to it, and out
            else:
                await route.abort("blockedbyclient")
        except PlaywrightError as error:
            # mostly the page closed under the request; raised here it would hit the next call of any visit
            said = VenueDown(f"{spoken(request.method, request.url)} could not be let out")
            self.poison.by(browser_lost(error) or said)

    async def _has_its_turn(self, request: Request) -> bool:
        """What asks the venue something waits for its turn; before the gate rules, for that is when it leaves."""
        if self.poison.ended or not self._access.covers(request.url):
            return False
        if not self._access.loads(request.resource_type):
            return False
        if request.resource_type in _PAGE_KINDS and not request.url.startswith(("data:", "blob:")):
            try:
                await self._access.turn(first=self._gate.was_opened)
            except PacingDeferred as error:
                self.poison.by(error)
        return True

    def _lets_through(self, request: Request) -> bool:
        if self.poison.ended:
            return False  # a refusal means stop, also for what the page does by itself
        was_sent = self._gate.sent == "yes"
        ruling = self._gate.rule(request.method, request.url, _kind(request), _body(request), _media(request))
        if self._gate.sent == "yes" and not was_sent:
            self._commit = request
        if ruling is Ruling.BREACH:
            self.poison.by(ContractBroken(f"{self._gate.stopped[-1]} is neither safe nor allowed now: stopped"))
        return ruling is Ruling.PASS

    async def _has_a_line(self, request: Request) -> bool:
        """The commit gets a connection of its own, or it stays."""
        if self._line is None or request != self._commit:
            return True
        try:
            await self._line.fresh()
        except WayOutLost as error:
            self.poison.by(error)
            return False
        return True

    def _close_socket(self, socket: WebSocketRoute) -> None:
        """A socket carries what no gate can read: the site gets none."""
        self.poison.by(
            ContractBroken(f"{spoken('WebSocket', socket.url)}: sockets stay closed, no gate can read them")
        )

    def _began(self, request: Request) -> None:
        self._in_flight += 1
        self._begun_at = time.monotonic()
        self._stirred.set()
        if request.redirected_from is not None:
            self._redirected(request)

    def _redirected(self, request: Request) -> None:
        """Routes never see where a redirect leads: it is judged as it leaves, too late to stop it."""
        if request.resource_type in _PAGE_KINDS:
            self._access.went_by_itself()
        if not self._access.covers(request.url):
            what = spoken(request.method, request.url)
            self.poison.by(AccessNotAgreed(f"the venue redirects to {what}: the agreement does not name this host"))
        if not self._gate.went_past(request.method, request.url):
            what = spoken(request.method, request.url)
            self.poison.by(
                ContractBroken(f"the venue redirects to {what}, which commits: no safe request may do that")
            )

    def _ended(self, _request: Request) -> None:
        self._in_flight -= 1
        self._stirred.set()

    def _failed(self, request: Request) -> None:
        self._ended(request)
        if request == self._commit:
            self._broke_off(request)

    def _page_failed(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self._page.main_frame:
            self._broke_off(request)

    def _crashed(self, _page: Page) -> None:
        self.poison.by(BrowserLost())

    def _broke_off(self, request: Request) -> None:
        """A page, or the commit, whose connection broke: known at once, not after the longest wait for a sign."""
        if request.failure == "net::ERR_PROXY_CONNECTION_FAILED":
            self.poison.by(WayOutLost())
        elif request.failure not in _NO_BREAK:
            self.poison.by(VenueDown(f"{spoken(request.method, request.url)} broke off: {request.failure}"))

    def _answered(self, response: Response) -> None:
        if response.request.resource_type not in _PAGE_KINDS or not self._access.covers(response.url):
            return
        what = spoken(response.request.method, response.url)
        if response.status >= 400:
            self.poison.heed(response.headers)
        error = refusal(response.status, response.headers, what)
        self.met.answered(latency_s(response.request), error)
        if error is not None:
            self.met.asked_as(response.request.headers.get("user-agent"))
            self.poison.by(error)
        elif response.status >= 500:
            self.trouble = f"{what} was answered {response.status}"


def _kind(request: Request) -> str:
    return request.resource_type if request.resource_type in _PAGE_KINDS else "other"


def _body(request: Request) -> str | None:
    if request.method == "GET":
        return None
    sent = request.post_data_buffer
    return sent.decode("utf-8", "replace") if sent else None


def _media(request: Request) -> str:
    return "" if request.method == "GET" else request.headers.get("content-type", "")
