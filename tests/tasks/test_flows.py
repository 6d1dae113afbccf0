"""The flows on a real ledger, where no browser is needed: what a lost lease or a missing browser leaves behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from farm.closing import Closing
from farm.compare import expected
from farm.facts import Claim, Guest, Hold, Offer, Party, Recap, Slot
from farm.identity import mint_code
from farm.manifest import Settle
from farm.registry import Registry
from farm.request import Request, WantedSlot
from farm.status import AttemptState, BookingStatus, Cause
from ledger.migrate import upgrade
from ledger.store import Ledger
from profiles.partner import Partners
from tasks.browser import NoBrowser
from tasks.driving import drive
from tasks.runtime import Farm
from tasks.settings import Settings
from tasks.working import lease_on
from tests.ledger.lives import claimed
from tests.ways import OwnWays

STOCK = Path(__file__).parents[2]


class Nothing:
    """A machine without a browser."""

    async def new_context(self, appearance, proxy):
        raise NoBrowser("none here")

    async def close_context(self, context):
        raise AssertionError("nothing was opened")


@pytest.fixture
async def farm(tmp_path):
    settings = Settings(home=tmp_path, lease_s=1.2)
    await upgrade(settings.ledger_url)
    async with await Ledger.open(settings.ledger_url) as ledger:
        yield Farm(
            settings=settings,
            ledger=ledger,
            registry=Registry.load([STOCK / "integrations"]),
            partners=Partners.load([STOCK / "profiles" / "partners"]),
            browser=Nothing(),  # type: ignore[arg-type]  # stands in for a machine without one
            ways=OwnWays(),  # type: ignore[arg-type]  # a guard of the test's own
            clock=lambda: datetime.now(UTC),
            owner="test",
        )


async def queue(farm, *venues):
    request = Request(
        guest=Guest(name="Ada", email="ada@example.com"),
        party=Party(adults=2),
        when=WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21)),
        venues=venues,
    )
    return (await farm.ledger.accept(request, mint_code())).booking.id


async def test_no_browser_books_nothing_and_lets_another_worker_try(farm):
    booking_id = await queue(farm, "osteria_luna", "trattoria_sole")
    await drive(farm, booking_id, "book")
    (attempt,) = await farm.ledger.attempts(booking_id)
    assert (attempt.state, attempt.cause) == (AttemptState.NOT_BOOKED, Cause.WORKER_LOST)
    (wake_up,) = await farm.ledger.wake_ups(booking_id)
    assert wake_up.kind == "book"
    assert wake_up.due_at > datetime.now(UTC) + timedelta(seconds=2)
    assert (await farm.ledger.booking(booking_id)).status is BookingStatus.ATTEMPTING


async def test_access_that_nobody_agreed_to_sends_nothing(farm):
    farm.partners.by_slug.clear()
    booking_id = await queue(farm, "osteria_luna")
    await drive(farm, booking_id, "book")
    ended = await farm.ledger.booking(booking_id)
    assert (ended.status, ended.cause) == (BookingStatus.FAILED, Cause.ACCESS_NOT_AGREED)


async def test_a_venue_that_is_gone_ends_the_booking_with_a_reason(farm):
    booking_id = await queue(farm, "osteria_luna")
    farm.registry.venues.clear()
    await drive(farm, booking_id, "book")
    ended = await farm.ledger.booking(booking_id)
    assert ended.status is BookingStatus.FAILED
    assert ended.sentence == "Nothing could be booked: what was asked for cannot be booked through us now."


async def test_called_off_before_anything_was_tried(farm):
    booking_id = await queue(farm, "osteria_luna")
    await farm.ledger.request_cancel(booking_id)
    await drive(farm, booking_id, "cancel")
    assert (await farm.ledger.booking(booking_id)).status is BookingStatus.CANCELLED
    assert await farm.ledger.wake_ups(booking_id) == []
    await drive(farm, booking_id, "book")
    assert await farm.ledger.attempts(booking_id) == []


async def test_called_off_while_queued_and_the_booking_task_comes_first(farm):
    booking_id = await queue(farm, "osteria_luna")
    await farm.ledger.request_cancel(booking_id)
    await drive(farm, booking_id, "book")
    assert (await farm.ledger.booking(booking_id)).status is BookingStatus.CANCELLED
    assert await farm.ledger.attempts(booking_id) == []


async def test_one_worker_at_a_time(farm):
    booking_id = await queue(farm, "osteria_luna")
    async with lease_on(farm, booking_id) as first, lease_on(farm, booking_id) as second:
        assert first is not None
        assert second is None


async def test_the_heartbeat_keeps_the_lease_and_the_work_ends_when_it_is_lost(farm):
    booking_id = await queue(farm, "osteria_luna")
    reached = []
    async with lease_on(farm, booking_id) as lease:
        assert lease is not None
        await asyncio.sleep(2 * farm.settings.lease_s)
        assert await farm.ledger.take_lease(booking_id, "other", 1) is None
        reached.append("kept")

        async def somebody_else():
            await farm.ledger.release_lease(lease)
            return await farm.ledger.take_lease(booking_id, "other", 30)

        taken = asyncio.create_task(somebody_else())  # by itself: the heartbeat may notice in its middle
        await asyncio.sleep(30)
        reached.append("never")
    assert await taken is not None
    assert reached == ["kept"]
    assert (await farm.ledger.booking(booking_id)).lease_owner == "other"


async def test_a_booking_whose_integration_is_gone_is_left_to_a_person(farm):
    life = await claimed(farm.ledger)
    await farm.ledger.release_lease(life.lease)
    farm.registry.venues.clear()
    await drive(farm, life.id, "verify")
    booking = await farm.ledger.booking(life.id)
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.CONTRACT_BROKEN)
    await farm.ledger.request_cancel(life.id)
    await drive(farm, life.id, "cancel")
    booking = await farm.ledger.booking(life.id)
    assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.CANCEL_UNPROVEN)
    assert [wake_up.kind for wake_up in await farm.ledger.wake_ups(life.id)] == ["book"]  # as `claimed` left it


async def test_a_record_that_is_known_to_need_time_is_not_looked_for_at_once(farm, monkeypatch):
    async def claims(ask, visits, journal, guard):
        slot = Slot(starts_at=datetime(2029, 12, 4, 19, tzinfo=UTC))
        offer = Offer(when=slot, key="k", resource="Tavolo 1")
        await guard(
            offer, Hold(offer=offer, binding="none"), Recap(when=slot), expected(ask.request, offer), ask.clock()
        )
        return Closing("claimed", "yes", claim=Claim(reference="OL-1"))

    monkeypatch.setattr("farm.booking.book", claims)
    stock = farm.registry.integrations["osteria_luna"]
    slow = stock.manifest.model_copy(update={"settle": Settle(first_look_s=9)})
    farm.registry.integrations["osteria_luna"] = replace(stock, manifest=slow)
    booking_id = await queue(farm, "osteria_luna")
    await drive(farm, booking_id, "book")
    assert (await farm.ledger.booking(booking_id)).status is BookingStatus.VERIFYING
    (attempt,) = await farm.ledger.attempts(booking_id)
    assert (attempt.state, attempt.read_backs) == (AttemptState.CLAIMED, 0)
    (wake_up,) = await farm.ledger.wake_ups(booking_id)
    assert wake_up.kind == "verify"
    assert timedelta(seconds=7) < wake_up.due_at - datetime.now(UTC) <= timedelta(seconds=9)
