"""Log-ins that are kept, places of an account, and log-ins ahead of an opening, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from farm.entry import AccountAt

HERE = AccountAt("partner", "desk", "house")
THERE = AccountAt("partner", "desk", "hut")


def sealed(text):
    return lambda number: f"{text} {number}".encode()


async def test_a_log_in_is_kept_until_it_is_dropped(ledger, clock):
    sessions = ledger.sessions
    assert await sessions.kept(HERE) is None
    assert await sessions.keep(HERE, "mark", sealed("first")) == 1
    kept = await sessions.kept(HERE)
    assert (kept.number, kept.sealed, kept.account, kept.since) == (1, b"first 1", "mark", clock.now)
    assert "first" not in repr(kept)
    assert await sessions.kept(THERE) is None
    await sessions.drop(HERE, 1)
    assert await sessions.kept(HERE) is None
    assert await sessions.keep(HERE, "mark", sealed("again")) == 2, "no number comes twice"


async def test_dropping_an_old_one_leaves_the_new_one(ledger, clock):
    for text in ("first", "second"):
        await ledger.sessions.keep(HERE, "mark", sealed(text))
    await ledger.sessions.drop(HERE, 1)
    assert (await ledger.sessions.kept(HERE)).sealed == b"second 2"


async def test_of_many_that_ask_at_once_one_gets_each_place(ledger, others):
    asking = [other.sessions.take("partner", "desk", [1, 2], 60) for other in [ledger, *others]]
    got = [place for place in await asyncio.gather(*asking) if place is not None]
    assert sorted(place.number for place in got) == [1, 2]
    assert await ledger.sessions.take("partner", "desk", [0], 60) is not None, "a place of its own"
    assert await ledger.sessions.take("partner", "owner", [1], 60) is not None, "another account"


async def test_a_place_is_free_again_when_it_was_given_back_or_its_time_ran_out(ledger, clock):
    sessions = ledger.sessions
    first = await sessions.take("partner", "desk", [1], 60)
    assert await sessions.take("partner", "desk", [1], 60) is None
    clock.forward(60)
    second = await sessions.take("partner", "desk", [1], 60)
    assert second is not None
    await sessions.give_back(first)  # who woke up late gives nothing back that is another's
    assert await sessions.take("partner", "desk", [1], 60) is None
    await sessions.give_back(second)
    assert await sessions.take("partner", "desk", [1], 60) is not None


async def test_an_opening_is_planned_once_and_sent_until_it_is_done(ledger, clock):
    warm_ups, opens_at = ledger.warm_ups, clock.now + timedelta(minutes=30)
    due_at = opens_at - timedelta(minutes=10)
    for _ in range(2):
        await warm_ups.plan([(HERE, opens_at, due_at), (THERE, opens_at, due_at)])
    assert await warm_ups.due(30) == []
    clock.forward(20 * 60)
    first, second = await warm_ups.due(30)
    assert await warm_ups.due(30) == [], "sent"
    clock.forward(30)
    await warm_ups.done(first)
    assert await warm_ups.due(30) == [second], "a message that brought nothing is sent again"
    row = await warm_ups.find(second)
    assert (row.at in {HERE, THERE}, row.opens_at, row.done_at) == (True, opens_at, None)
    assert await warm_ups.find("wu_nobody") is None


async def test_what_has_opened_needs_no_warm_up_any_more(ledger, clock):
    opens_at = clock.now + timedelta(minutes=5)
    await ledger.warm_ups.plan([(HERE, opens_at, clock.now), (THERE, clock.now, clock.now)])
    clock.forward(300)
    assert await ledger.warm_ups.due(30) == []
    await ledger.warm_ups.plan([(HERE, opens_at, clock.now)])
    assert await ledger.warm_ups.due(30) == []
