"""What is due is sent by one relay, sent again when nothing came of it, and never forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from farm.life.transition import NewWakeUp, Transition
from tests.ledger.lives import guarded, queued


async def test_what_is_due_is_sent_in_order_and_only_once(ledger, clock):
    booking_id = await queued(ledger)
    await ledger.wake(booking_id, "verify", clock.now - timedelta(seconds=9))
    await ledger.wake(booking_id, "cancel", clock.now + timedelta(seconds=9))

    sent = await ledger.due_wake_ups(10, 60)
    assert [(w.kind, w.sent_at, w.sends) for w in sent] == [("verify", clock.now, 1), ("book", clock.now, 1)]
    assert await ledger.due_wake_ups(10, 60) == []
    clock.forward(9)
    assert [w.kind for w in await ledger.due_wake_ups(10, 60)] == ["cancel"]


async def test_what_was_sent_and_not_done_is_sent_again(ledger, clock):
    await queued(ledger)
    await ledger.due_wake_ups(10, 60)
    clock.forward(59)
    assert await ledger.due_wake_ups(10, 60) == []
    clock.forward(1)
    assert [w.sends for w in await ledger.due_wake_ups(10, 60)] == [2]


async def test_each_resend_waits_twice_as_long_and_the_relay_knows(ledger, clock):
    await queued(ledger)
    await ledger.due_wake_ups(10, 30)
    for sends, wait_s in enumerate([30, 60, 120, 240, 480, 480, 480], start=2):
        assert await ledger.next_due(30) == clock.now + timedelta(seconds=wait_s)
        clock.forward(wait_s - 1)
        assert await ledger.due_wake_ups(10, 30) == []
        clock.forward(1)
        assert [w.sends for w in await ledger.due_wake_ups(10, 30)] == [sends]


async def test_the_soonest_resend_need_not_be_what_was_sent_first(ledger, clock):
    await queued(ledger)
    await ledger.due_wake_ups(10, 30)
    clock.forward(30)
    await ledger.due_wake_ups(10, 30)
    clock.forward(20)
    await queued(ledger)
    assert len(await ledger.due_wake_ups(10, 30)) == 1
    assert await ledger.next_due(30) == clock.now + timedelta(seconds=30)
    clock.forward(30)
    assert [w.sends for w in await ledger.due_wake_ups(10, 30)] == [2]


async def test_what_no_broker_took_stays_due(ledger, clock):
    booking_id = await queued(ledger)
    (before,) = await ledger.wake_ups(booking_id)
    picked = await ledger.due_wake_ups(10, 30)
    await ledger.not_sent(picked)
    assert await ledger.wake_ups(booking_id) == [before]
    assert len(await ledger.due_wake_ups(10, 30)) == 1


async def test_what_is_set_anew_is_as_new(ledger, clock):
    booking_id = await queued(ledger)
    for _ in range(4):
        await ledger.due_wake_ups(10, 30)
        clock.forward(480)
    await ledger.wake_again(booking_id, "book", clock.now + timedelta(seconds=5))
    await ledger.wake_again(booking_id, "verify", clock.now)
    (again,) = await ledger.wake_ups(booking_id)
    assert (again.due_at, again.sent_at, again.sends) == (clock.now + timedelta(seconds=5), None, 0)
    await ledger.wake_again(booking_id, "book", clock.now + timedelta(seconds=9))
    assert [w.due_at for w in await ledger.wake_ups(booking_id)] == [again.due_at]


async def test_a_limit_leaves_the_rest_for_the_next_round(ledger, clock):
    for _ in range(5):
        await queued(ledger)
        clock.forward(1)
    first = await ledger.due_wake_ups(3, 60)
    assert [w.due_at for w in first] == sorted(w.due_at for w in first)
    assert len(await ledger.due_wake_ups(3, 60)) == 2


async def test_relays_at_once_never_pick_the_same(ledger, others):
    for _ in range(60):
        await queued(ledger)

    async def relay(door):
        picked = []
        while found := await door.due_wake_ups(7, 60):
            picked += [w.id for w in found]
        return picked

    rounds = await asyncio.gather(*(relay(door) for door in [ledger, *others]))
    picked = [one for round_ in rounds for one in round_]
    assert len(picked) == len(set(picked)) == 60


async def test_the_earlier_time_wins_until_it_was_sent_then_the_new_one(ledger, clock):
    booking_id = await queued(ledger)
    later, sooner = clock.now + timedelta(seconds=60), clock.now + timedelta(seconds=20)
    for due_at in (later, sooner, later):
        await ledger.wake(booking_id, "verify", due_at)
    assert [w.due_at for w in await ledger.wake_ups(booking_id) if w.kind == "verify"] == [sooner]

    clock.forward(20)
    await ledger.due_wake_ups(10, 60)
    await ledger.wake(booking_id, "verify", later)
    (again,) = [w for w in await ledger.wake_ups(booking_id) if w.kind == "verify"]
    assert (again.due_at, again.sent_at) == (later, None)


async def test_done_closes_it_and_a_new_one_may_open_in_the_same_breath(ledger, clock):
    life = await guarded(ledger)
    await ledger.conclude(life.lease, Transition(done=["book"]))
    assert await ledger.wake_ups(life.id) == []
    for _ in range(3):
        clock.forward(1)
        await ledger.conclude(life.lease, Transition(done=["verify"], wake=[NewWakeUp("verify", clock.now)]))
    assert [w.due_at for w in await ledger.wake_ups(life.id)] == [clock.now]


async def test_a_relay_knows_how_long_it_may_sleep(ledger, clock):
    assert await ledger.next_due(60) is None
    booking_id = await queued(ledger)
    assert await ledger.next_due() == clock.now
    await ledger.due_wake_ups(10, 60)
    assert await ledger.next_due() is None
    assert await ledger.next_due(60) == clock.now + timedelta(seconds=60)
    await ledger.wake(booking_id, "verify", clock.now + timedelta(seconds=5))
    assert await ledger.next_due(60) == clock.now + timedelta(seconds=5)


async def test_a_wish_to_cancel_is_written_once_and_wakes(ledger, clock):
    booking_id = await queued(ledger)
    first = await ledger.request_cancel(booking_id)
    clock.forward(5)
    assert await ledger.request_cancel(booking_id) == first
    assert first.cancel_requested_at == clock.now - timedelta(seconds=5)
    assert [w.kind for w in await ledger.wake_ups(booking_id)] == ["book", "cancel"]
    assert [e.kind for e in await ledger.events(booking_id)] == ["booking.queued", "booking.cancel_requested"]
