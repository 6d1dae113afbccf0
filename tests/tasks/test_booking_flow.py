"""Faults of our own on the way to a booking: they cost time, never a venue and never a click that could be cut."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Error as PlaywrightError

from farm.life import going
from farm.life.transition import Transition
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus
from tasks import driving
from tasks.browser import NoBrowser
from tasks.driving import drive
from tasks.working import HELD_S, lease_on
from tests.tasks.house import VENUES


async def no_browser():
    raise NoBrowser("none here")


async def dies():
    raise asyncio.CancelledError


async def serve(farm, clock, booking_id, until_s):
    """Take every message that comes within so long; returns the waits between attempts."""
    ends_at, waits = clock.now + timedelta(seconds=until_s), []
    while clock.now < ends_at and "book" in (wake_ups := (await farm.look(booking_id))[2]):
        waits.append((wake_ups["book"].due_at - clock.now).total_seconds())
        clock.now = max(clock.now, wake_ups["book"].due_at)
        await drive(farm, booking_id, "book")
    return waits


async def test_a_worker_without_a_browser_uses_up_no_venue_and_the_next_one_books(house_farm, clock):
    booking_id = await house_farm.queue()
    house_farm.house.opens = no_browser
    waits = await serve(house_farm, clock, booking_id, 20 * 60)
    assert waits[:7] == [0, 5, 10, 20, 40, 60, 60]
    booking, attempts, _ = await house_farm.look(booking_id)
    assert booking.status is BookingStatus.ATTEMPTING
    assert {attempt.cause for attempt in attempts} == {Cause.WORKER_LOST}

    house_farm.house.opens = None
    await serve(house_farm, clock, booking_id, 61)
    assert (await house_farm.ledger.booking(booking_id)).status is BookingStatus.CONFIRMED


async def test_a_fault_of_our_own_that_stays_ends_the_booking_with_its_cause(house_farm, clock):
    booking_id = await house_farm.queue(*VENUES)
    house_farm.house.opens = no_browser
    began = clock.now
    await serve(house_farm, clock, booking_id, 3600)
    booking, attempts, _ = await house_farm.look(booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.FAILED, Cause.WORKER_LOST)
    assert timedelta(minutes=30) <= clock.now - began < timedelta(minutes=34)
    assert {attempt.venue for attempt in attempts} == set(VENUES)


async def test_the_patience_with_ourselves_begins_with_the_first_fault(house_farm, clock):
    booking_id = await house_farm.queue()
    clock.forward(3600)
    house_farm.house.opens = no_browser
    await serve(house_farm, clock, booking_id, 300)
    assert (await house_farm.ledger.booking(booking_id)).status is BookingStatus.ATTEMPTING


async def test_a_fault_of_our_own_long_ago_does_not_count_with_a_new_one(house_farm, clock):
    house = house_farm.house
    booking_id = await house_farm.queue(*VENUES)
    house.opens, house.status = no_browser, VenueStatus.PENDING
    await drive(house_farm, booking_id, "book")
    house.opens = None
    clock.forward(10)
    await drive(house_farm, booking_id, "book")
    clock.forward(2 * 3600)
    house.answers(VenueStatus.REJECTED)
    await drive(house_farm, booking_id, "verify")

    house.opens = no_browser
    await serve(house_farm, clock, booking_id, 20 * 60)
    assert (await house_farm.ledger.booking(booking_id)).status is BookingStatus.ATTEMPTING


async def test_a_guest_who_wants_to_know_is_told_whose_fault_it_was(house_farm, clock):
    booking_id = await house_farm.queue(know_by=clock.now + timedelta(minutes=3))
    house_farm.house.opens = no_browser
    await serve(house_farm, clock, booking_id, 600)
    booking = await house_farm.ledger.booking(booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.EXPIRED, Cause.WORKER_LOST)


async def test_nothing_is_clicked_once_the_guest_was_to_know(house_farm, clock):
    async def slow():
        clock.forward(90)

    house_farm.house.at["enter_guest"] = slow
    booking_id = await house_farm.queue(*VENUES, know_by=clock.now + timedelta(seconds=80))
    await drive(house_farm, booking_id, "book")
    booking, (attempt,), wake_ups = await house_farm.look(booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.EXPIRED, Cause.NOT_ANSWERED)
    assert booking.sentence == "Time ran out: Osteria Luna did not answer in time."
    assert (house_farm.house.clicks, attempt.state, wake_ups) == (0, AttemptState.NOT_BOOKED, {})


async def test_a_click_in_time_is_read_back_however_late_it_gets(house_farm, clock):
    async def slow():
        clock.forward(90)

    house_farm.house.at["submitted"] = slow
    booking_id = await house_farm.queue(know_by=clock.now + timedelta(seconds=80))
    await drive(house_farm, booking_id, "book")
    assert (await house_farm.ledger.booking(booking_id)).status is BookingStatus.CONFIRMED


async def test_workers_lost_before_the_guard_are_not_the_venues_fault(house_farm, clock):
    booking_id = await house_farm.queue()
    house_farm.house.at["search"] = dies
    for _ in range(4):
        with pytest.raises(asyncio.CancelledError):
            await drive(house_farm, booking_id, "book")
        clock.forward(60)
    house_farm.house.at.clear()
    await drive(house_farm, booking_id, "book")
    booking, attempts, _ = await house_farm.look(booking_id)
    assert booking.status is BookingStatus.CONFIRMED
    assert [attempt.cause for attempt in attempts[:4]] == [Cause.WORKER_LOST] * 4


async def test_a_click_that_the_tasks_limit_could_cut_is_not_begun(house_farm, clock):
    booking_id = await house_farm.queue()

    async def slow():
        clock.forward(driving.CLICK_BY_S - 5)

    house_farm.house.at["search"] = slow
    await drive(house_farm, booking_id, "book")
    _, (attempt,), wake_ups = await house_farm.look(booking_id)
    assert house_farm.house.clicks == 0
    assert (attempt.state, attempt.cause) == (AttemptState.NOT_BOOKED, Cause.WORKER_LOST)
    assert wake_ups["book"].due_at == clock.now + timedelta(seconds=going.AGAIN_S)

    house_farm.house.at.clear()
    await drive(house_farm, booking_id, "book")
    assert (await house_farm.ledger.booking(booking_id)).status is BookingStatus.CONFIRMED
    assert house_farm.house.clicks == 1


@pytest.mark.parametrize("kind", ["book", "verify"])
async def test_a_message_that_meets_a_held_lease_comes_again_soon(house_farm, clock, kind):
    booking_id = await house_farm.queue()
    await house_farm.ledger.wake(booking_id, kind, clock.now)
    assert kind in [wake_up.kind for wake_up in await house_farm.ledger.due_wake_ups(9, 30)]
    async with lease_on(house_farm, booking_id) as lease:
        assert lease is not None
        await drive(house_farm, booking_id, kind)
        wake_ups = (await house_farm.look(booking_id))[2]
        assert (wake_ups[kind].due_at, wake_ups[kind].sent_at) == (clock.now + timedelta(seconds=HELD_S), None)

        await house_farm.ledger.conclude(lease, Transition(done=[kind]))
        await drive(house_farm, booking_id, kind)
        assert kind not in (await house_farm.look(booking_id))[2]


async def test_a_venue_that_this_farm_has_not_read_is_named_with_the_reason(house_farm):
    booking_id = await house_farm.queue("opened_since")
    await drive(house_farm, booking_id, "book")
    booking = await house_farm.ledger.booking(booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.FAILED, Cause.OFFER_UNAVAILABLE)
    assert "opened_since" not in booking.sentence  # the guest is told; whoever runs the farm reads why
    said = (await house_farm.ledger.events(booking_id))[-1].payload["detail"]
    assert "read its folders when it started" in said
    assert "no venue `opened_since`" in said


async def test_a_browser_that_dies_on_the_way_costs_the_venue_nothing(house_farm, clock):
    async def crashes():
        house_farm.house.at.clear()
        raise PlaywrightError("Locator.wait_for: Target crashed")

    house_farm.house.at["hold"] = crashes
    booking_id = await house_farm.queue()
    booking = await house_farm.serve(clock, booking_id, 10)
    assert booking.status is BookingStatus.CONFIRMED
    first, second = await house_farm.ledger.attempts(booking_id)
    assert (first.cause, first.venue) == (Cause.WORKER_LOST, second.venue)
