"""Each manner catches the script that does not keep it: one bad script per manner, at the restaurant twin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from farm.contract import Lookup
from farm.errors import SlotLost
from farm.facts import Claim, Hold, Offer, Party, Recap, Sighting, Slot
from farm.identity import Reference
from farm.request import Request
from farm.status import VenueStatus
from farm.visit import Visit
from integrations.osteria_luna.script import OsteriaLuna
from ledger.migrate import upgrade
from tasks.runtime import farm_of
from tasks.settings import Settings
from tools.conformance.cases import Cases
from tools.conformance.ground import Ground, ground
from tools.conformance.manners import MANNERS, Misbehaved

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    home: Path = tmp_path_factory.mktemp("manners")
    settings = Settings(home=home)
    await upgrade(settings.ledger_url)
    async with farm_of(settings) as farm:
        luna = farm.registry.integrations["osteria_luna"]
        async with ground(luna, Cases.load(luna.folder), home / "ground", farm) as opened:
            yield opened


class OnlyAfterItsSearch(OsteriaLuna):
    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        if visit.page.url == "about:blank":
            raise SlotLost("there is no list to choose from")
        return await super().hold(visit, offer)


class OneGuestMore(OsteriaLuna):
    entered = 0

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        recap: Recap = await super().enter_guest(visit, hold, request)
        self.entered += 1
        return recap.model_copy(update={"party": Party(adults=1 + self.entered)})


class NeverClicks(OsteriaLuna):
    async def submit(self, visit: Visit, hold: Hold) -> Claim:
        return Claim(reference="OL-00000")


class ReadsTheBrowsersClock(OsteriaLuna):
    """An hour off, everywhere, in a browser that is not at home."""

    async def _local(self, visit: Visit, when: object) -> Slot:
        assert isinstance(when, Slot)
        zone = await visit.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
        return Slot(starts_at=when.starts_at + timedelta(hours=zone != visit.venue.timezone))

    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        offers = await super().search(visit, request)
        return [one.model_copy(update={"when": await self._local(visit, one.when)}) for one in offers]

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        recap: Recap = await super().enter_guest(visit, hold, request)
        return recap.model_copy(update={"when": await self._local(visit, recap.when)})

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        seen = await super().read_back(visit, lookup)
        return [one.model_copy(update={"when": await self._local(visit, one.when)}) for one in seen]


class SeesNothing(OsteriaLuna):
    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        heading = visit.page.get_by_role("heading", level=1)
        await visit.open("/la-mia-prenotazione", sign=heading)
        return []


class KnowsItIsOver(OsteriaLuna):
    async def read_desk(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        await super().read_desk(visit, lookup)
        return [_made_up(lookup).model_copy(update={"status": VenueStatus.CANCELLED})]


class TakesAll(OsteriaLuna):
    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        untagged = lookup.model_copy(update={"guest": lookup.guest.model_copy(update={"email": "ada@example.com"})})
        seen = await super().read_back(visit, untagged)
        return [one.model_copy(update={"our_reference": lookup.our_reference}) for one in seen]


class TakesAnyFarms(OsteriaLuna):
    async def read_desk(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        seen = await super().read_desk(visit, lookup)
        ours = {"our_reference": lookup.our_reference}
        return [one.model_copy(update=ours) if Reference.found_in(one.guest_email) else one for one in seen]


class GoesByTheList(OsteriaLuna):
    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        await visit.open("/prenota", sign=visit.page.get_by_role("heading", level=1))
        return await super().read_back(visit, lookup)


BAD = {
    "hold_from_the_offer_alone": (OnlyAfterItsSearch, "no list to choose from"),
    "enter_guest_twice": (OneGuestMore, "second recap differs"),
    "click_too_early": (NeverClicks, "was not stopped"),
    "foreign_time_zone": (ReadsTheBrowsersClock, "a false confirmation: the record begins"),
    "nothing_comes_from_rows": (SeesNothing, "asked neither `rows` nor `call`"),
    "capped_never_denies": (KnowsItIsOver, "desk_book denies although it is capped"),
    "another_booking_of_the_guest": (TakesAll, "guest_lookup takes it for ours"),
    "another_farms_reference": (TakesAnyFarms, "desk_book takes it for ours"),
    "reads_by_another_path": (GoesByTheList, "went to pages of the booking: search"),
}


@pytest.mark.parametrize("name", MANNERS)
async def test_the_bad_script_is_caught(here: Ground, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, says = BAD[name]
    here.clear()
    monkeypatch.setitem(here.farm.registry._scripts, "osteria_luna", script())
    with pytest.raises((Misbehaved, SlotLost), match=says):
        await MANNERS[name](here)


def _made_up(lookup: Lookup) -> Sighting:
    return Sighting(
        when=lookup.when,
        resource="Sala · Tavolo 1",
        party=Party(adults=2),
        guest_name=lookup.guest.name,
        guest_email=lookup.guest.email,
        reference="OL-00000",
        our_reference=lookup.our_reference,
    )
