"""No two bookings of ours commit on the same place and time at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from farm.facts import Claim, Offer, Slot, Stay
from farm.life.transition import AttemptChange, BookingChange, Transition
from farm.status import AttemptState, BookingStatus, Cause
from ledger.errors import SlotTaken
from tests.ledger.lives import EVENING, prepared

NIGHT = Stay(check_in=EVENING.date(), check_out=EVENING.date() + timedelta(days=1))
TABLE = Offer(when=Slot(starts_at=EVENING), key="t7", resource="Table 7")


def on(life, offer):
    return life.last_page | {"offer": offer}


async def test_the_second_waits_until_the_click_of_the_first_is_answered(ledger, clock):
    first, second = await prepared(ledger), await prepared(ledger)
    await ledger.guard(first.lease, first.attempt.id, **on(first, TABLE))
    with pytest.raises(SlotTaken):
        await ledger.guard(second.lease, second.attempt.id, **on(second, TABLE))
    (untouched,) = await ledger.attempts(second.id)
    assert untouched.state is AttemptState.PREPARED, "nothing of the guard was written"
    answered = AttemptChange(
        id=first.attempt.id, state=AttemptState.CLAIMED, claim=Claim(reference="L-1"), sent="yes"
    )
    await ledger.conclude(
        first.lease, Transition(attempts=[answered], booking=BookingChange(status=BookingStatus.VERIFYING))
    )
    await ledger.guard(second.lease, second.attempt.id, **on(second, TABLE))


@pytest.mark.parametrize(
    "other",
    [
        TABLE.model_copy(update={"resource": "Table 8"}),
        TABLE.model_copy(update={"when": Slot(starts_at=EVENING + timedelta(hours=2))}),
        TABLE.model_copy(
            update={"when": Stay(check_in=EVENING.date(), check_out=EVENING.date() + timedelta(days=1))}
        ),
    ],
)
async def test_another_place_or_time_waits_for_nobody(ledger, other):
    first, second = await prepared(ledger), await prepared(ledger)
    await ledger.guard(first.lease, first.attempt.id, **on(first, TABLE))
    await ledger.guard(second.lease, second.attempt.id, **on(second, other))


async def test_a_doubt_keeps_the_slot_until_no_click_can_be_on_its_way(ledger, clock):
    first, second = await prepared(ledger), await prepared(ledger)
    soon = clock.now + timedelta(seconds=10)
    await ledger.guard(first.lease, first.attempt.id, **(on(first, TABLE) | {"submit_deadline": soon}))
    doubt = AttemptChange(
        id=first.attempt.id, state=AttemptState.IN_DOUBT, cause=Cause.OUTCOME_UNKNOWN, sent="unknown"
    )
    await ledger.conclude(first.lease, Transition(attempts=[doubt]))
    clock.forward(9)
    with pytest.raises(SlotTaken):
        await ledger.take_slot(second.lease, second.attempt, TABLE, 10)
    clock.forward(2)
    await ledger.take_slot(second.lease, second.attempt, TABLE, 10)


async def test_what_ended_before_its_click_frees_the_slot(ledger):
    first, second = await prepared(ledger), await prepared(ledger)
    await ledger.take_slot(first.lease, first.attempt, TABLE, 60)
    ended = AttemptChange(id=first.attempt.id, state=AttemptState.NOT_BOOKED, cause=Cause.LEASE_EXPIRED)
    await ledger.conclude(first.lease, Transition(attempts=[ended]))
    await ledger.take_slot(second.lease, second.attempt, TABLE, 60)


async def test_of_many_that_want_it_at_once_one_gets_it(ledger, others):
    lives = [await prepared(ledger) for _ in range(5)]

    async def takes(door, life):
        try:
            await door.take_slot(life.lease, life.attempt, TABLE, 60)
        except SlotTaken:
            return 0
        return 1

    assert sum(await asyncio.gather(*map(takes, others, lives))) == 1
