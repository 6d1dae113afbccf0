"""The mutation check at the restaurant twin: what a script does not read survives, and is named with its page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from farm.contract import Lookup, VenueScript
from farm.facts import Claim, Sighting
from farm.visit import Visit
from tasks.runtime import farm_of
from tasks.settings import Settings
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground, ground
from tools.mutation.check import Mutant, NoGoodRun, mutate
from tools.mutation.mutations import MUTATIONS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    folder = tmp_path_factory.mktemp("mutation")
    async with farm_of(Settings(home=folder / "farm")) as farm:
        integration = farm.registry.integrations["osteria_luna"]
        async with ground(integration, Cases.load(integration.folder), folder, farm) as there:
            yield there


@pytest.fixture
def played_by(here: Ground, monkeypatch: pytest.MonkeyPatch) -> VenueScript:
    """The integration's script, whose steps a test may spoil."""
    script = here.farm.registry.script(here.venue)
    assert isinstance(script, VenueScript)
    return script


async def play(here: Ground, folder: Path, place: str, *names: str) -> dict[str, Mutant]:
    chosen = [mutation for mutation in MUTATIONS if mutation.name in names]
    return {mutant.mutation.name: mutant async for mutant in mutate(here, folder, place, lambda _: False, chosen)}


async def test_a_look_up_that_says_what_it_was_asked_for_is_found_out(here, played_by, tmp_path, monkeypatch) -> None:
    honest = played_by.read_back

    async def parrot(visit: Visit, lookup: Lookup) -> list[Sighting]:
        return [seen.model_copy(update={"when": lookup.when}) for seen in await honest(visit, lookup)]

    monkeypatch.setattr(played_by, "read_back", parrot)
    found = await play(here, tmp_path, "guest_lookup", "date_shifted", "party_changed")
    assert {name: mutant.state for name, mutant in found.items()} == {
        "date_shifted": "survived",
        "party_changed": "killed",
    }
    survivor = found["date_shifted"]
    assert survivor.name == "date_shifted on guest_lookup"
    assert survivor.page
    good = (tmp_path / "good-on-guest_lookup-2.html").read_text()
    assert survivor.page.read_text() != good
    assert survivor.page.read_text().splitlines()[:5] == good.splitlines()[:5]
    assert survivor.picture
    assert survivor.picture.stat().st_size > 1000


async def test_a_thank_you_page_that_nobody_reads_is_found_out(here, played_by, tmp_path, monkeypatch) -> None:
    honest = played_by.submit

    async def hasty(visit, hold):
        answer = await honest(visit, hold)
        return replace_shows(answer) if isinstance(answer, Claim) else answer

    monkeypatch.setattr(played_by, "submit", hasty)
    found = await play(here, tmp_path, "confirmation", "date_shifted", "number_dropped", "party_changed")
    assert {name: mutant.state for name, mutant in found.items()} == {
        "date_shifted": "survived",
        "number_dropped": "killed",
        "party_changed": "not_applicable",  # it does not say how many come
    }


def replace_shows(claim: Claim) -> Claim:
    return claim.model_copy(update={"shows": None})


async def test_the_script_itself_notices(here, tmp_path) -> None:
    found = await play(here, tmp_path, "confirmation", "date_shifted")
    assert found["date_shifted"].state == "killed"
    assert found["date_shifted"].what == "the page after the click shows another when"


async def test_without_a_good_run_there_is_nothing_to_mutate(here, played_by, tmp_path, monkeypatch) -> None:
    async def nothing(visit: Visit, lookup: Lookup) -> list[Sighting]:
        await visit.open("/la-mia-prenotazione", sign=visit.page.get_by_label("E-mail"))
        return []

    monkeypatch.setattr(played_by, "read_back", nothing)
    with pytest.raises(NoGoodRun, match="guest_lookup calls a good booking not_found"):
        await play(here, tmp_path, "guest_lookup", "date_shifted")
