"""One attempt of the core at the real shop, as a worker makes it, without queue and ledger."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ProxySettings

from farm.booking import Ask, book
from farm.closing import Closing
from farm.contract import Lookup
from farm.facts import Facts, Hold, Offer, Recap
from farm.identity import Reference, mint_code, plant
from farm.phases import Step
from farm.reading import Look, cancel, look
from farm.registry import Registry
from farm.request import Request
from farm.verdict import Measure
from fixtures.pretix_shop.records import ShopOrder
from fixtures.pretix_shop.shop import PretixShop
from profiles.partner import Partners
from profiles.visiting import Appearance, PartnerVisits
from tests.ways import OwnWays

ROOT = Path(__file__).parents[2]
REGISTRY = Registry.load([ROOT / "integrations"])
PARTNER = Partners.load([ROOT / "profiles" / "partners"]).must_have("lab_venue")

Role = Literal["owner", "desk"]
Guarded = Callable[[], object]


class Engine:
    """Contexts of one warm browser; where a proxy is given, behind that one and not behind the visit's own."""

    def __init__(self, browser: Browser, proxy: str | None) -> None:
        self._browser = browser
        self._proxy = proxy
        self.contexts = 0

    async def new_context(self, appearance: Appearance, proxy: ProxySettings) -> BrowserContext:
        self.contexts += 1
        return await self._browser.new_context(
            locale=appearance.locale,
            timezone_id=appearance.timezone,
            proxy={"server": self._proxy, "bypass": "<-loopback>"} if self._proxy else proxy,
        )

    async def close_context(self, context: BrowserContext) -> None:
        await context.close()


class Journal:
    """Keeps which steps were taken, how long each took, and what was noted."""

    def __init__(self) -> None:
        self.steps: list[tuple[Step, float]] = []
        self.notes: list[str] = []

    @asynccontextmanager
    async def stage(self, step: Step) -> AsyncIterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.steps.append((step, time.monotonic() - began))

    async def held(self, hold: Hold) -> None:
        pass

    async def given_back(self) -> None:
        pass

    async def note(self, text: str) -> None:
        self.notes.append(text)


class LabAttempt:
    """One request at one venue of the lab shop.

    Args:
        browser: A warm browser.
        shop: The running shop.
        wish: What the guest wants; it names the venue.
        roles: The accounts that the partner has given; they decide on the read-back's channel.
        proxy: What the browser goes through.
        deadline_s: For the last click (also of a cancellation), when the stock one is too long for a test.
        payment: As the shop names it, when it is another one than in the venue's file.
    """

    def __init__(
        self,
        browser: Browser,
        shop: PretixShop,
        wish: Request,
        *,
        roles: tuple[Role, ...] = ("owner",),
        proxy: str | None = None,
        deadline_s: float | None = None,
        payment: str | None = None,
    ) -> None:
        stock = REGISTRY.venue(wish.venues[0])
        settings = {**stock.settings, "payment": payment} if payment else stock.settings
        venue = stock.model_copy(update={"origin": shop.origin, "settings": settings})
        manifest = REGISTRY.manifest(stock)
        if deadline_s is not None:
            assert manifest.cancel
            commit = manifest.commit.model_copy(update={"deadline_s": deadline_s})
            undo = manifest.cancel.model_copy(update={"deadline_s": deadline_s})
            manifest = manifest.model_copy(update={"commit": commit, "cancel": undo})
        self.shop = shop
        self.reference = Reference(mint_code(), 1)
        planted = plant(wish, self.reference, manifest.plants)
        self.ask = Ask(venue, manifest, REGISTRY.script(stock), planted, lambda: datetime.now(UTC))
        self.engine = Engine(browser, proxy)
        self.visits = self.visits_as(roles)
        self.journal = Journal()
        self.hold: Hold | None = None
        self.recap: Recap | None = None
        self.wanted: Facts | None = None

    async def book(self, at_the_guard: Guarded | None = None) -> Closing:
        """Run the steps; `at_the_guard` happens after the review page and before the last click."""

        lab = self

        class Guard:
            async def ready(self, offer: Offer) -> None:
                pass

            async def __call__(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
                lab.hold, lab.recap, lab.wanted = hold, recap, wanted
                if at_the_guard is not None:
                    at_the_guard()

        return await book(self.ask, self.visits, self.journal, Guard())

    def visits_as(self, roles: tuple[Role, ...]) -> PartnerVisits:
        """Visits of a farm that was given these accounts."""
        access = PARTNER.access.model_copy(update={"hosts": (urlsplit(self.shop.origin).netloc,)})
        given = {role: PARTNER.session.accounts[role] for role in roles}
        session = PARTNER.session.model_copy(update={"accounts": given})
        partner = PARTNER.model_copy(update={"access": access, "session": session})
        ask = self.ask
        partners = Partners({partner.slug: partner})
        return PartnerVisits(self.engine, partners, ask.venue, ask.manifest, ask.clock, ways=OwnWays())

    async def look(self, closing: Closing, roles: tuple[Role, ...] | None = None) -> Look:
        visits = self.visits if roles is None else self.visits_as(roles)
        return await look(self.ask, self._lookup(closing), self._measure(closing), visits, self.journal)

    async def cancel(self, closing: Closing) -> Look:
        return await cancel(self.ask, self._lookup(closing), self._measure(closing), self.visits, self.journal)

    def records(self) -> list[ShopOrder]:
        """What the shop's own database has under our planted address."""
        return self.shop.orders(self.ask.request.guest.email)

    def _lookup(self, closing: Closing) -> Lookup:
        return Lookup(
            our_reference=str(self.reference),
            guest=self.ask.request.guest,
            when=self.wanted.when if self.wanted else None,
            reference=closing.claim.reference if closing.claim else None,
            link=closing.claim.link if closing.claim else None,
        )

    def _measure(self, closing: Closing) -> Measure:
        assert self.wanted
        claimed = closing.claim.reference if closing.claim else None
        return Measure(self.reference.code, self.wanted, claimed, self.ask.manifest.tolerance, self.ask.venue.zone)
