"""Permits and tokens as a worker asks for them, at a real Redis on its own clock: restarts, outages, places."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from farm.errors import PacingDeferred
from profiles.pacing import pace as paces
from profiles.pacing import tokens
from profiles.pacing.errand import Errand
from profiles.pacing.pace import Later, Pace, Permit
from profiles.pacing.rules import LATE_S, SECOND_US, of_requests
from profiles.pacing.store import Store, StoreAway
from profiles.pacing.tokens import VisitTokens
from profiles.partner import Partner, Partners
from tests.profiles.pacing.conftest import terms
from tests.redis_servers import private_redis

STOCK = Partners.load([Path(__file__).parents[3] / "profiles" / "partners"]).must_have("bologna_tables")
NOW = datetime(2029, 12, 4, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
STATE = "readback:pace:{bologna_tables}:state"
VISITS = "readback:pace:{bologna_tables}:visits"


def partner(**changes):
    return STOCK.model_copy(update={"pacing": terms(**changes)})


@pytest.fixture
async def store(server):
    store = Store(server.url)
    await redis_of(store).flushall()
    yield store
    await store.close()


def redis_of(store) -> Any:
    return store._client


async def known(store, of):
    """The partner's first day is over, and nothing was asked of it for long."""
    rules = of_requests(of.pacing, first=True)
    await store.ask(of.slug, "take", {"rules": [r.asked for r in rules], "ticket": "", "keep_ms": 1}, "first")
    await store._client.hset(STATE, mapping={"opens": 0, "tat:requests": 0})


class NoRedis(Store):
    def __init__(self) -> None:
        super().__init__(None)
        self.asked = 0

    async def ask(self, *_, **__):
        self.asked += 1
        raise StoreAway("nobody should ask")


def errand(kind="book", ticket="bk"):
    return Errand(kind, ticket, "ada")


async def test_a_partner_without_limits_costs_nothing():
    store = NoRedis()
    pace = Pace(store)
    async with pace.permit(STOCK, errand(), ROME, NOW) as permit:
        assert isinstance(permit, Permit)
        await permit.click()
        async with pace.visit(STOCK, permit, None, first=False) as visit:
            await visit.take(first=False)
            visit.owe()
    await pace.heed(STOCK, 30)
    assert store.asked == 0


async def test_a_redis_that_is_away_lets_nobody_through(monkeypatch):
    monkeypatch.setattr(tokens, "LONGEST_WAIT_S", 0.8)
    monkeypatch.setattr(paces, "LONGEST_WAIT_S", 0.8)
    pace, of = Pace(Store("redis://127.0.0.1:1/0")), partner(visits_at_once=1)
    async with pace.permit(of, errand(), ROME, NOW) as permit:
        assert isinstance(permit, Later)
        assert permit.until > NOW
    with pytest.raises(PacingDeferred, match="does not answer"):
        await VisitTokens(pace.store, of.slug, of_requests(of.pacing), ()).take(first=False)
    with pytest.raises(PacingDeferred, match="does not answer"):
        async with pace.visit(of, None, None, first=True):
            pass


async def test_a_redis_that_comes_back_lets_the_waiting_request_through(tmp_path):
    server = private_redis(tmp_path)
    of = partner(requests_per_min=6000, burst_requests=100)
    store = Store(server.url)
    waiting = asyncio.create_task(VisitTokens(store, of.slug, of_requests(of.pacing), ()).take(first=False))
    await asyncio.sleep(0)
    assert not waiting.done()
    with server:
        await waiting
        await store.close()


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_redis_that_is_started_again_never_lets_a_burst_through(tmp_path, keeps):
    """Killed in the middle of a burst: what it still knows, if anything, is from before that."""
    of = partner(requests_per_min=100, burst_requests=20, read_back_requests=0)
    rules = of_requests(of.pacing)

    async def got(store, count):
        asked = {"rules": [rule.asked for rule in rules], "ticket": "", "keep_ms": 1000}
        return [(await store.ask(of.slug, "take", asked, token_hex(4)))[0] == 0 for _ in range(count)].count(True)

    with private_redis(tmp_path) as server:
        store = Store(server.url)
        await known(store, of)
        assert await got(store, 12) == 12
        assert server._process is not None
        server._process.kill()
        server._process.wait()
        await store.close()
    if not keeps:
        shutil.rmtree(tmp_path / "redis")
    with private_redis(tmp_path) as server:
        store = Store(server.url)
        assert await redis_of(store).hlen(STATE) == 0 or keeps
        assert await got(store, 40) == 0
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(LATE_S + rules[0].interval_us / SECOND_US + 0.05)
        had = await got(store, 40)
        passed_s = asyncio.get_running_loop().time() - began + 1  # with what went by before it was asked
        assert 1 <= had <= passed_s * SECOND_US / rules[0].interval_us
        await store.close()


