"""One worker at a booking; whoever was too slow cannot write any more."""

from __future__ import annotations

import asyncio

import pytest

from farm.life.transition import AttemptChange, BookingChange, NewEvent, Transition
from farm.status import AttemptState, BookingStatus
from ledger.errors import LeaseLost
from tests.ledger.lives import attempt, prepared, queued, taken_over


async def test_a_lease_is_held_until_its_end_and_then_free(ledger, clock):
    booking_id = await queued(ledger)
    first = await ledger.take_lease(booking_id, "worker-1", 30)
    assert (first.fence, first.owner) == (1, "worker-1")
    clock.forward(29)
    assert await ledger.take_lease(booking_id, "worker-2", 30) is None
    clock.forward(1)
    assert (await ledger.take_lease(booking_id, "worker-2", 30)).fence == 2


async def test_a_heartbeat_moves_the_end(ledger, clock):
    booking_id = await queued(ledger)
    lease = await ledger.take_lease(booking_id, "worker-1", 30)
    clock.forward(20)
    longer = await ledger.extend_lease(lease, 30)
    assert longer.until == clock.now.replace(second=50)
    clock.forward(20)
    assert await ledger.take_lease(booking_id, "worker-2", 30) is None


async def test_a_lease_that_was_given_back_is_free_and_writes_nothing(ledger):
    life = await prepared(ledger)
    await ledger.release_lease(life.lease)
    with pytest.raises(LeaseLost):
        await ledger.conclude(life.lease, Transition(events=[NewEvent("attempt.step")]))
    assert (await ledger.take_lease(life.id, "worker-2", 30)).fence == 2


async def test_of_many_workers_one_gets_the_lease(ledger, others):
    for _ in range(10):
        booking_id = await queued(ledger)
        doors = [ledger, *others]
        taken = await asyncio.gather(
            *(door.take_lease(booking_id, f"worker-{i}", 30) for i, door in enumerate(doors))
        )
        assert sum(lease is not None for lease in taken) == 1


async def test_who_lost_the_lease_is_fenced_out_of_every_write(ledger, clock):
    life = await prepared(ledger)
    new = await taken_over(ledger, clock, life)
    before = (await ledger.booking(life.id), await ledger.attempts(life.id), await ledger.events(life.id))
    not_booked = AttemptChange(id=life.attempt.id, state=AttemptState.NOT_BOOKED)

    writes = [
        lambda: ledger.extend_lease(life.lease, 30),
        lambda: attempt(ledger, life.lease),
        lambda: ledger.guard(life.lease, life.attempt.id, **life.last_page),
        lambda: ledger.conclude(life.lease, Transition(events=[NewEvent("attempt.step")])),
        lambda: ledger.conclude(life.lease, Transition(attempts=[not_booked])),
        lambda: ledger.conclude(life.lease, Transition(booking=BookingChange(status=BookingStatus.FAILED))),
        lambda: ledger.conclude(life.lease, Transition(done=["book"])),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            await write()
    await ledger.release_lease(life.lease)

    assert before == (
        await ledger.booking(life.id),
        await ledger.attempts(life.id),
        await ledger.events(life.id),
    )
    await ledger.conclude(new, Transition(attempts=[not_booked]))


async def test_a_late_worker_may_still_write_while_nobody_took_over(ledger, clock):
    life = await prepared(ledger)
    clock.forward(31)
    await ledger.conclude(life.lease, Transition(events=[NewEvent("attempt.step", 1, "osteria_luna")]))
    assert (await ledger.extend_lease(life.lease, 30)).fence == life.lease.fence
