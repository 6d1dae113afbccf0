"""A partner that lets nobody in now: a wake-up for later and a free worker; nothing of the booking is used up."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from farm.life.deferring import PATIENT_S
from farm.status import BookingStatus, Cause
from profiles.pacing.pace import Pace
from profiles.pacing.store import Store
from profiles.partner import Partners
from profiles.terms.access import Hours
from tasks.driving import drive
from tests.redis_servers import private_redis
from tests.tasks.house import FIRST, VENUES, House, kinds


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


class Venues:
    """What the venues of the partner ask for."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def pauses(self, farm: Any, seconds: float) -> None:
        await Pace(self.store).heed(farm.partners.must_have("bologna_tables"), seconds)

    async def ends(self) -> None:
        """What they asked for is over."""
        client: Any = self.store._client
        await client.hset("readback:pace:{bologna_tables}:state", "paused", 0)


@pytest.fixture
async def pace(two, server):
    """Both houses belong to one partner, which has limits from now on; its first day is over."""
    store = Store(server.url)
    assert store._client is not None
    await store._client.flushall()
    agrees(two, requests_per_min=6000, burst_requests=50, visits_at_once=5)
    two.pace = Pace(store)
    await store.ask("bologna_tables", "renew", {"ticket": "", "places": []})
    await store._client.hset("readback:pace:{bologna_tables}:state", "opens", 0)
    yield Venues(store)
    await store.close()


def agrees(farm, partner="bologna_tables", **terms):
    stock = farm.partners.by_slug[partner]
    changed = stock.model_copy(update={"pacing": stock.pacing.model_copy(update=terms)})
    farm.partners = Partners(farm.partners.by_slug | {partner: changed})


def other_partner(farm, slug=VENUES[1]):
    """The second house has a partner of its own, without limits."""
    stock = farm.partners.by_slug["bologna_tables"]
    free = stock.pacing.model_copy(update={"requests_per_min": None, "visits_at_once": None})
    farm.partners = Partners(
        farm.partners.by_slug | {"another": stock.model_copy(update={"slug": "another", "pacing": free})}
    )
    venue = farm.registry.venues[slug]
    farm.registry.venues[slug] = venue.model_copy(update={"partner": "another"})


async def test_a_booking_waits_as_a_wake_up_and_no_attempt_is_begun(two, pace, clock):
    await pace.pauses(two, 60)
    booking_id = await two.queue(FIRST)
    await drive(two, booking_id, "book")
    booking, attempts, wakes = await two.look(booking_id)
    assert (booking.status, attempts, booking.lease_owner) == (BookingStatus.QUEUED, [], None)
    assert 58 <= (wakes["book"].due_at - clock.now).total_seconds() <= 61
    (event,) = [e for e in await two.ledger.events(booking_id) if e.kind == "booking.deferred"]
    assert event.payload["until"] == wakes["book"].due_at.isoformat(timespec="seconds")


async def test_it_is_booked_when_its_moment_has_come(two, pace, clock):
    await pace.pauses(two, 1)
    booking_id = await two.queue(FIRST)
    await drive(two, booking_id, "book")
    assert (await two.look(booking_id))[1] == []
    await pace.ends()
    booking = await two.serve(clock, booking_id, 120)
    assert booking.status is BookingStatus.CONFIRMED
    assert len((await two.look(booking_id))[1]) == 1


async def test_who_cannot_be_waited_for_is_passed_over_and_asked_again_after(two, pace, clock):
    other_partner(two)
    await pace.pauses(two, PATIENT_S + 60)
    booking_id = await two.queue(*VENUES)
    booking = await two.serve(clock, booking_id, 1)
    assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, VENUES[1])
    assert "could not be visited" not in (booking.sentence or "")


async def test_with_nowhere_else_to_go_it_waits_as_long_as_the_guest_can(two, pace, clock):
    other_partner(two)
    two.house.elsewhere[VENUES[1]].refusal = "Spiacenti, questo tavolo non è più disponibile"
    await pace.pauses(two, PATIENT_S + 60)
    booking_id = await two.queue(*VENUES)
    booking = await two.serve(clock, booking_id, 1)
    assert not booking.status.settled
    wake = (await two.look(booking_id))[2]["book"]
    assert (wake.due_at - clock.now).total_seconds() > PATIENT_S


async def test_a_guest_who_must_know_before_is_told_at_once(two, pace, clock):
    await pace.pauses(two, 3600)
    booking_id = await two.queue(*VENUES, know_by=clock.now + timedelta(minutes=20))
    await drive(two, booking_id, "book")
    booking, attempts, wakes = await two.look(booking_id)
    assert (booking.status, booking.cause, attempts) == (BookingStatus.FAILED, Cause.PACING_DEFERRED, [])
    assert "could not be visited soon enough" in (booking.sentence or "")
    assert "book" not in wakes


async def test_quiet_hours_keep_new_bookings_out_and_let_what_was_clicked_be_read_back(two, clock):
    zone = two.registry.venue(FIRST).zone
    local = clock.now.astimezone(zone)
    house: House = two.house.elsewhere[FIRST]
    house.hidden = True
    booking_id = await two.queue(FIRST)
    await drive(two, booking_id, "book")
    quiet = Hours(start=time(local.hour), until=time(local.hour + 3))
    agrees(two, quiet_hours=(quiet,))
    house.hidden = False
    other = await two.queue(FIRST)
    await drive(two, other, "book")
    assert (await two.look(other))[2]["book"].due_at == local.replace(
        hour=local.hour + 3, minute=0, second=0, microsecond=0
    )
    assert (await two.serve(clock, booking_id, 1200)).status is BookingStatus.CONFIRMED
    await two.ledger.request_cancel(booking_id)
    assert (await two.serve(clock, booking_id, 60)).status is BookingStatus.CANCELLED
    assert house.clicks == 1