async def test_one_more_visit_begins_when_another_has_ended(store):
    pace, of = Pace(store), partner(visits_at_once=1, requests_per_min=6000, burst_requests=100)
    await known(store, of)
    async with pace.permit(of, errand(ticket="a"), ROME, NOW) as permit:
        assert isinstance(permit, Permit)
        async with pace.visit(of, permit, None, first=False) as visit:
            await visit.take(first=False)
        async with pace.permit(of, errand(ticket="b"), ROME, NOW) as later:
            assert isinstance(later, Later)
            assert NOW < later.until < NOW + timedelta(minutes=1)
        assert permit.used == 1
    async with pace.permit(of, errand("look", "c"), ROME, NOW) as permit:
        assert isinstance(permit, Permit)
    assert await store._client.zcard(VISITS) == 0


async def test_a_place_lasts_as_long_as_its_visit(store, monkeypatch):
    from profiles.pacing import store as stored

    monkeypatch.setattr(stored, "LEASE_S", 1.0)
    monkeypatch.setattr(paces, "LEASE_S", 1.0)
    pace, of = Pace(store), partner(visits_at_once=1)
    await known(store, of)
    async with pace.permit(of, errand(ticket="a"), ROME, NOW) as permit:
        assert isinstance(permit, Permit)
        ends = await store._client.zscore(VISITS, "a")
        await asyncio.sleep(1.1)
        assert await store._client.zscore(VISITS, "a") > ends
        async with pace.permit(of, errand("look", "b"), ROME, NOW) as later:
            assert isinstance(later, Later)


async def test_a_visit_of_another_partner_takes_a_place_of_its_own(store, monkeypatch):
    monkeypatch.setattr(paces, "LONGEST_WAIT_S", 0.5)
    pace, of = Pace(store), partner(visits_at_once=1)
    await known(store, of)
    async with pace.visit(of, None, None, first=True):
        with pytest.raises(PacingDeferred, match="as many visits as agreed"):
            async with pace.visit(of, None, None, first=True):
                pass
    async with pace.visit(of, None, None, first=True):
        pass


async def test_what_was_learned_slows_down_and_never_speeds_up(store):
    of = partner(requests_per_min=6000, burst_requests=2, read_back_requests=0)
    assert of_requests(of.pacing, 9000) == of_requests(of.pacing)

    async def learned(_: Partner, role: str | None) -> float:
        return 60.0 if role == "desk" else 6000.0

    slow = Pace(store, learned)
    await known(store, of)
    async with slow.visit(of, None, "desk", first=False) as visit:
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        await visit.take(first=False)
        await visit.take(first=False)
    assert asyncio.get_running_loop().time() - began >= 1.0


async def test_a_token_that_came_too_late_is_not_used(store):
    """This process stood still between the answer and the request."""
    of = partner(requests_per_min=6000, burst_requests=50)
    await known(store, of)
    ask, answers = store.ask, []

    async def slow(*args, **kwargs):
        answers.append(await ask(*args, **kwargs))
        if len(answers) == 1:
            await asyncio.sleep(LATE_S + 0.1)
        return answers[-1]

    store.ask = slow
    await VisitTokens(store, of.slug, of_requests(of.pacing), ()).take(first=False)
    assert [wait_s for wait_s, _ in answers] == [0, 0]
