"""What an attempt sees is written down behind its back."""

from __future__ import annotations

from farm.evidence import EvidenceKind, Scene
from tests.tasks.house import FIRST, WANTED


async def test_what_a_venue_listed_is_remembered_with_its_time(house_farm, clock):
    await house_farm.serve(clock, await house_farm.queue())
    await house_farm.afterwards.drain()
    (seen,) = await house_farm.ledger.availability.of_day(FIRST, WANTED.date)
    assert [offer.resource for offer in seen.listing.offers] == ["Tavolo 1"]
    assert (seen.seen_at, seen.listing.party.people) == (clock.now, 2)


async def test_a_ledger_that_is_away_costs_the_list_and_not_the_booking(house_farm, clock, caplog, monkeypatch):
    async def away(seen):
        raise ConnectionError("ada@example.com")

    monkeypatch.setattr(house_farm.ledger.availability, "keep", away)
    booking = await house_farm.serve(clock, await house_farm.queue())
    await house_farm.afterwards.drain()
    assert booking.status == "confirmed"
    (said,) = [record.message for record in caplog.records if "is not kept" in record.message]
    assert (FIRST in said, "ada" in said) == (True, False)


async def test_what_cannot_be_seen_is_said_and_the_booking_goes_on(house_farm, clock):
    """The house has no pages at all: every look for evidence breaks."""
    booking_id = await house_farm.queue()
    booking = await house_farm.serve(clock, booking_id)
    await house_farm.afterwards.drain()
    assert booking.status == "confirmed"
    items = await house_farm.ledger.evidence.of_booking(booking_id)
    assert sorted((item.scene, item.kind) for item in items) == sorted(
        (scene, kind) for scene in (Scene.RECAP, Scene.CLAIM, Scene.SIGHTING) for kind in EvidenceKind
    )
    assert {item.sha256 for item in items} == {None}
    assert all("it could not be seen: AttributeError" in (item.why_not or "") for item in items)
