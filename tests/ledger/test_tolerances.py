"""What is learned of a venue stays learned, whichever workers learn at once; and one notice for each block."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from farm.tolerance import Bounds, Breaker, Go, Met, Wait
from ledger.notices import AGAIN_S, MOST_TRIES, NewNotice
from ledger.tolerances import WHOLE

BOUNDS = Bounds(10, 100, 40, 6, 0.5, 30, 3600)
NOTICE = NewNotice("lakeshore_onsale", "box.office@lakeshore.example", {"status": 403})
THROTTLED, CHALLENGED = Met("throttled"), Met("challenged")


async def test_nothing_is_known_of_a_partner_at_first(ledger):
    assert await ledger.tolerances.all() == []
    assert await ledger.tolerances.ask("hall", None, BOUNDS, "one") == Go(40)
    assert await ledger.tolerances.all() == [], "asking alone writes nothing"


async def test_a_complaint_counts_for_every_worker(ledger, others, clock):
    await ledger.tolerances.tell("hall", None, BOUNDS, THROTTLED)
    assert await others[0].tolerances.ask("hall", None, BOUNDS, "one") == Wait(clock.now + timedelta(seconds=30))
    clock.forward(30)
    assert await others[0].tolerances.ask("hall", None, BOUNDS, "one") == Go(20)
    assert await ledger.tolerances.ask("other", None, BOUNDS, "one") == Go(40)


async def test_workers_that_tell_at_once_undo_nothing(ledger, others):
    await asyncio.gather(
        *(other.tolerances.tell("hall", "desk", BOUNDS, Met("clean", asked=3)) for other in others for _ in range(8))
    )
    for known in (await ledger.tolerances.of("hall")).values():
        assert known.counts.visits == 40
    assert {one.version for one in await ledger.tolerances.all()} == {40}


async def test_a_burst_from_five_workers_counts_once(ledger, others):
    await asyncio.gather(*(other.tolerances.tell("hall", None, BOUNDS, THROTTLED) for other in others))
    known = (await ledger.tolerances.of("hall"))[WHOLE]
    assert (known.rate_per_min, known.counts.throttled) == (20, 5)


async def test_an_account_is_slowed_beside_its_partner(ledger, clock):
    await ledger.tolerances.tell("hall", "desk", BOUNDS, THROTTLED)
    clock.forward(30)
    await ledger.tolerances.tell("hall", None, replace(BOUNDS, floor_per_min=30), Met("clean"))
    assert await ledger.tolerances.ask("hall", None, BOUNDS, "one") == Go(30)
    assert await ledger.tolerances.ask("hall", "desk", BOUNDS, "one") == Go(20)


async def test_of_all_who_ask_after_a_block_one_tries(ledger, others, clock):
    await ledger.tolerances.tell("hall", None, BOUNDS, CHALLENGED)
    clock.forward(3600)
    said = await asyncio.gather(
        *(other.tolerances.ask("hall", "desk", BOUNDS, f"visit {n}") for n, other in enumerate(others))
    )
    (went,) = [one for one in said if isinstance(one, Go)]
    assert went.probe is not None
    await ledger.tolerances.tell("hall", "desk", BOUNDS, Met("clean", probe=went.probe))
    assert all(known.state is Breaker.CLOSED for known in (await ledger.tolerances.of("hall")).values())
    assert isinstance(await ledger.tolerances.ask("hall", "desk", BOUNDS, "next"), Go)


async def test_a_block_has_one_notice_however_many_workers_meet_it(ledger, others, clock):
    began = await asyncio.gather(
        *(other.tolerances.tell("hall", "desk", BOUNDS, CHALLENGED, NOTICE) for other in others)
    )
    assert sorted(began) == [False] * 4 + [True]
    (notice,) = await ledger.notices.newest()
    assert (notice.partner, notice.account, notice.venue) == ("hall", "desk", "lakeshore_onsale")
    assert (notice.at, notice.until) == (clock.now, clock.now + timedelta(hours=1))
    assert (notice.contact, notice.evidence) == (NOTICE.contact, {"status": 403})
    clock.forward(3600)
    await ledger.tolerances.ask("hall", None, BOUNDS, "probe")
    assert await ledger.tolerances.tell("hall", None, BOUNDS, Met("challenged", probe="probe"), NOTICE)
    assert len(await ledger.notices.newest()) == 2, "the next block has its own"


async def test_what_is_no_challenge_tells_nobody(ledger):
    for kind in ("throttled", "down", "down", "down", "clean"):
        assert not await ledger.tolerances.tell("hall", None, BOUNDS, Met(kind), NOTICE)
    assert await ledger.notices.newest() == []


async def test_forgotten_is_as_if_nothing_had_been(ledger):
    await ledger.tolerances.tell("hall", "desk", BOUNDS, CHALLENGED)
    await ledger.tolerances.tell("other", None, BOUNDS, THROTTLED)
    assert await ledger.tolerances.forget("hall") == 2
    assert await ledger.tolerances.ask("hall", "desk", BOUNDS, "one") == Go(40)
    assert [one.partner for one in await ledger.tolerances.all()] == ["other"]
    assert await ledger.tolerances.forget("hall") == 0


async def test_a_person_says_go_on_and_what_was_learned_stays(ledger):
    await ledger.tolerances.tell("hall", "desk", BOUNDS, CHALLENGED)
    assert await ledger.tolerances.go_on("hall") == 2
    assert await ledger.tolerances.ask("hall", "desk", BOUNDS, "one") == Go(20)
    assert await ledger.tolerances.go_on("hall") == 0


class TestNotices:
    @pytest.fixture
    async def told(self, ledger):
        await ledger.tolerances.tell("hall", None, BOUNDS, CHALLENGED, NOTICE)
        return ledger.notices

    async def test_one_sender_has_it(self, told, others):
        claimed = await asyncio.gather(*(other.notices.claim() for other in others))
        assert len([one for one in claimed if one is not None]) == 1

    async def test_sent_is_sent(self, told, clock):
        notice = await told.claim()
        await told.sent(notice.id)
        clock.forward(10 * AGAIN_S)
        assert await told.claim() is None
        assert (await told.newest())[0].sent_at is not None

    async def test_what_failed_or_whose_sender_died_comes_again_later_and_not_for_ever(self, told, clock):
        for tried in range(MOST_TRIES):
            notice = await told.claim()
            assert notice is not None, tried
            await told.failed(notice.id, "connection refused")
            assert await told.claim() is None
            clock.forward(AGAIN_S * 2**tried)
        assert await told.claim() is None
        assert (await told.newest())[0].trouble == "connection refused"
