"""A reseller's feed has one order and no gap, and whoever follows it loses nothing and sees nothing twice."""

from __future__ import annotations

import asyncio

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from farm.life.transition import NewEvent
from ledger import events
from ledger.engine import make_engine
from ledger.migrate import upgrade
from ledger.store import Ledger
from tests.ledger.lives import queued


async def test_positions_have_no_gap_over_all_bookings_of_a_reseller(ledger, others):
    doors = [ledger, *others]
    mine = [await queued(ledger, reseller="mine") for _ in range(4)]
    theirs = [await queued(ledger, reseller="theirs") for _ in range(2)]
    await asyncio.gather(
        *(
            door.note(one, "attempt.step", payload={"n": n})
            for n in range(5)
            for door in doors
            for one in mine + theirs
        )
    )
    page = await ledger.feed.page("mine", 0, 1000)
    assert [event.position for event in page] == list(range(1, 4 * 31 + 1))
    assert {event.booking_id for event in page} == set(mine)
    for one in mine:
        assert [event.number for event in page if event.booking_id == one] == list(range(1, 32))
    assert await ledger.feed.heads() == {"mine": 4 * 31, "theirs": 2 * 31}
    assert await ledger.feed.head("nobody") == 0


async def test_a_reader_that_follows_while_many_write_sees_each_once_and_in_order(ledger, others):
    bookings = [await queued(ledger) for _ in range(3)]
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        while True:
            ended = done.is_set()
            page = await ledger.feed.page("local", seen[-1] if seen else 0, 7)
            seen.extend(event.position for event in page)
            if ended and not page:
                return

    following = asyncio.create_task(follow())
    await asyncio.gather(*(o.note(one, "attempt.step") for _ in range(30) for o in others for one in bookings))
    done.set()
    await following
    assert seen == list(range(1, 3 + 450 + 1))


async def test_a_transaction_that_fails_takes_no_position(ledger):
    booking_id = await queued(ledger)

    def half(connection):
        events.note(connection, booking_id, ledger.clock(), NewEvent("attempt.step"))
        raise RuntimeError("the worker died")

    with pytest.raises(RuntimeError):
        await ledger._database.write(half)
    await ledger.note(booking_id, "attempt.note")
    assert [(e.position, e.kind) for e in await ledger.feed.page("local", 0, 9)] == [
        (1, "booking.queued"),
        (2, "attempt.note"),
    ]


async def test_only_the_kinds_that_are_asked_for(ledger):
    booking_id = await queued(ledger)
    for kind in ("attempt.step", "booking.confirmed", "attempt.step"):
        await ledger.note(booking_id, kind)
    assert [e.position for e in await ledger.feed.page("local", 0, 9, ["attempt.step"])] == [2, 4]


async def test_a_ledger_of_before_gets_its_events_numbered(database_url, clock):
    engine = make_engine(database_url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "ledger/migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for booking, reseller in (("bk_1", "mine"), ("bk_2", "theirs"), ("bk_3", "mine")):
            connection.execute(
                text(
                    "INSERT INTO bookings (id, reseller, request_fingerprint, request, code, status, fence,"
                    " last_attempt, last_event, created_at, updated_at)"
                    f" VALUES ('{booking}', '{reseller}', '', '{{}}', '{booking}', 'queued', 0, 0, 2,"
                    " '2026-01-01', '2026-01-01')"
                )
            )
            for number in (1, 2):
                connection.execute(
                    text(
                        "INSERT INTO events (booking_id, number, at, kind, payload)"
                        f" VALUES ('{booking}', {number}, '2026-01-0{number} 00:00:00', 'booking.queued', '{{}}')"
                    )
                )
    engine.dispose()
    await upgrade(database_url)
    async with await Ledger.open(database_url, clock) as ledger:
        page = await ledger.feed.page("mine", 0, 9)
        assert [(e.position, e.booking_id, e.number) for e in page] == [
            (1, "bk_1", 1),
            (2, "bk_3", 1),
            (3, "bk_1", 2),
            (4, "bk_3", 2),
        ]
        await ledger.note("bk_1", "attempt.step")
        assert await ledger.feed.heads() == {"mine": 5, "theirs": 2}
    engine = make_engine(database_url)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM events"))
    engine.dispose()
