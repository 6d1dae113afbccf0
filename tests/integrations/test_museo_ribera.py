"""The museum's script under the core's order of steps: what its cases do not play."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import pytest
from playwright.async_api import Browser

from farm.errors import NoAvailability, RecapMismatch, RequestRefused, SessionLost
from farm.facts import Money, Party
from farm.reading import usable
from farm.status import Cause, VenueStatus, VerdictKind
from fixtures.kit.process import TwinProcess
from tests.integrations.ribera import AT_ELEVEN, VISIT, Ribera

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    folder = tmp_path_factory.mktemp("museum")
    with TwinProcess.start("fixtures.museo_ribera", folder, office_password="claroscuro", capacity=12) as twin:
        yield twin


@pytest.fixture
def farm(browser: Browser, twin: TwinProcess) -> Ribera:
    return Ribera(browser, twin, VISIT)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("READBACK_TEST_MUSEUM_USER", "taquilla")
    monkeypatch.setenv("READBACK_TEST_MUSEUM_SECRET", "claroscuro")
    return "env:READBACK_TEST_MUSEUM"


def only_by(farm: Ribera, channel: str) -> Ribera:
    """The same attempt, which can be read back there only."""
    manifest = farm.ask.manifest
    alone = copy(farm)
    alone.ask = replace(farm.ask, manifest=manifest.model_copy(update={"read_back": (manifest.channel(channel),)}))
    return alone


async def test_every_channel_shows_what_the_museum_has(browser: Browser, twin: TwinProcess, office: str) -> None:
    farm = Ribera(browser, twin, VISIT, office=office)
    closing = await farm.book()
    (record,) = twin.records()
    assert (record.starts_at, record.people, record.resource) == (AT_ELEVEN, 3, "Colección permanente")
    assert record.email == f"ada+{str(farm.reference).lower()}@example.com"
    channels = usable(farm.ask.manifest, farm.lookup(), farm.visits)
    assert [channel.name for channel in channels] == ["guest_api", "guest_page", "ticket_office"]
    for channel in channels:
        verdict = (await only_by(farm, channel.name).look(closing)).verdict
        assert (verdict.channel, verdict.venue_reference) == (channel.name, record.code)
        assert {field.field: field.result for field in verdict.fields} == dict.fromkeys(
            ("when", "resource", "party", "guest_name", "guest_email", "guest_phone", "price"), "same"
        )
        assert verdict.proves


async def test_a_look_takes_no_page(farm: Ribera, twin: TwinProcess) -> None:
    async with farm.visit() as visit:
        assert await farm.ask.script.read_back(visit, farm.lookup()) == []
        assert visit.page.url == "about:blank"
    assert twin.arrivals("record") == 1


async def test_the_search_reports_all_that_the_page_lists(farm: Ribera) -> None:
    async with farm.visit() as visit:
        offers = await farm.ask.script.search(visit, farm.ask.request)
    assert len(offers) == 19
    assert {(offer.resource, offer.left) for offer in offers} == {("Colección permanente", 12)}
    assert {offer.party for offer in offers} == {Party(adults=2, children=1, units=3)}
    assert [offer.price for offer in offers][::18] == [
        Money(minor=2800, currency="EUR"),
        Money(minor=0, currency="EUR"),
    ]


async def test_the_other_exhibition_is_chosen_on_the_page(browser: Browser, twin: TwinProcess) -> None:
    farm = Ribera(browser, twin, VISIT.model_copy(update={"resource": "Ribera grabador"}))
    closing = await farm.book()
    assert (await farm.look(closing)).verdict.proves
    assert (twin.records()[0].resource, twin.records()[0].price_minor) == ("Ribera grabador", 3600)


async def test_a_group_waits_for_the_museum(browser: Browser, twin: TwinProcess) -> None:
    group = Ribera(browser, twin, VISIT.model_copy(update={"party": Party(adults=12)}))
    closing = await group.book()
    verdict = (await group.look(closing)).verdict
    assert (verdict.kind, verdict.venue_status) == (VerdictKind.MATCHED, VenueStatus.PENDING)
    twin.answer(twin.records()[0].code, "accept")
    assert (await group.look(closing)).verdict.proves


async def test_too_many_are_refused_and_too_few_places_are_no_availability(
    browser: Browser, twin: TwinProcess
) -> None:
    with pytest.raises(RequestRefused):
        await Ribera(browser, twin, VISIT.model_copy(update={"party": Party(adults=31)})).book()
    with pytest.raises(NoAvailability):
        await Ribera(browser, twin, VISIT.model_copy(update={"party": Party(adults=13)})).book()


async def test_what_the_click_would_send_is_held_against_the_request(farm: Ribera, twin: TwinProcess) -> None:
    twin.set_fault("late_reselect", step="commit")
    closing = await farm.book()
    assert (closing.kind, closing.sent, closing.cause) == ("in_doubt", "no", Cause.RECAP_MISMATCH)
    assert closing.detail == "the click would have sent another time: it was stopped"
    assert twin.arrivals("commit") == 0
    assert not twin.records()


async def test_times_of_the_browsers_zone_book_nothing_in_another_zone(browser: Browser, twin: TwinProcess) -> None:
    twin.set_fault("browser_zone_times")
    abroad = Ribera(browser, twin, VISIT, zone="America/New_York")
    with pytest.raises((RecapMismatch, NoAvailability)):
        await abroad.book()
    assert twin.fault_hits("browser_zone_times") == 1
    at_home = Ribera(browser, twin, VISIT, zone="America/New_York")
    assert (await at_home.look(await at_home.book())).verdict.proves


async def test_a_partial_hold_is_given_back(farm: Ribera, twin: TwinProcess) -> None:
    twin.set_fault("partial_quantity")
    assert (await farm.book()).kind == "claimed"
    assert twin.fault_hits("partial_quantity") == 1
    assert not twin.holds()


async def test_a_cancellation_is_proven_by_the_record(farm: Ribera, twin: TwinProcess) -> None:
    after = await farm.cancel(await farm.book())
    assert after.verdict.venue_status is VenueStatus.CANCELLED
    assert [record.status for record in twin.records()] == ["cancelled"]


async def test_a_wrong_password_of_the_office_is_a_lost_session(
    browser: Browser, twin: TwinProcess, office: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READBACK_TEST_MUSEUM_SECRET", "sol")
    with pytest.raises(SessionLost):
        async with Ribera(browser, twin, VISIT, office=office).visit(role="taquilla"):
            pass
