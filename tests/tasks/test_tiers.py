"""A worker sends no new attempt to a venue that was demoted, and still reads back what is past its click."""

from __future__ import annotations

from farm.status import BookingStatus, Cause
from farm.tier import Tier
from tests.tasks.house import FIRST


async def test_a_demoted_venue_gets_no_attempt(house_farm, clock):
    booking_id = await house_farm.queue()
    await house_farm.ledger.demotions.demote("osteria_luna", Tier.BRONZE, "the recap has changed")
    booking = await house_farm.serve(clock, booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.FAILED, Cause.TIER_TOO_LOW)
    assert booking.sentence == "Nothing could be booked: Osteria Luna does not take bookings from us now."
    assert await house_farm.ledger.attempts(booking_id) == []
    (told,) = [e for e in await house_farm.ledger.events(booking_id) if e.kind == "booking.failed"]
    assert told.payload["closed"][0].startswith(f"{FIRST} takes no new bookings: osteria_luna was demoted")


async def test_once_it_passed_it_is_booked_again(house_farm, clock):
    await house_farm.ledger.demotions.demote("osteria_luna", Tier.BRONZE, "the recap has changed")
    await house_farm.ledger.demotions.restore("osteria_luna")
    booking = await house_farm.serve(clock, await house_farm.queue())
    assert booking.status is BookingStatus.CONFIRMED


async def test_what_is_past_its_click_is_read_back_all_the_same(house_farm, clock):
    house_farm.house.hidden = True

    async def broke() -> None:
        await house_farm.ledger.demotions.demote("osteria_luna", Tier.NONE, "no good run")

    house_farm.house.at["submitted"] = broke
    booking_id = await house_farm.queue()
    booking = await house_farm.serve(clock, booking_id)
    assert booking.status is BookingStatus.VERIFYING
    house_farm.house.hidden = False
    booking = await house_farm.serve(clock, booking_id, until_s=10)
    assert booking.status is BookingStatus.CONFIRMED
    await house_farm.ledger.request_cancel(booking_id)
    booking = await house_farm.serve(clock, booking_id, until_s=10)
    assert booking.status is BookingStatus.CANCELLED, "and it can be called off"
    assert house_farm.house.standing == []
