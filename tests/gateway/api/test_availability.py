"""What a venue listed when a visit last searched it, with its age."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.facts import Party
from farm.listing import Listing
from ledger.availability import LastSeen
from tests.ledger.test_availability import DAY, SHOWN

pytestmark = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
PATH = "/v1/venues/osteria_luna/availability"


async def keep(ledger, people, offers, age_s):
    listing = Listing(venue="osteria_luna", day=DAY, party=Party(adults=people), offers=offers)
    await ledger.availability.keep([LastSeen(listing, ledger.clock() - timedelta(seconds=age_s))])


async def test_offers_are_told_with_their_age(mine, theirs, ledger):
    await keep(ledger, 2, (SHOWN,), 90)
    await keep(ledger, 4, (), 30)
    said = (await theirs.get(PATH, params={"date": str(DAY)})).json()
    assert (said["venue"], said["date"], said["looked"]) == ("osteria_luna", str(DAY), True)
    four, two = said["seen"]
    assert (four["people"], four["state"], four["offers"]) == (4, "nothing_listed", [])
    assert (two["people"], two["state"], len(two["offers"])) == (2, "listed", 1)
    assert 90 <= two["age_s"] < 150
    only = (await mine.get(PATH, params={"date": str(DAY), "people": 2})).json()
    assert [look["people"] for look in only["seen"]] == [2]


async def test_a_day_that_nobody_has_searched_says_so(mine):
    said = (await mine.get(PATH, params={"date": str(DAY)})).json()
    assert (said["looked"], said["seen"]) == (False, [])


async def test_what_cannot_be_asked_is_named(mine):
    unknown = await mine.get("/v1/venues/osteria_lunna/availability", params={"date": str(DAY)})
    assert (unknown.status_code, unknown.json()["then"]) == (404, "did you mean `osteria_luna`?")
    wrong = await mine.get(PATH, params={"date": "soon", "people": 0})
    assert (wrong.status_code, [fault["where"] for fault in wrong.json()["faults"]]) == (422, ["date", "people"])
