"""The restaurant's desk as a second channel, with the account that the house gave: who sits where on a day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Browser

from farm.errors import OutcomeUnknown, SessionLost
from farm.facts import Party, Slot
from farm.reading import usable
from farm.status import VenueStatus, VerdictKind
from fixtures.kit.process import TwinProcess
from tests.integrations.luna import AT_HALF_PAST_EIGHT, DESK_PASSWORD, WISH, Farm

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SECRET = "env:READBACK_TEST_LUNA_DESK"


@pytest.fixture
def farm(browser: Browser, twin: TwinProcess, monkeypatch: pytest.MonkeyPatch) -> Farm:
    monkeypatch.setenv("READBACK_TEST_LUNA_DESK", DESK_PASSWORD)
    return Farm(browser, twin, WISH, desk=SECRET)


def only_by_the_desk(farm: Farm) -> None:
    channels = (farm.ask.manifest.channel("desk_book"),)
    farm.ask = replace(farm.ask, manifest=farm.ask.manifest.model_copy(update={"read_back": channels}))


async def test_without_the_account_the_desk_is_no_channel(browser: Browser, twin: TwinProcess) -> None:
    farm = Farm(browser, twin, WISH)
    channels = usable(farm.ask.manifest, farm.lookup(), farm.visits)
    assert [channel.name for channel in channels] == ["guest_lookup"]


async def test_the_desk_shows_what_the_house_has(farm: Farm, twin: TwinProcess) -> None:
    closing = await farm.book()
    only_by_the_desk(farm)
    verdict = (await farm.look(closing)).verdict
    (record,) = twin.records()
    assert verdict.proves
    assert (verdict.channel, verdict.venue_reference) == ("desk_book", record.code)


async def test_the_desk_denies_nothing(farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("lying_thanks")
    closing = await farm.book()
    only_by_the_desk(farm)
    verdict = (await farm.look(closing)).verdict
    assert twin.fault_hits("lying_thanks") == 1
    assert (verdict.kind, verdict.complete) == (VerdictKind.NOT_FOUND, False)


async def test_who_else_sits_at_our_table(browser: Browser, farm: Farm, twin: TwinProcess) -> None:
    twin.set_fault("oversold", drops="none")
    await farm.book()
    async with farm.visit(role="desk") as visit:
        assert await farm.ask.script.occupants(visit, farm.lookup()) == []
    other = Farm(browser, twin, WISH)
    await other.book()
    assert twin.fault_hits("oversold") == 1
    async with farm.visit(role="desk") as visit:
        (seen,) = await farm.ask.script.occupants(visit, farm.lookup())
    assert (seen.guest_email, seen.resource) == (other.ask.request.guest.email, "Sala · Tavolo 1")
    assert (seen.when, seen.party) == (Slot(starts_at=AT_HALF_PAST_EIGHT), Party(adults=2))
    assert (seen.status, seen.note) == (VenueStatus.CONFIRMED, f"alla finestra ({other.reference})")
    twin.answer(seen.reference or "", "drop")
    async with farm.visit(role="desk") as visit:
        assert await farm.ask.script.occupants(visit, farm.lookup()) == []


async def test_the_desk_needs_the_day(farm: Farm) -> None:
    async with farm.visit(role="desk") as visit:
        with pytest.raises(OutcomeUnknown, match="nobody knows which"):
            await farm.ask.script.occupants(visit, farm.lookup())


async def test_a_wrong_password_is_a_lost_session(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, twin: TwinProcess
) -> None:
    monkeypatch.setenv("READBACK_TEST_LUNA_DESK", "olio")
    with pytest.raises(SessionLost, match="password"):
        async with farm.visit(role="desk"):
            raise AssertionError("it opened")
