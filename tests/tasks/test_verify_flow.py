"""Looking again: how long, from when on, and what is kept meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from farm.life import schedule
from farm.life.transition import AttemptChange, Transition
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict
from ledger.conclusions import STAGES_KEPT
from tasks.driving import drive
from tests.tasks.house import VENUES

MINUTE_S = 60


async def no_answer():
    raise RuntimeError("503")


async def dies():
    raise asyncio.CancelledError


async def looks(farm, clock, booking_id, minutes):
    """A look a minute."""
    for _ in range(minutes):
        clock.forward(MINUTE_S)
        await drive(farm, booking_id, "verify")
    return await farm.look(booking_id)


@pytest.fixture
async def pending(house_farm):
    """A booking that the venue has and has not answered yet."""
    house_farm.house.status = VenueStatus.PENDING
    booking_id = await house_farm.queue()
    await drive(house_farm, booking_id, "book")
    return booking_id


async def test_one_failed_look_gives_no_pending_booking_up(house_farm, clock, pending):
    house = house_farm.house
    await looks(house_farm, clock, pending, 40)
    house.at["read_back"] = no_answer
    booking, _, wake_ups = await looks(house_farm, clock, pending, 1)
    assert not booking.status.settled
    assert "verify" in wake_ups
    assert Verdict.model_validate_json(booking.verdict).venue_status is VenueStatus.PENDING
    assert booking.venue_reference == "OL-1"

    house.at.clear()
    house.answers(VenueStatus.CONFIRMED)
    booking, _, _ = await looks(house_farm, clock, pending, 1)
    assert booking.status is BookingStatus.CONFIRMED


async def test_a_farm_that_was_down_longer_than_its_patience_still_looks_twice(house_farm, clock, pending):
    clock.forward(40 * MINUTE_S)
    house_farm.house.at["read_back"] = no_answer
    booking, _, _ = await looks(house_farm, clock, pending, 1)
    assert not booking.status.settled


async def test_a_killed_click_is_looked_for_however_late_the_farm_comes_back(house_farm, clock):
    house = house_farm.house
    house.at["submitted"] = dies
    booking_id = await house_farm.queue()
    with pytest.raises(asyncio.CancelledError):
        await drive(house_farm, booking_id, "book")
    clock.forward(40 * MINUTE_S)
    house.at = {"read_back": no_answer}
    booking, _, _ = await looks(house_farm, clock, booking_id, 1)
    assert not booking.status.settled
    house.at.clear()
    booking, _, _ = await looks(house_farm, clock, booking_id, 1)
    assert (booking.status, house.clicks) == (BookingStatus.CONFIRMED, 1)


async def test_patience_ends_half_an_hour_after_the_first_doubt_and_the_last_answer_stays(house_farm, clock, pending):
    house_farm.house.at["read_back"] = no_answer
    booking, _, _ = await looks(house_farm, clock, pending, 30)
    assert not booking.status.settled
    booking, (attempt,), wake_ups = await looks(house_farm, clock, pending, 1)
    assert (booking.status, attempt.state) == (BookingStatus.IN_DOUBT, AttemptState.NEEDS_HUMAN)
    assert Verdict.model_validate_json(booking.verdict).venue_status is VenueStatus.PENDING
    assert booking.venue_reference == "OL-1"
    assert "verify" not in wake_ups


async def test_a_venue_that_only_ever_fails_goes_to_a_person(house_farm, clock):
    house_farm.house.at["read_back"] = no_answer
    booking_id = await house_farm.queue()
    await drive(house_farm, booking_id, "book")
    booking, _, _ = await looks(house_farm, clock, booking_id, 32)
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.OUTCOME_UNKNOWN)
    assert Verdict.model_validate_json(booking.verdict).kind is VerdictKind.IN_DOUBT


@pytest.mark.parametrize("known_by", ["the guest's limit", "the evening itself"])
async def test_what_a_venue_does_not_answer_in_time_is_withdrawn_and_proven_gone(house_farm, clock, known_by):
    house_farm.house.status = VenueStatus.PENDING
    limits = {"know_by": clock.now + timedelta(hours=1)} if known_by == "the guest's limit" else {}
    booking_id = await house_farm.queue(**limits)
    await drive(house_farm, booking_id, "book")
    booking, _, _ = await looks(house_farm, clock, booking_id, 59)
    assert booking.status is BookingStatus.PENDING_VENUE
    clock.forward(MINUTE_S if limits else 340 * 86400)
    _, (attempt,), _ = await looks(house_farm, clock, booking_id, 1)
    assert (attempt.state, attempt.cause) == (AttemptState.CANCELLED, Cause.NOT_ANSWERED)
    assert house_farm.house.standing == []
    assert (await house_farm.serve(clock, booking_id)).status is BookingStatus.EXPIRED


async def test_days_of_looks_keep_the_row_small_and_the_pace_finite(house_farm, clock, pending):
    ledger = house_farm.ledger
    lease = await ledger.take_lease(pending, "other", 9)
    (attempt,) = await ledger.attempts(pending)
    await ledger.conclude(
        lease, Transition(attempts=[AttemptChange(id=attempt.id, looked=40_000)])
    )  # a month of looks
    await ledger.release_lease(lease)
    house_farm.house.at["read_back"] = no_answer
    _, _, wake_ups = await looks(house_farm, clock, pending, 1)
    assert wake_ups["verify"].due_at - clock.now == timedelta(seconds=schedule.SLOWEST_S)
    house_farm.house.at.clear()
    _, (attempt,), _ = await looks(house_farm, clock, pending, STAGES_KEPT + 5)
    assert len(attempt.stages) == STAGES_KEPT
    assert attempt.stages[0].stage == "search"


@pytest.mark.parametrize("where", ["farm.reading.usable", "tasks.looking.subject"])
async def test_a_look_that_breaks_is_a_doubt_and_no_endless_resend(house_farm, clock, monkeypatch, where):
    house_farm.house.at["read_back"] = no_answer
    booking_id = await house_farm.queue()
    await drive(house_farm, booking_id, "book")

    def breaks(*_):
        raise KeyError("ada@example.com")

    with monkeypatch.context() as broken:
        broken.setattr(where, breaks)
        booking, _, wake_ups = await looks(house_farm, clock, booking_id, 29)
        assert not booking.status.settled
        assert wake_ups["verify"].due_at > clock.now
        assert "ada@" not in str(await house_farm.ledger.events(booking_id))
        booking, (attempt,), wake_ups = await looks(house_farm, clock, booking_id, 2)
    assert (booking.status, attempt.state) == (BookingStatus.IN_DOUBT, AttemptState.NEEDS_HUMAN)
    assert "verify" not in wake_ups


async def test_a_script_that_does_not_load_any_more_is_left_to_a_person(house_farm, clock, tmp_path, pending):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "script.py").write_text("class Gone: ...\n")
    stock = house_farm.registry.integrations["osteria_luna"]
    house_farm.registry.integrations["osteria_luna"] = replace(stock, folder=broken)
    house_farm.registry._scripts.clear()
    booking, _, _ = await looks(house_farm, clock, pending, 1)
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.CONTRACT_BROKEN)


async def test_what_one_venue_said_is_not_told_of_the_next_one(house_farm, clock):
    house = house_farm.house
    house.status = VenueStatus.PENDING
    booking_id = await house_farm.queue(*VENUES)
    await drive(house_farm, booking_id, "book")
    assert (await house_farm.ledger.booking(booking_id)).verdict is not None
    house.answers(VenueStatus.REJECTED)
    await looks(house_farm, clock, booking_id, 1)

    house.at["read_back"] = no_answer
    await drive(house_farm, booking_id, "book")
    booking, attempts, _ = await house_farm.look(booking_id)
    assert (booking.venue, [attempt.venue for attempt in attempts]) == (VENUES[1], list(VENUES))
    assert (booking.verdict, booking.venue_reference) == (None, None)
