"""A request is accepted once, and its booking, event and wake-up are written together."""

from __future__ import annotations

import asyncio

import pytest

from farm.status import BookingStatus
from ledger.errors import CodeTaken, IdempotencyConflict, NoSuchBooking
from ledger.names import fingerprint, new_id
from tests.ledger.lives import code, request


async def test_queueing_writes_booking_event_and_wake_up(ledger, clock):
    accepted = await ledger.accept(request(), "7K2M9Q4T3W", "key-1")

    booking = accepted.booking
    assert accepted.created
    assert (booking.status, booking.fence, booking.created_at) == (BookingStatus.QUEUED, 0, clock.now)
    assert booking.wanted() == request()
    assert await ledger.booking(booking.id) == booking
    assert [(e.number, e.kind) for e in await ledger.events(booking.id)] == [(1, "booking.queued")]
    assert [(w.kind, w.due_at) for w in await ledger.wake_ups(booking.id)] == [("book", clock.now)]


async def test_the_same_key_gives_the_same_booking(ledger, clock):
    first = await ledger.accept(request(), code(), "key-1")
    clock.forward(60)
    again = await ledger.accept(request(), code(), "key-1")

    assert not again.created
    assert again.booking == first.booking
    assert len(await ledger.bookings()) == 1
    assert len(await ledger.events(first.booking.id)) == 1


async def test_the_same_key_with_another_body_is_refused(ledger):
    await ledger.accept(request(), code(), "key-1")
    with pytest.raises(IdempotencyConflict):
        await ledger.accept(request(service="Tasting menu"), code(), "key-1")
    assert len(await ledger.bookings()) == 1


async def test_a_key_belongs_to_its_reseller_and_no_key_to_nobody(ledger):
    ids = {
        (await ledger.accept(request(reseller=reseller), code(), key)).booking.id
        for reseller, key in [("north", "key-1"), ("south", "key-1"), ("north", None), ("north", None)]
    }
    assert len(ids) == 4
    assert len(await ledger.bookings(reseller="north")) == 3


async def test_two_at_once_with_one_key_make_one_booking(ledger, others):
    doors = [ledger, *others]
    for round_number in range(10):
        answers = await asyncio.gather(*(door.accept(request(), code(), f"key-{round_number}") for door in doors))
        assert sum(answer.created for answer in answers) == 1
        assert len({answer.booking.id for answer in answers}) == 1
    assert len(await ledger.bookings()) == 10


async def test_a_code_is_given_once(ledger):
    await ledger.accept(request(), "7K2M9Q4T3W")
    with pytest.raises(CodeTaken):
        await ledger.accept(request(), "7K2M9Q4T3W")


async def test_what_a_key_made_can_be_asked_for(ledger):
    made = await ledger.accept(request(), code(), "order-1")
    assert await ledger.made_by(request(), "order-1") == made.booking
    assert await ledger.made_by(request(), "order-2") is None
    with pytest.raises(IdempotencyConflict):
        await ledger.made_by(request(context={"a": "1"}), "order-1")


async def test_unknown_bookings_are_named_so(ledger):
    with pytest.raises(NoSuchBooking):
        await ledger.booking("bk_nothing")
    with pytest.raises(NoSuchBooking):
        await ledger.note("bk_nothing", "attempt.step")
    with pytest.raises(NoSuchBooking):
        await ledger.take_lease("bk_nothing", "worker-1", 30)
    with pytest.raises(NoSuchBooking):
        await ledger.request_cancel("bk_nothing")


async def test_bookings_are_listed_newest_first_in_pages(ledger, clock):
    ids: list[str] = []
    for _ in range(5):
        clock.forward(1)
        ids.insert(0, (await ledger.accept(request(), code())).booking.id)
    first = [booking.id for booking in await ledger.bookings(limit=3)]
    rest = [booking.id for booking in await ledger.bookings(limit=3, before=first[-1])]
    assert first + rest == ids
    assert await ledger.bookings(status=BookingStatus.CONFIRMED) == []


def test_ids_sort_by_time_and_differ_within_a_millisecond(clock):
    early = new_id("bk", clock.now, lambda n: b"\xff" * n)
    late = new_id("bk", clock.forward(0.001), lambda n: b"\x00" * n)
    assert early < late
    assert len(early) == len("bk_") + 20
    assert early != new_id("bk", clock.now, lambda n: b"\x00" * n)


def test_the_fingerprint_knows_equal_requests():
    one = request(context={"a": "1", "b": "2"}, consents=frozenset({"terms", "privacy"}))
    same = request(context={"b": "2", "a": "1"}, consents=frozenset({"privacy", "terms"}))
    assert fingerprint(one) == fingerprint(same)
    assert fingerprint(one) != fingerprint(request(context={"a": "1"}, consents=one.consents))