async def test_a_change_in_quiet_hours_waits_and_the_booking_stays_confirmed(two, clock):
    booking_id = await two.queue(FIRST)
    assert (await two.serve(clock, booking_id, 60)).status is BookingStatus.CONFIRMED
    local = clock.now.astimezone(two.registry.venue(FIRST).zone)
    agrees(two, quiet_hours=(Hours(start=time(local.hour), until=time(local.hour + 2)),))
    wish = (await two.ledger.booking(booking_id)).wanted().model_copy(update={"note": "A window, please."})
    await two.ledger.request_change(booking_id, wish)
    await drive(two, booking_id, "change")
    booking, _, wakes = await two.look(booking_id)
    assert booking.status is BookingStatus.CONFIRMED
    assert booking.change is not None
    assert wakes["change"].due_at > clock.now + timedelta(minutes=30)


async def test_a_wish_to_cancel_ends_the_wait(two, pace, clock):
    await pace.pauses(two, 60)
    booking_id = await two.queue(FIRST)
    await drive(two, booking_id, "book")
    await two.ledger.request_cancel(booking_id)
    booking = await two.serve(clock, booking_id, 1)
    assert booking.status is BookingStatus.CANCELLED
    assert (await two.look(booking_id))[2] == {}


async def test_a_look_that_is_deferred_comes_again_at_its_moment_however_long_that_takes(two, pace, clock):
    house: House = two.house.elsewhere[FIRST]
    house.hidden = True
    booking_id = await two.queue(FIRST)
    await drive(two, booking_id, "book")
    looked = (await two.look(booking_id))[1][0].read_backs
    await pace.pauses(two, 300)
    await drive(two, booking_id, "verify")
    _, attempts, wakes = await two.look(booking_id)
    assert attempts[0].read_backs == looked
    assert 290 < (wakes["verify"].due_at - clock.now).total_seconds() <= 301
    await pace.pauses(two, 7 * 3600)
    booking = await two.serve(clock, booking_id, 2 * 3600)
    assert booking.status is BookingStatus.VERIFYING
    assert (await two.look(booking_id))[2]["verify"].due_at > clock.now + timedelta(hours=4)
    await pace.ends()
    house.hidden = False
    assert (await two.serve(clock, booking_id, 7 * 3600)).status is BookingStatus.CONFIRMED
    assert house.clicks == 1


async def test_a_cancellation_that_would_take_hours_is_a_persons(two, pace, clock):
    booking_id = await two.queue(FIRST)
    assert (await two.serve(clock, booking_id, 60)).status is BookingStatus.CONFIRMED
    await two.ledger.request_cancel(booking_id)
    await pace.pauses(two, 600)
    await drive(two, booking_id, "cancel")
    booking, _, wakes = await two.look(booking_id)
    assert booking.status is BookingStatus.CANCELLING
    assert 590 < (wakes["cancel"].due_at - clock.now).total_seconds() <= 601
    await pace.pauses(two, 7 * 3600)
    booking = await two.serve(clock, booking_id, 3600)
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.CANCEL_UNPROVEN)


async def test_without_a_redis_nobody_goes_to_a_partner_with_limits(two, clock):
    agrees(two, requests_per_min=60, visits_at_once=1)
    other_partner(two)
    booking_id = await two.queue(FIRST)
    await drive(two, booking_id, "book")
    booking, attempts, wakes = await two.look(booking_id)
    assert (booking.status, attempts) == (BookingStatus.QUEUED, [])
    assert wakes["book"].due_at > clock.now
    assert (await two.serve(clock, await two.queue(VENUES[1]), 60)).status is BookingStatus.CONFIRMED


async def test_a_visit_gives_its_place_back_however_it_ends(two, pace, clock):
    agrees(two, visits_at_once=1)

    async def breaks():
        raise RuntimeError("the script")

    two.house.elsewhere[FIRST].at["search"] = breaks
    booking_id = await two.queue(FIRST)
    await two.serve(clock, booking_id, 0)
    assert await pace.store._client.zcard("readback:pace:{bologna_tables}:visits") == 0


async def test_bookings_of_an_hour_are_counted_at_the_guard(two, pace, clock):
    agrees(two, bookings_per_hour=1)
    await pace.store._client.hset("readback:pace:{bologna_tables}:state", "tat:clicks", 0)
    first, second = await two.queue(FIRST), await two.queue(FIRST, guest=replace_guest("Bo"))
    assert (await two.serve(clock, first, 60)).status is BookingStatus.CONFIRMED
    await drive(two, second, "book")
    _, attempts, wakes = await two.look(second)
    assert attempts == []
    assert (wakes["book"].due_at - clock.now).total_seconds() > 3500
    assert kinds(await two.ledger.events(second))[-1] == "booking.deferred"


def replace_guest(name):
    from farm.facts import Guest

    return Guest(name=f"{name} Verdi", email=f"{name.lower()}@example.com")
