"""A visit: one Playwright page under one partner profile, with the few verbs that keep a script honest.

Everything else is plain Playwright on ``visit.page``, so that recorded code pastes in.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Coroutine, Iterable
from functools import reduce
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from farm.access import Access
from farm.crash import browser_lost
from farm.errors import ContractBroken, FarmError, SessionLost, VenueChanged, VenueDown
from farm.gate import CommitGate
from farm.mail import CountedMailbox, Mailbox
from farm.manifest import Manifest
from farm.network import Line, Network
from farm.status import VenueStatus
from farm.venue import Venue
from farm.wire import Answer, Wire

if TYPE_CHECKING:
    from farm.contract import Account
    from farm.entry import Entry

T = TypeVar("T")
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009]+")


class Visit:
    """One page of one venue.

    Attributes:
        page: The Playwright page.
        venue: The venue's typed data.
        account: The account in use; None when the visit is a guest's.
        gate: Rules on everything that leaves; only the core opens it.
        met: What it has met so far: for whoever learns how much the venue puts up with.

    Args:
        page: A page of a fresh context that the profile has opened.
        venue: The venue.
        manifest: What its integration declares.
        gate: The commit gate of this visit.
        access: The partner's agreement.
        account: The account of the role that this visit acts in.
        wait_s: The longest wait for one sign.
        line: What the page's connections run through, where they do.
        mailbox: The farm's, where the partner's profile names one.
        entry: How it comes in under the account, where the partner's log-ins are kept.
    """

    def __init__(
        self,
        page: Page,
        venue: Venue,
        manifest: Manifest,
        gate: CommitGate,
        access: Access,
        account: Account | None = None,
        wait_s: float = 15.0,
        line: Line | None = None,
        mailbox: Mailbox | None = None,
        entry: Entry | None = None,
    ) -> None:
        self.page = page
        self.venue = venue
        self.account = account
        self.entry = entry
        self.gate = gate
        self._manifest = manifest
        self._access = access
        self._network = Network(page, gate, access, line)
        self.met = self._network.met
        self._wire = Wire(page.context.request, gate, access, self._network.poison, self.met)
        self._mailbox = CountedMailbox(mailbox, gate.looked) if mailbox is not None else None
        self._wall: Locator | None = None
        self._wait_s = wait_s

    async def begin(self, wall: Locator | None) -> None:
        """Put the gate in front of the page. Called by the core before the first step.

        Args:
            wall: The log-in wall of the script (``signed_out``), watched for in every wait.
        """
        self.watch_for(wall)
        self.page.set_default_timeout(self._wait_s * 1000)
        await self._network.watch()

    def watch_for(self, wall: Locator | None) -> None:
        """Watch for the log-in wall in every wait from now on. Called by the core, after the log-in."""
        self._wall = wall

    @property
    def alone_s(self) -> float | None:
        """The longest time for which the venue asked to be left alone; None: it did not."""
        return self._network.poison.alone_s

    def check(self) -> None:
        """Raise what has poisoned this visit, if anything has. Called by the core after every step.

        Raises:
            FarmError: The venue refused a request, or a request broke the contract.
        """
        self._network.poison.check()

    @property
    def mailbox(self) -> Mailbox:
        """The farm's mailbox, which what the venue writes to a guest arrives in.

        Raises:
            ContractBroken: The partner's profile names none; a script that needs one says so in its manifest.
        """
        if self._mailbox is None:
            raise ContractBroken(f"{self.venue.slug}: the script reads a mailbox, and the profile names none")
        return self._mailbox

    async def open(self, path: str, *, sign: Locator) -> None:
        """Go to a page of the venue, and be sure that it is the right one. The only navigation.

        The sign proves the page, not its state: read the selected date, time and resource from the page itself.

        Args:
            path: A path on the venue's origin, or a whole address on an agreed host.
            sign: Something that only this page shows; ``a.or_(b)`` where it has two shapes.

        Raises:
            VenueDown: No answer, or a server error.
            VenueChanged: The page came without the sign.
            SessionLost: The log-in wall came instead.
            AccessRefused: 403, 429, a challenge, or a host outside the agreement.
        """
        url = urljoin(self.venue.origin + "/", path)
        await self._access.pace()
        self._network.trouble = None
        answer = await self._unless_poisoned(self._goto(url))
        if answer is not None and answer >= 500:
            raise VenueDown(f"{self.venue.slug} answered {answer}")
        await self.must_show(sign)

    async def must_show(self, sign: Locator) -> None:
        """Wait until the sign (its first visible match) shows.

        Raises:
            VenueChanged: It does not show in time.
            SessionLost: The log-in wall shows instead.
        """
        await self._seen({"sign": sign})

    async def rows(self, items: Locator, *, none: Locator) -> list[Locator]:
        """The items of a list; the only way to an empty one.

        ``[]`` only if the venue's own "nothing" shows: a skeleton screen or a failed request is not "sold out".

        Raises:
            VenueChanged: Neither shows in time.
        """
        name, count = await self._seen({"items": items, "none": none})
        shown = items.filter(visible=True)
        return [shown.nth(place) for place in range(count)] if name == "items" else []

    async def press(self, target: Locator, **signs: Locator) -> str:
        """Click, wait for one of the signs, and say which: ``press(button, done=thanks, refused=notice)``.

        Raises:
            VenueDown: No sign shows in time, and a server error came back.
            VenueChanged: No sign shows in time.
            ContractBroken: A sign shows already before the click, so it would prove nothing.
        """
        if await _either(signs.values()).count():
            shown = [f"`{name}`" for name, sign in signs.items() if await sign.filter(visible=True).count()]
            raise ContractBroken(f"the sign {', '.join(shown)} shows before the click: it would prove nothing")
        await self._access.pace()
        self._network.trouble = None
        await self._unless_poisoned(target.click())
        return (await self._seen(signs))[0]

    async def quiet(self, ms: int) -> None:
        """Wait until no request is in flight and none began for so long. Network idle is true too early.

        Raises:
            VenueDown: The page does not come to rest in time.
        """
        try:
            async with asyncio.timeout(self._wait_s):
                await self._unless_poisoned(self._network.quiet(ms / 1000))
        except TimeoutError:
            raise VenueDown(f"{self.venue.slug}: the page did not come to rest in {self._wait_s:g} s") from None

    async def lines(self, block: Locator) -> list[str]:
        """The visible lines of a block, each with single plain spaces (narrow no-break spaces sit in times)."""
        await self.must_show(block)
        text = await block.filter(visible=True).first.inner_text()
        return [line for raw in text.splitlines() if (line := _SPACES.sub(" ", raw).strip())]

    def status(self, label: str) -> VenueStatus:
        """The venue-side status that a label means, by the manifest's ``[status]``.

        Raises:
            VenueChanged: Nobody has seen this label before.
        """
        known = {word.casefold(): status for word, status in self._manifest.status.items()}
        found = known.get(_SPACES.sub(" ", label).strip().casefold())
        if found is None:
            raise VenueChanged(f"{self.venue.slug}: unknown status label `{label.strip()[:40]}`; add it to [status]")
        return found

    async def call(
        self,
        method: str,
        path: str,
        *,
        form: dict[str, str] | None = None,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The wire: one request on the same cookies, under the same gate, hosts, pacing and refusal rules.

        Raises:
            VenueDown: No answer, or a server error.
            AccessRefused: 403, 429, a challenge, or a host outside the agreement.
            ContractBroken: An unsafe request that is not listed as safe, or a commit before the guard.
        """
        await self._access.pace()
        return await self._wire.send(method, urljoin(self.venue.origin + "/", path), form, json, headers)

    async def _goto(self, url: str) -> int | None:
        self._network.must_cover(url)
        try:
            response = await self.page.goto(url, wait_until="commit", timeout=self._wait_s * 2000)
        except PlaywrightTimeout:
            raise VenueDown(f"{self.venue.slug} did not answer in {self._wait_s * 2:g} s") from None
        except PlaywrightError as error:
            self.check()
            found = re.search(r"net::ERR_\w+", error.message)
            down = VenueDown(f"{self.venue.slug}: {found.group() if found else 'navigation failed'}")
            raise browser_lost(error) or down from None
        return response.status if response is not None else None

    async def _seen(self, signs: dict[str, Locator]) -> tuple[str, int]:
        """The name of the first sign that is visible, and how many of it are (1 at least)."""
        watched = dict(signs) if self._wall is None else {**signs, "the log-in wall": self._wall}
        either = _either(watched.values()).first
        until = time.monotonic() + self._wait_s
        while (left_s := until - time.monotonic()) > 0:
            try:
                await self._unless_poisoned(either.wait_for(state="visible", timeout=left_s * 1000))
            except PlaywrightTimeout:
                self.check()
                break
            for name, sign in watched.items():
                # every call crosses two processes: a sign that is alone is the one that was waited for
                if count := 1 if len(watched) == 1 else await sign.filter(visible=True).count():
                    return self._unless_wall(name, signs), count
            # it showed and vanished: the page reloads itself
        if self._network.trouble is not None:
            raise VenueDown(f"{self.venue.slug}: {self._network.trouble}, and none of {', '.join(signs)} shows")
        raise VenueChanged(f"{self.venue.slug}: none of {', '.join(signs)} shows after {self._wait_s:g} s")

    def _unless_wall(self, name: str, signs: dict[str, Locator]) -> str:
        if name not in signs:
            raise SessionLost(f"{self.venue.slug} shows its log-in wall")
        return name

    async def _unless_poisoned(self, work: Coroutine[None, None, T]) -> T:
        """The work's result, or at once the error that poisons the visit meanwhile. A poisoned one begins nothing."""
        try:
            self.check()
        except FarmError:
            work.close()
            raise
        task = asyncio.create_task(work)
        poison = asyncio.create_task(self._network.poison.wait())
        try:
            await asyncio.wait({task, poison}, return_when=asyncio.FIRST_COMPLETED)
            self.check()
            return await task
        finally:
            poison.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=1)


def _either(signs: Iterable[Locator]) -> Locator:
    """All that is visible of any of them."""
    first, *others = (sign.filter(visible=True) for sign in signs)
    return reduce(Locator.or_, others, first)
