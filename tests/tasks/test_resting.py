"""A partner that is left alone: new bookings go elsewhere, what is past its click waits, nothing is given up."""

from __future__ import annotations

import pytest

from farm.status import AttemptState, BookingStatus, Cause
from farm.tolerance import Met
from profiles.bounds import bounds_of
from profiles.pacing.pace import Pace
from profiles.pacing.store import Store
from profiles.partner import Partners
from profiles.terms.tolerance import ToleranceTerms
from tasks.tolerated import rates_of
from tasks.waiting import ASK_AGAIN_S
from tests.redis_servers import private_redis
from tests.tasks.house import FIRST, SECOND, VENUES

PARTNER, OTHER = "bologna_tables", "other_tables"
TERMS = ToleranceTerms(
    floor_per_min=10_000,
    start_per_min=40_000,
    step_per_min=6_000,
    cool_down_min=1,
    challenge_pause_min=60,
    source="a test",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def strict(house_farm, server):
    """The first house's partner has set limits, so wide that no request waits; the second one's has none."""
    store = Store(server.url)
    house_farm.pace = Pace(store, rates_of(house_farm.ledger))
    stock = house_farm.partners.by_slug[PARTNER]
    pacing = stock.pacing.model_copy(update={"requests_per_min": 100_000})
    mine = stock.model_copy(update={"pacing": pacing, "tolerance": TERMS})
    house_farm.partners = Partners({PARTNER: mine, OTHER: stock.model_copy(update={"slug": OTHER})})
    venues = house_farm.registry.venues
    venues[SECOND] = venues[SECOND].model_copy(update={"partner": OTHER})
    yield house_farm
    await store.close()


async def met(farm, kind, **more):
    partner = farm.partners.by_slug[PARTNER]
    bounds = bounds_of(partner)
    assert bounds is not None
    await farm.ledger.tolerances.tell(PARTNER, None, bounds, Met(kind, **more))


async def test_bookings_fall_back_from_a_partner_that_asked_for_a_person(strict, clock):
    await met(strict, "challenged")
    booking_id = await strict.queue(*VENUES)
    booking = await strict.serve(clock, booking_id)
    assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
    assert [attempt.venue for attempt in await strict.ledger.attempts(booking_id)] == [SECOND]


async def test_where_there_is_no_other_it_ends_and_says_what_to_do(strict, clock):
    await met(strict, "challenged")
    booking_id = await strict.queue(FIRST)
    booking = await strict.serve(clock, booking_id)
    assert (booking.status, booking.cause) == (BookingStatus.FAILED, Cause.CHALLENGE_PRESENTED)
    assert booking.sentence == "Nothing could be booked: Osteria Luna does not take bookings from us now."
    (told,) = [e for e in await strict.ledger.events(booking_id) if e.kind == "booking.failed"]
    assert told.payload["closed"][0].startswith(f"{FIRST} is left alone until 01 January 2029, 13:00 UTC")
    assert "`readback tolerance go-on bologna_tables`" in told.payload["closed"][0]


async def test_a_short_cool_down_is_waited_for_in_the_ledger(strict, clock):
    await met(strict, "throttled")
    booking_id = await strict.queue(*VENUES)
    booking = await strict.serve(clock, booking_id, until_s=59)
    assert booking.status is BookingStatus.QUEUED
    (wake_up,) = await strict.ledger.wake_ups(booking_id)
    assert (wake_up.kind, wake_up.sent_at) == ("book", None)
    assert await strict.ledger.attempts(booking_id) == []
    booking = await strict.serve(clock, booking_id, until_s=5)
    assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, FIRST)


async def test_during_a_long_one_bookings_go_elsewhere(strict, clock):
    await met(strict, "throttled", retry_after_s=900)
    booking = await strict.serve(clock, await strict.queue(*VENUES))
    assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)


async def test_a_look_waits_and_its_waiting_costs_no_patience(strict, clock):
    strict.house.hidden = True

    async def challenged():
        await met(strict, "challenged")

    strict.house.at["submitted"] = challenged
    booking_id = await strict.queue(FIRST)
    booking = await strict.serve(clock, booking_id, until_s=3500)
    assert booking.status is BookingStatus.VERIFYING
    (attempt,) = await strict.ledger.attempts(booking_id)
    assert (attempt.state, attempt.read_backs) == (AttemptState.CLAIMED, 0)
    strict.house.hidden = False
    booking = await strict.serve(clock, booking_id, until_s=200)
    assert booking.status is BookingStatus.CONFIRMED
    assert strict.house.clicks == 1


async def test_once_the_contact_has_answered_it_does_not_wait_for_the_end(strict, clock):
    async def challenged():
        await met(strict, "challenged")

    strict.house.at["submitted"] = challenged
    booking_id = await strict.queue(FIRST)
    await strict.serve(clock, booking_id, until_s=60)
    await strict.ledger.tolerances.go_on(PARTNER)
    booking = await strict.serve(clock, booking_id, until_s=ASK_AGAIN_S)
    assert booking.status is BookingStatus.CONFIRMED


async def test_a_cancellation_waits_too(strict, clock):
    booking_id = await strict.queue(FIRST)
    assert (await strict.serve(clock, booking_id)).status is BookingStatus.CONFIRMED
    await met(strict, "challenged")
    await strict.ledger.request_cancel(booking_id)
    booking = await strict.serve(clock, booking_id, until_s=1800)
    assert booking.status in {BookingStatus.CONFIRMED, BookingStatus.CANCELLING}
    assert len(strict.house.standing) == 1
    booking = await strict.serve(clock, booking_id, until_s=2100)
    assert booking.status is BookingStatus.CANCELLED
    assert strict.house.standing == []


async def test_the_rate_is_for_whoever_paces(strict, clock):
    partner, rates = strict.partners.by_slug[PARTNER], rates_of(strict.ledger)
    assert await rates(partner, None) == 40_000
    await met(strict, "throttled")
    assert await rates(partner, None) == 20_000
    assert await rates(strict.partners.by_slug[OTHER], None) is None


async def test_an_account_that_was_told_to_slow_down_does(strict, clock):
    """Though its partner puts up with more from others meanwhile."""
    partner, rates = strict.partners.by_slug[PARTNER], rates_of(strict.ledger)
    bounds = bounds_of(partner)
    assert bounds is not None
    await strict.ledger.tolerances.tell(PARTNER, "desk", bounds, Met("throttled"))
    clock.forward(61)
    for _ in range(2):
        await strict.ledger.tolerances.tell(PARTNER, None, bounds, Met("clean", 20_000))
        clock.forward(60)
    await strict.ledger.tolerances.tell(PARTNER, None, bounds, Met("clean", 20_000))
    whole = await rates(partner, None)
    assert whole is not None
    assert whole > 20_000
    assert await rates(partner, "desk") == 20_000
