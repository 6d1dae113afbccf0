"""Limits: of a key, of what it queues, of an address without a key; counted together where there is a Redis."""

from __future__ import annotations

import logging
import re

import httpx
import pytest

from gateway.api import limits
from gateway.api.limits import Limits
from tasks.settings import Settings
from tests.gateway.api.conftest import new_key
from tests.gateway.conftest import GOOD
from tests.redis_servers import private_redis

LEFT = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """SQLite alone: nothing here is of a database."""
    import shutil

    shutil.copy(migrated_file, tmp_path / "limits.sqlite3")
    return f"sqlite:///{tmp_path / 'limits.sqlite3'}"


@pytest.fixture
def settings(ledger_url, tmp_path):
    return Settings(
        home=tmp_path / "home",
        database_url=ledger_url,
        requests_per_min=6,
        creates_per_min=2,
        strangers_per_min=3,
    )


@pytest.fixture
async def redis(tmp_path):
    server = private_redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def kinds(answers):
    return [answer.status_code for answer in answers]


async def test_a_key_is_told_what_it_has_left_and_then_to_wait(mine, theirs):
    answers = [await mine.get("/v1/me") for _ in range(7)]
    assert kinds(answers) == [200] * 6 + [429]
    assert [LEFT.findall(each.headers["ratelimit"])[0][1] for each in answers] == ["5", "4", "3", "2", "1", "0", "0"]
    assert {each.headers["ratelimit-policy"] for each in answers} == {'"requests";q=6;w=60'}
    refused = answers[-1]
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert refused.json()["detail"] == "more than 6 requests with one key in a minute"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await theirs.get("/v1/me")).status_code == 200


async def test_queueing_has_a_limit_of_its_own(mine):
    answers = [
        await mine.post("/v1/bookings", json=GOOD, headers={"Idempotency-Key": f"order-{n}"}) for n in range(3)
    ]
    assert kinds(answers) == [201, 201, 429]
    assert dict(each[:2] for each in LEFT.findall(answers[1].headers["ratelimit"])) == {
        "requests": "4",
        "creates": "0",
    }
    assert "2 bookings queued with one key" in answers[2].json()["detail"]
    assert (await mine.get("/v1/bookings")).status_code == 200


async def test_an_address_without_a_right_key_is_limited_and_shuts_nobody_out(address, mine):
    async with httpx.AsyncClient(timeout=30, base_url=address) as stranger:
        wrong = {"Authorization": "Bearer rb_abcdefghijkl_" + "x" * 43}
        answers = [
            await stranger.get("/v1/bookings"),
            await stranger.get("/nowhere"),
            await stranger.get("/v1/bookings", headers=wrong),
            await stranger.get("/v1/bookings", headers=wrong),
            await stranger.get("/v1/bookings", headers={"Authorization": "Basic x"}),
            await stranger.get("/openapi.json"),
        ]
    assert kinds(answers) == [401, 404, 401, 429, 429, 429]
    assert '"strangers";q=3;w=60' in answers[-1].headers["ratelimit-policy"]
    assert (await mine.get("/v1/me")).status_code == 200


async def test_two_gateways_count_together(redis, settings):
    shared = settings.model_copy(update={"redis_url": redis.url})
    one, two = Limits(shared), Limits(shared)
    async with one.counting(), two.counting():
        for each in (one, two, one, two, one, two):
            assert not (await each.count(each.requests, "a-key")).refused
        assert (await two.count(two.requests, "a-key")).refused
        assert not (await two.count(two.requests, "another")).refused


async def test_without_its_redis_a_gateway_counts_for_itself_and_says_so_once(redis, settings, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    mine = Limits(settings.model_copy(update={"redis_url": redis.url}))
    async with mine.counting():
        await mine.count(mine.strangers, "here")
        redis.stop()
        monkeypatch.setattr(limits, "AWAY_S", 0.0)
        standings = [await mine.count(mine.strangers, "here") for _ in range(4)]
        assert [each.refused for each in standings] == [False, False, False, True]
        assert len([line for line in caplog.messages if "counted in memory" in line]) == 1
        redis.start()
        assert not (await mine.count(mine.strangers, "somebody")).refused
        assert (await mine.count(mine.strangers, "somebody")).remaining == 1


async def test_a_redis_that_does_not_answer_is_not_asked_for_a_while(redis, settings, monkeypatch):
    mine = Limits(settings.model_copy(update={"redis_url": redis.url}))
    async with mine.counting():
        redis.stop()
        await mine.count(mine.requests, "here")
        asked: list[Exception] = []
        monkeypatch.setattr(mine, "_gone", asked.append)
        await mine.count(mine.requests, "here")
        assert not asked


async def test_me(address, ledger):
    key = await new_key(ledger, "local", ["events:read", "bookings:read"])
    async with httpx.AsyncClient(timeout=30, base_url=address, headers={"Authorization": f"Bearer {key}"}) as client:
        said = (await client.get("/v1/me")).json()
    assert said == {
        "reseller": "local",
        "key": key.split("_")[1],
        "scopes": ["bookings:read", "events:read"],
        "expires_at": None,
        "limits": [
            {"name": "requests", "quota": 6, "window_s": 60},
            {"name": "creates", "quota": 2, "window_s": 60},
        ],
    }
