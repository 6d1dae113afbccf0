"""The restaurant's script under the core's order of steps: a real browser, the real twin, its own database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext

from farm.booking import Ask, Closing, book
from farm.compare import expected
from farm.contract import Lookup
from farm.errors import NoAvailability, RequestRefused
from farm.facts import Facts, Guest, Hold, Offer, Party, Recap
from farm.gate import CommitGate
from farm.identity import Reference, mint_code, plant
from farm.phases import Step
from farm.reading import Look, cancel, look
from farm.registry import Registry
from farm.request import Request, WantedSlot
from farm.status import Cause, VenueStatus, VerdictKind
from farm.verdict import Measure
from fixtures.kit.process import ROOT, TwinProcess
from profiles.partner import Partners
from profiles.visiting import Appearance, PartnerVisits
from tests.browsers import browser

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

REGISTRY = Registry.load([ROOT / "integrations"])
PARTNER = Partners.load([ROOT / "profiles" / "partners"]).must_have("bologna_tables")
WISH = Request(
    guest=Guest(name="Ada Rossi", email="ada@example.com", phone="+39 051 123456"),
    party=Party(adults=2),
    when=WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21, 30), preferred=time(20, 30)),
    venues=("osteria_luna",),
    note="alla finestra",
)
AT_HALF_PAST_EIGHT = datetime(2029, 12, 4, 19, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess.start("fixtures.osteria_luna", tmp_path_factory.mktemp("osteria")) as twin:
        yield twin


@pytest.fixture
def twin(running: TwinProcess) -> TwinProcess:
    running.clear()
    return running


class Engine:
    """Contexts of one warm browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    async def new_context(self, appearance: Appearance) -> BrowserContext:
        return await self._browser.new_context(locale=appearance.locale, timezone_id=appearance.timezone)

    async def close_context(self, context: BrowserContext) -> None:
        await context.close()


