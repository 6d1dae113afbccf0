"""The concert on-sale under the core's order of steps: the line, the doorman, the pass that ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from farm.compare import expected
from farm.contract import VenueScript
from farm.errors import AccessRefused, RequestRefused, SessionLost, SlotLost
from farm.facts import Hold, Money, Party
from farm.request import Request
from farm.status import VenueStatus, VerdictKind
from farm.visit import Visit
from fixtures.kit.process import ROOT, TwinProcess
from tests.browsers import browser
from tests.integrations.lakeshore import AT_EIGHT, PASSWORD, USER, WISH, Hall

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    folder = tmp_path_factory.mktemp("lakeshore")
    with TwinProcess.start("fixtures.lakeshore_onsale", folder, desk_user=USER, desk_password=PASSWORD) as twin:
        yield twin


@pytest.fixture
def hall(browser: Browser, twin: TwinProcess, monkeypatch: pytest.MonkeyPatch) -> Hall:
    monkeypatch.setenv("LAKESHORE_DESK_USER", USER)
    monkeypatch.setenv("LAKESHORE_DESK_PASSWORD", PASSWORD)
    return Hall(browser, twin)


async def test_tickets_are_what_the_hall_has_on_both_channels(hall: Hall, twin: TwinProcess) -> None:
    closing = await hall.book()
    assert (closing.kind, closing.sent) == ("claimed", "yes")
    verdict = (await hall.look(closing)).verdict
    (record,) = twin.records()
    assert verdict.proves
    assert (verdict.channel, verdict.venue_reference) == ("my_order", record.code)
    assert {field.field: field.result for field in verdict.fields} == dict.fromkeys(
        ("when", "resource", "service", "party", "guest_name", "guest_email", "guest_phone", "price"), "same"
    )
    assert (record.starts_at, record.people, record.resource) == (AT_EIGHT, 4, "Main Floor")
    assert (record.service, record.price_minor) == ("Telegraph Hill", 4 * 5800)
    assert record.note == f"two of us come late ({hall.reference})"

    channel = hall.ask.manifest.channel("box_office")
    async with hall.visit(role=channel.account) as visit:
        (seen,) = await hall.ask.script.read_box_office(visit, hall.lookup())  # type: ignore[attr-defined] # by name
    assert (seen.reference, seen.due) == (record.code, Money(minor=23200, currency="USD"))
    assert (seen.party, seen.guest_email) == (Party(units=4), record.email)


async def test_whoever_stands_in_line_comes_in(browser: Browser, hall: Hall, tmp_path: Path) -> None:
    with TwinProcess.start("fixtures.lakeshore_onsale", tmp_path, crowd=50, admit_every_s=0.08) as busy:
        here = Hall(browser, busy)
        async with here.visit() as visit:
            offers = await here.ask.script.search(visit, here.ask.request)
        assert {(offer.resource, offer.left) for offer in offers} == {("Main Floor", None), ("Balcony", None)}
        assert busy.arrivals("search") > 4  # the line's page refreshed itself


async def test_more_tickets_than_one_order_may_have_are_refused(
    browser: Browser, hall: Hall, twin: TwinProcess
) -> None:
    with pytest.raises(RequestRefused):
        await Hall(browser, twin, WISH.model_copy(update={"party": Party(adults=9)})).book()


async def test_fewer_tickets_in_the_cart_go_back(hall: Hall, twin: TwinProcess) -> None:
    twin.set_fault("partial_quantity", times=None)
    with pytest.raises(SlotLost):
        await hall.book()
    assert twin.fault_hits("partial_quantity") == 2
    assert not twin.holds()


@pytest.mark.parametrize("options", [{"limit": 3}, {"burst": 2}])
async def test_the_doorman_ends_the_visit(
    browser: Browser, hall: Hall, tmp_path: Path, options: dict[str, int]
) -> None:
    with TwinProcess.start("fixtures.lakeshore_onsale", tmp_path, 0, ROOT, crowd=0, **options) as strict:
        with pytest.raises(AccessRefused):
            await Hall(browser, strict).book()
        assert not strict.records()
        assert strict.arrivals("commit") == 0


async def test_two_pages_at_once_in_one_session_end_the_visit(browser: Browser, hall: Hall, tmp_path: Path) -> None:
    with TwinProcess.start("fixtures.lakeshore_onsale", tmp_path, crowd=0, parallel=1) as strict:
        here = Hall(browser, strict)
        async with here.visit() as visit:
            await here.ask.script.search(visit, here.ask.request)
            strict.set_fault("slow", step="record", seconds=2)
            await visit.page.evaluate("void fetch('/orders')")
            with pytest.raises(AccessRefused):
                await here.ask.script.search(visit, here.ask.request)


async def test_a_pass_that_ends_on_the_way_is_a_lost_session(browser: Browser, hall: Hall, tmp_path: Path) -> None:
    with TwinProcess.start("fixtures.lakeshore_onsale", tmp_path, crowd=0, session_s=3) as brief:
        here = Hall(browser, brief)
        script, request = here.ask.script, here.ask.request
        async with here.visit() as visit:
            hold = await script.hold(visit, (await script.search(visit, request))[0])
            visit.watch_for(script.signed_out(visit.page))
            with pytest.raises(SessionLost):
                await again_and_again(script, visit, hold, request)
        async with here.visit() as visit:  # another session, through the line again
            await script.release(visit, hold)
        assert not brief.holds()


async def again_and_again(script: VenueScript, visit: Visit, hold: Hold, request: Request) -> None:
    while True:
        await script.enter_guest(visit, hold, request)


async def test_a_cancelled_order_is_proven_by_the_record(hall: Hall, twin: TwinProcess) -> None:
    after = await hall.cancel(await hall.book())
    assert after.verdict.kind is VerdictKind.NOT_FOUND
    assert after.verdict.venue_status is VenueStatus.CANCELLED
    assert [record.status for record in twin.records()] == ["cancelled"]


async def test_hold_starts_from_the_offer_and_the_buyer_may_be_entered_twice(hall: Hall, twin: TwinProcess) -> None:
    script, request = hall.ask.script, hall.ask.request
    async with hall.visit() as visit:
        offer = next(one for one in await script.search(visit, request) if one.resource == "Balcony")
    async with hall.visit() as visit:
        hold = await script.hold(visit, offer)
        first = await script.enter_guest(visit, hold, request)
        assert await script.enter_guest(visit, hold, request) == first
        assert (first.when, first.price) == (expected(request, offer).when, offer.price)
    assert [held.resource for held in twin.holds()] == ["Balcony"]
    assert not twin.records()
