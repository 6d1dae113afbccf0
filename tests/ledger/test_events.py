"""The history has no gaps, and nobody changes it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from farm.life.transition import NewEvent, Transition
from ledger.engine import make_engine
from tests.ledger.lives import guarded, queued


async def test_numbers_have_no_gaps_however_many_write(ledger, others):
    life = await guarded(ledger)
    doors = [ledger, *others]
    await asyncio.gather(
        *(door.note(life.id, "attempt.step", 1, "osteria_luna", {"n": n}) for n in range(20) for door in doors),
        *(
            ledger.conclude(life.lease, Transition(events=[NewEvent("verify.looked"), NewEvent("verify.planned")]))
            for _ in range(10)
        ),
    )
    history = await ledger.events(life.id)
    assert [event.number for event in history] == list(range(1, 3 + 120 + 20 + 1))
    assert (await ledger.booking(life.id)).last_event == len(history)


async def test_a_reader_gets_what_is_new(ledger, clock):
    booking_id = await queued(ledger)
    await ledger.note(booking_id, "attempt.step", 1, "osteria_luna", {"step": "search"})
    (note,) = await ledger.events(booking_id, after=1)
    assert (note.number, note.at, note.kind, note.payload) == (2, clock.now, "attempt.step", {"step": "search"})
    assert await ledger.events(booking_id, after=2) == []


@pytest.mark.parametrize("change", ["UPDATE events SET kind = 'nothing'", "DELETE FROM events"])
async def test_the_database_refuses_to_change_history(ledger, ledger_url, change):
    booking_id = await queued(ledger)
    engine = make_engine(ledger_url)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(change))
    engine.dispose()
    assert len(await ledger.events(booking_id)) == 1