class Journal:
    """Keeps which steps were taken."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    @asynccontextmanager
    async def stage(self, step: Step) -> AsyncIterator[None]:
        self.steps.append(step)
        yield

    async def note(self, text: str) -> None:
        raise AssertionError(text)


class Farm:
    """One attempt of the core at the twin, as a worker makes it, without queue and ledger."""

    def __init__(self, browser: Browser, twin: TwinProcess, wish: Request) -> None:
        stock = REGISTRY.venue("osteria_luna")
        venue = stock.model_copy(update={"origin": twin.origin})
        manifest = REGISTRY.manifest(stock)
        self.reference = Reference(mint_code(), 1)
        planted = plant(wish, self.reference, manifest.plants)
        self.ask = Ask(venue, manifest, REGISTRY.script(stock), planted, lambda: datetime.now(UTC))
        self.visits = PartnerVisits(Engine(browser), _at(twin), venue, manifest, self.ask.clock)
        self.journal = Journal()
        self.wanted: Facts | None = None

    async def book(self) -> Closing:
        async def guard(offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
            self.wanted = wanted

        return await book(self.ask, self.visits, self.journal, guard)

    async def look(self, closing: Closing) -> Look:
        return await look(self.ask, self._lookup(), self._measure(closing), self.visits, self.journal)

    async def cancel(self, closing: Closing) -> Look:
        return await cancel(self.ask, self._lookup(), self._measure(closing), self.visits, self.journal)

    def _lookup(self) -> Lookup:
        return Lookup(our_reference=str(self.reference), guest=self.ask.request.guest)

    def _measure(self, closing: Closing) -> Measure:
        assert self.wanted
        claimed = closing.claim.reference if closing.claim else None
        tolerance, zone = self.ask.manifest.tolerance, self.ask.venue.zone
        return Measure(self.reference.code, self.wanted, claimed, tolerance, zone)


def _at(twin: TwinProcess) -> Partners:
    access = PARTNER.access.model_copy(update={"hosts": (urlsplit(twin.origin).netloc,)})
    return Partners({PARTNER.slug: PARTNER.model_copy(update={"access": access})})


@pytest.fixture
def farm(browser: Browser, twin: TwinProcess) -> Farm:
    return Farm(browser, twin, WISH)


async def test_a_good_booking_is_what_the_venue_has(farm: Farm, twin: TwinProcess) -> None:
    closing = await farm.book()
    assert (closing.kind, closing.sent) == ("claimed", "yes")
    assert farm.journal.steps == [Step.SEARCH, Step.HOLD, Step.ENTER_GUEST, Step.GUARD, Step.SUBMIT]

    verdict = (await farm.look(closing)).verdict
    (record,) = twin.records()
    assert verdict.proves
    assert (verdict.channel, verdict.venue_reference) == ("guest_lookup", record.code)
    assert {field.field: field.result for field in verdict.fields} == dict.fromkeys(
        ("when", "resource", "party", "guest_name", "guest_email", "guest_phone"), "same"
    )
    assert closing.claim
    assert closing.claim.reference == record.code
    assert (record.starts_at, record.covers, record.table) == (AT_HALF_PAST_EIGHT, 2, "Sala · Tavolo 1")
    assert (record.name, record.phone) == ("Ada Rossi", "+39 051 123456")
    assert record.email == f"ada+{str(farm.reference).lower()}@example.com"
    assert record.note == f"alla finestra ({farm.reference})"


async def test_the_search_reports_all_that_the_page_lists(farm: Farm) -> None:
    async with farm.visits.open(_reading(farm), (Step.SEARCH,), None) as visit:
        await visit.begin(None)
        offers = await farm.ask.script.search(visit, farm.ask.request)
    assert len(offers) == 6 * 6
    assert {offer.party for offer in offers} == {Party(adults=2)}
    assert {offer.resource for offer in offers} <= set(farm.ask.venue.resources)


async def test_full_is_no_availability(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("full")
    with pytest.raises(NoAvailability):
        await farm.book()
    assert twin.fault_hits("full") == 1
    assert not twin.records()


async def test_a_party_that_the_site_does_not_take_is_refused(browser: Browser, twin: TwinProcess) -> None:
    with pytest.raises(RequestRefused):
        await Farm(browser, twin, WISH.model_copy(update={"party": Party(adults=7)})).book()


async def test_lying_thanks_is_found_out(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("lying_thanks")
    closing = await farm.book()
    assert closing.kind == "claimed"
    verdict = (await farm.look(closing)).verdict
    assert (verdict.kind, verdict.complete, verdict.proves) == (VerdictKind.NOT_FOUND, True, False)
    assert twin.fault_hits("lying_thanks") == 1


async def test_a_shifted_record_is_a_mismatch(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("shifted_time")
    verdict = (await farm.look(await farm.book())).verdict
    assert verdict.kind is VerdictKind.MISMATCHED
    assert [field.field for field in verdict.fields if field.result == "differs"] == ["when"]
    assert twin.fault_hits("shifted_time") == 1


@pytest.mark.parametrize(
    ("fault", "kind"), [("dropped_before", VerdictKind.NOT_FOUND), ("dropped_after", VerdictKind.MATCHED)]
)
async def test_a_cut_connection_is_a_doubt_that_the_record_settles(
    farm: Farm, twin: TwinProcess, fault: str, kind: VerdictKind
) -> None:
    twin.set_fault(fault)
    closing = await farm.book()
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "yes", Cause.OUTCOME_UNKNOWN)
    assert "broke off" in closing.detail
    assert (await farm.look(closing)).verdict.kind is kind
    assert len(twin.records()) == (kind is VerdictKind.MATCHED)
    assert twin.fault_hits(fault) == 1


@pytest.mark.parametrize(
    ("fault", "cause"), [("slot_lost", Cause.SLOT_UNAVAILABLE), ("hold_expired", Cause.LEASE_EXPIRED)]
)
async def test_the_venues_no_at_the_last_click_has_a_cause(
    farm: Farm, twin: TwinProcess, fault: str, cause: Cause
) -> None:
    twin.set_fault(fault)
    closing = await farm.book()
    assert (closing.kind, closing.cause) == ("refused", cause)
    assert not twin.records()
    assert twin.fault_hits(fault) == 1


async def test_a_cancellation_is_proven_by_the_record(farm: Farm, twin: TwinProcess) -> None:
    closing = await farm.book()
    after = await farm.cancel(closing)
    assert after.verdict.kind is VerdictKind.NOT_FOUND
    assert after.verdict.venue_status is VenueStatus.CANCELLED
    assert [record.status for record in twin.records()] == ["cancelled"]


async def test_another_booking_of_the_guest_is_left_alone(browser: Browser, farm: Farm, twin: TwinProcess) -> None:
    closing, other = await farm.book(), Farm(browser, twin, WISH)
    await other.book()
    await farm.cancel(closing)
    assert {record.email: record.status for record in twin.records()} == {
        farm.ask.request.guest.email: "cancelled",
        other.ask.request.guest.email: "confirmed",
    }


async def test_hold_starts_from_the_offer_and_the_guest_may_be_entered_twice(farm: Farm, twin: TwinProcess) -> None:
    ask, steps = farm.ask, (Step.SEARCH, Step.HOLD, Step.ENTER_GUEST)
    async with farm.visits.open(_reading(farm), steps, None) as visit:
        await visit.begin(None)
        offer = (await ask.script.search(visit, ask.request))[0]
    async with farm.visits.open(_reading(farm), steps, None) as visit:
        await visit.begin(None)
        hold = await ask.script.hold(visit, offer)
        first = await ask.script.enter_guest(visit, hold, ask.request)
        assert await ask.script.enter_guest(visit, hold, ask.request) == first
        assert first.when == expected(ask.request, offer).when
        await ask.script.release(visit, hold)
        assert offer in await ask.script.search(visit, ask.request)
    assert not twin.records()


def _reading(farm: Farm) -> CommitGate:
    return CommitGate(None, farm.ask.manifest.safe, farm.ask.venue.origin)
