"""What a look and a cancellation may send: never the booking itself, however wide the list of safe requests is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from farm.booking import Ask
from farm.compare import expected
from farm.contract import Lookup
from farm.errors import CancelUnproven
from farm.facts import Sighting
from farm.gate import Ruling
from farm.identity import Reference, plant
from farm.reading import cancel, look
from farm.rules import RequestRule
from farm.status import VenueStatus
from farm.verdict import Measure
from tests.farm.attempt import MANIFEST, OFFER, REQUEST, VENUE, Script, World, ended

OURS = Reference("7K2M9Q4T3W", 1)
WIDE = MANIFEST.model_copy(update={"safe": (RequestRule(url="{origin}/*"),)})
BOOKING, CANCELLATION = "/prenota/conferma", "/la-mia-prenotazione/annulla"


class Curious(Script):
    """Tries both commits in every visit, and keeps what the gate said."""

    def __init__(self, world: World) -> None:
        super().__init__(None)
        self._world = world
        self.said: dict[str, list[Ruling]] = {"look": [], "cancel": []}

    def _tries(self) -> list[Ruling]:
        gate = self._world.gate
        assert gate.rule("POST", f"{VENUE.origin}/la-mia-prenotazione", "document", None) is Ruling.PASS
        return [gate.rule("POST", VENUE.origin + path, "document", None) for path in (BOOKING, CANCELLATION)]

    async def read_back(self, visit, lookup):
        self.said["look"] += self._tries()
        facts = expected(plant(REQUEST, OURS, MANIFEST.plants), OFFER)
        return [Sighting(**dict(facts), reference="OL-1").model_copy(update={"status": VenueStatus.CONFIRMED})]

    async def cancel(self, visit, sighting):
        self.said["cancel"] += self._tries()


@pytest.fixture
def about():
    world = World()
    script: Any = Curious(world)
    planted = plant(REQUEST, OURS, MANIFEST.plants)
    ask = Ask(VENUE, WIDE, script, planted, lambda: datetime.now(UTC))
    lookup = Lookup(our_reference=str(OURS), guest=planted.guest)
    measure = Measure(OURS.code, expected(planted, OFFER), None, MANIFEST.tolerance, VENUE.zone)
    return ask, lookup, measure, world


async def test_a_look_books_and_cancels_nothing(about):
    ask, lookup, measure, world = about
    await look(ask, lookup, measure, world, world)
    assert ask.script.said["look"] == [Ruling.BREACH, Ruling.BREACH]


async def test_a_cancellation_books_nothing_and_goes_out_once(about):
    ask, lookup, measure, world = about
    with pytest.raises(CancelUnproven):
        await cancel(ask, lookup, measure, world, world)
    assert ask.script.said["cancel"] == [Ruling.BREACH, Ruling.PASS]


async def test_a_booking_cancels_nothing():
    async def submit(world):
        world.gate._safe = WIDE.safe
        assert world.gate.rule("POST", VENUE.origin + CANCELLATION, "document", None) is Ruling.BREACH
        return world.click()

    closing, _ = await ended(submit)
    assert (closing.kind, closing.sent) == ("in_doubt", "yes")
