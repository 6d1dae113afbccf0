"""A cancellation that does not work at once: tried again, then left to a person, and never overwritten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from farm.status import AttemptState, BookingStatus, Cause, VenueStatus
from tasks.browser import NoBrowser
from tasks.driving import drive


async def no_browser():
    raise NoBrowser("none here")


async def no_answer():
    raise RuntimeError("503")


async def dies():
    raise asyncio.CancelledError


async def serve(farm, clock, booking_id, until_s, kinds=("cancel",)):
    """Take every message of these kinds that comes within so long; returns the waits before them."""
    ends_at, waits = clock.now + timedelta(seconds=until_s), []
    while wake_ups := [w for w in (await farm.look(booking_id))[2].values() if w.kind in kinds]:
        first = min(wake_ups, key=lambda wake_up: wake_up.due_at)
        if first.due_at > ends_at:
            break
        waits.append(round((first.due_at - clock.now).total_seconds()))
        clock.now = max(clock.now, first.due_at)
        await drive(farm, booking_id, first.kind)
    return waits


async def booked(farm, status=VenueStatus.CONFIRMED):
    farm.house.status = status
    booking_id = await farm.queue()
    await drive(farm, booking_id, "book")
    await farm.ledger.request_cancel(booking_id)
    return booking_id


@pytest.mark.parametrize("trouble", ["no browser", "the record cannot be seen", "the button does not work", "a bug"])
async def test_what_does_not_work_now_is_tried_again(house_farm, clock, monkeypatch, trouble):
    booking_id = await booked(house_farm)
    house = house_farm.house
    with monkeypatch.context() as now:
        if trouble == "no browser":
            house.opens = no_browser
        elif trouble == "a bug":
            now.setattr("farm.reading.usable", lambda *_: 1 / 0)
        else:
            house.at[{"the record cannot be seen": "read_back"}.get(trouble, "cancel")] = no_answer
        waits = await serve(house_farm, clock, booking_id, 10 * 60)
        assert waits[:5] == [0, 5, 5, 5, 8]
        assert max(waits) == 60
        booking, _, _ = await house_farm.look(booking_id)
        assert booking.status is BookingStatus.CANCELLING

    house.opens = None
    house.at.clear()
    await serve(house_farm, clock, booking_id, 60)
    booking, (attempt,), wake_ups = await house_farm.look(booking_id)
    assert (booking.status, attempt.state) == (BookingStatus.CANCELLED, AttemptState.CANCELLED)
    assert [record.status for record in house.records] == [VenueStatus.CANCELLED]
    assert not wake_ups
    assert [event.kind for event in await house_farm.ledger.events(booking_id)].count("booking.cancelling") == 1


@pytest.mark.parametrize("status", [VenueStatus.CONFIRMED, VenueStatus.PENDING])
async def test_after_half_an_hour_it_is_left_to_a_person_and_stays_so(house_farm, clock, status):
    booking_id = await booked(house_farm, status)
    house_farm.house.at["cancel"] = no_answer
    await serve(house_farm, clock, booking_id, 3600, kinds=("cancel", "verify"))
    booking, (attempt,), wake_ups = await house_farm.look(booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.CANCEL_UNPROVEN)
    assert not wake_ups
    assert timedelta(minutes=30) <= booking.settled_at - booking.cancel_requested_at <= timedelta(minutes=31)
    expected = {VenueStatus.CONFIRMED: AttemptState.CONFIRMED, VenueStatus.PENDING: AttemptState.NEEDS_HUMAN}
    assert attempt.state is expected[status]

    await drive(house_farm, booking_id, "verify")  # a late message
    assert (await house_farm.ledger.booking(booking_id)).cause is Cause.CANCEL_UNPROVEN

    house_farm.house.at.clear()  # the guest asks again, as `readback cancel` does
    await house_farm.ledger.wake(booking_id, "cancel", clock.now)
    await house_farm.ledger.request_cancel(booking_id)
    await serve(house_farm, clock, booking_id, 60)
    assert (await house_farm.ledger.booking(booking_id)).status is BookingStatus.CANCELLED


async def test_a_venue_that_lets_nobody_cancel_is_left_to_a_person_at_once(house_farm, clock):
    booking_id = await booked(house_farm)
    stock = house_farm.registry.integrations["osteria_luna"]
    manifest = stock.manifest.model_copy(update={"cancel": None})
    house_farm.registry.integrations["osteria_luna"] = replace(stock, manifest=manifest)
    await drive(house_farm, booking_id, "cancel")
    booking, _, wake_ups = await house_farm.look(booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.CANCEL_UNPROVEN)
    assert not wake_ups


async def test_nothing_is_left_open_by_a_worker_that_died_before_its_guard(house_farm, clock):
    booking_id = await house_farm.queue()
    house_farm.house.at["search"] = dies
    with pytest.raises(asyncio.CancelledError):
        await drive(house_farm, booking_id, "book")
    await house_farm.ledger.request_cancel(booking_id)
    await drive(house_farm, booking_id, "cancel")
    booking, (attempt,), wake_ups = await house_farm.look(booking_id)
    assert booking.status is BookingStatus.CANCELLED
    assert (attempt.state, attempt.cause) == (AttemptState.NOT_BOOKED, Cause.WORKER_LOST)
    assert not wake_ups
