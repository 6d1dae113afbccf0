"""The hotel's script, beyond what the conformance suite plays: the other channel, rate and party."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from farm.errors import CancelUnproven, RequestRefused
from farm.facts import Party
from farm.identity import Whose, whose
from farm.reading import cancel
from farm.status import BookingStatus, VenueStatus
from farm.verdict import judge
from ledger.migrate import upgrade
from tasks.runtime import farm_of
from tasks.settings import Settings
from tasks.subject import subject
from tools.conformance.by_hand import ByHand
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground, ground
from tools.conformance.play import good_run
from tools.conformance.unwritten import Unwritten

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    folder = tmp_path_factory.mktemp("hotel")
    settings = Settings(home=folder)
    await upgrade(settings.ledger_url)
    async with farm_of(settings) as farm:
        integration = farm.registry.integrations["hotel_seeblick"]
        async with ground(integration, Cases.load(integration.folder), folder / "ground", farm) as here:
            yield here


@pytest.fixture
def here(running: Ground) -> Ground:
    running.clear()
    return running


async def test_a_stay_of_a_family_at_the_price_of_its_review(here: Ground) -> None:
    family = here.wish().model_copy(update={"party": Party(adults=2, children=2)})
    outcome = await good_run(here, wish=family)
    assert outcome.booking.status is BookingStatus.CONFIRMED
    (record,) = outcome.records
    assert (record.resource, record.people, record.status) == ("Familienzimmer Seeblick", 4, "confirmed")
    verdict = outcome.attempts[-1]
    about = subject(here.farm, outcome.booking, verdict)
    assert about.measure.wanted.price
    assert about.measure.wanted.price.minor == record.price_minor
    assert about.measure.wanted.party == Party(adults=2, children=2, units=1)


async def test_the_houses_list_of_arrivals_shows_the_same(here: Ground) -> None:
    outcome = await good_run(here)
    about = subject(here.farm, outcome.booking, outcome.attempts[-1])
    one, channel = replace(ByHand.under(here), ask=about.ask), here.manifest.channel("arrivals")
    async with one.looking(channel) as visit:
        (seen,) = await one.read(channel, visit, about.lookup)
    assert whose(seen, about.measure.code) is Whose.OURS
    verdict = judge([seen], about.measure, channel, about.ask.clock())
    assert verdict.proves
    assert {field.field: field.result for field in verdict.fields} == dict.fromkeys(
        ("when", "resource", "service", "party", "guest_name", "guest_email", "guest_phone", "price"), "same"
    )


async def test_a_rate_that_cannot_be_cancelled_stays_and_is_told(here: Ground) -> None:
    fixed = here.wish().model_copy(update={"service": "Nicht erstattbar"})
    outcome = await good_run(here, wish=fixed)
    assert outcome.booking.status is BookingStatus.CONFIRMED
    about = subject(here.farm, outcome.booking, outcome.attempts[-1])
    with pytest.raises(CancelUnproven, match="cannot be cancelled"):
        await cancel(about.ask, about.lookup, about.measure, here.farm.visits(here.venue), Unwritten())
    assert [record.status for record in here.twin.records()] == ["confirmed"]


async def test_what_the_site_does_not_take_is_refused_and_not_called_full(here: Ground) -> None:
    one = ByHand.under(here)
    wish = one.ask.request.model_copy(update={"party": Party(adults=1, units=2)})
    async with one.preparing() as visit:
        with pytest.raises(RequestRefused):
            await one.ask.script.search(visit, wish)


async def test_every_room_is_offered_at_each_rate(here: Ground) -> None:
    one = ByHand.under(here)
    async with one.preparing() as visit:
        offers = await one.ask.script.search(visit, one.ask.request)
    assert {offer.becomes for offer in offers} == {VenueStatus.CONFIRMED}
    assert {offer.service for offer in offers} == {"Flexibel", "Nicht erstattbar"}
    assert {offer.left for offer in offers} == {3, 4}
    assert {offer.price_stage for offer in offers} == {"lower_bound"}
