"""The core at the restaurant twin, as a worker runs it, without queue and ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ProxySettings

from farm.booking import Ask, book
from farm.closing import Closing
from farm.contract import Lookup
from farm.facts import Facts, Guest, Hold, Offer, Party, Recap
from farm.gate import CommitGate
from farm.identity import Reference, mint_code, plant
from farm.phases import Step
from farm.reading import Look, cancel, look
from farm.registry import Registry
from farm.request import Request, WantedSlot
from farm.verdict import Measure
from farm.visit import Visit
from fixtures.kit.process import ROOT, TwinProcess
from profiles.partner import Partners
from profiles.terms.session import AccountTerms
from profiles.visiting import Appearance, PartnerVisits
from tests.ways import OwnWays

REGISTRY = Registry.load([ROOT / "integrations"])
PARTNER = Partners.load([ROOT / "profiles" / "partners"]).must_have("bologna_tables")
WISH = Request(
    guest=Guest(name="Ada Rossi", email="ada@example.com", phone="+39 051 123456"),
    party=Party(adults=2),
    when=WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21, 30), preferred=time(20, 30)),
    venues=("osteria_luna",),
    note="alla finestra",
)
DESK_PASSWORD = "aceto"
AT_HALF_PAST_EIGHT = datetime(2029, 12, 4, 19, 30, tzinfo=UTC)


class Engine:
    """Contexts of one warm browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    async def new_context(self, appearance: Appearance, proxy: ProxySettings) -> BrowserContext:
        return await self._browser.new_context(locale=appearance.locale, timezone_id=appearance.timezone, proxy=proxy)

    async def close_context(self, context: BrowserContext) -> None:
        await context.close()


class Journal:
    """Keeps which steps were taken, and what was held."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.hold: Hold | None = None

    @asynccontextmanager
    async def stage(self, step: Step) -> AsyncIterator[None]:
        self.steps.append(step)
        yield

    async def held(self, hold: Hold) -> None:
        self.hold = hold

    async def given_back(self) -> None:
        self.hold = None

    async def note(self, text: str) -> None:
        raise AssertionError(text)


class Guard:
    """Lets everything through, and keeps what the record must show."""

    def __init__(self) -> None:
        self.wanted: Facts | None = None

    async def ready(self, offer: Offer) -> None:
        """Nobody else is here."""

    async def __call__(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
        self.wanted = wanted


class Farm:
    """One attempt of the core at the twin, as a worker makes it, without queue and ledger."""

    def __init__(self, browser: Browser, twin: TwinProcess, wish: Request, desk: str | None = None) -> None:
        stock = REGISTRY.venue("osteria_luna")
        venue = stock.model_copy(update={"origin": twin.origin})
        manifest = REGISTRY.manifest(stock)
        self.reference = Reference(mint_code(), 1)
        planted = plant(wish, self.reference, manifest.plants)
        self.ask = Ask(venue, manifest, REGISTRY.script(stock), planted, lambda: datetime.now(UTC))
        self.visits = PartnerVisits(Engine(browser), _at(twin, desk), venue, manifest, self.ask.clock, ways=OwnWays())
        self.journal = Journal()
        self.guard = Guard()

    async def book(self) -> Closing:
        return await book(self.ask, self.visits, self.journal, self.guard)

    async def look(self, closing: Closing) -> Look:
        return await look(self.ask, self.lookup(), self._measure(closing), self.visits, self.journal)

    async def cancel(self, closing: Closing) -> Look:
        return await cancel(self.ask, self.lookup(), self._measure(closing), self.visits, self.journal)

    @asynccontextmanager
    async def visit(self, gate: CommitGate | None = None, role: str | None = None) -> AsyncIterator[Visit]:
        """A blank page of a fresh context, as for a step of the core; it books nothing unless the gate says so."""
        gate = gate or CommitGate(None, self.ask.manifest.safe, self.ask.venue.origin)
        async with self.visits.open(gate, (Step.SEARCH, Step.HOLD, Step.ENTER_GUEST), role) as visit:
            await visit.begin(None)
            if visit.account is not None:
                await self.ask.script.log_in(visit, visit.account)
            yield visit

    def lookup(self) -> Lookup:
        when = self.guard.wanted.when if self.guard.wanted else None
        return Lookup(our_reference=str(self.reference), guest=self.ask.request.guest, when=when)

    def _measure(self, closing: Closing) -> Measure:
        assert self.guard.wanted
        claimed = closing.claim.reference if closing.claim else None
        tolerance, zone = self.ask.manifest.tolerance, self.ask.venue.zone
        return Measure(self.reference.code, self.guard.wanted, claimed, tolerance, zone)


def _at(twin: TwinProcess, desk: str | None) -> Partners:
    access = PARTNER.access.model_copy(update={"hosts": (urlsplit(twin.origin).netloc,)})
    accounts = {"desk": AccountTerms(secret=desk)} if desk else {}
    session = PARTNER.session.model_copy(update={"accounts": accounts})
    return Partners({PARTNER.slug: PARTNER.model_copy(update={"access": access, "session": session})})
