"""A reseller sees nothing of another: every route of the gateway, walked with what belongs to somebody else."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.gateway.api.walking import WAYS, absent, each_way, things
from tests.ledger.lives import queued

LISTS = [way for way in WAYS if way.method == "GET" and not way.own and way.path.startswith("/v1")]
OWNED = [way for way in WAYS if way.own]
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)|\"age_s\":[\d.]+")


@pytest.fixture
def ledger_url(migrated_file, tmp_path):
    """SQLite alone: whose a row is, is asked in the same words everywhere."""
    import shutil

    shutil.copy(migrated_file, tmp_path / "walk.sqlite3")
    return f"sqlite:///{tmp_path / 'walk.sqlite3'}"


async def asked(client, way, names):
    """The answer's status, and its text without what no two answers share."""
    async with client.stream(
        way.method,
        way.at(names),
        params=way.query,
        json=way.body,
        headers={"Idempotency-Key": "order-1"},
    ) as answer:
        assert not (way.streams and answer.status_code == 200), f"{way} streams what is somebody else's"
        text = (await answer.aread()).decode().replace(answer.headers["readback-request-id"], "")
    for name in names.values():
        text = text.replace(name, "")
    return answer.status_code, _MOMENT.sub("", text)


def test_there_is_something_to_walk():
    assert {str(way) for way in OWNED} >= {
        "GET /v1/bookings/{booking_id}",
        "PATCH /v1/bookings/{booking_id}",
        "POST /v1/bookings/{booking_id}/cancel",
        "GET /v1/bookings/{booking_id}/events",
        "GET /v1/bookings/{booking_id}/events/stream",
    }
    assert {str(way) for way in LISTS} >= {"GET /v1/bookings", "GET /v1/events", "GET /v1/events/stream"}


async def test_what_is_somebody_elses_is_as_if_it_were_not_there(mine, theirs, ledger):
    my, their = await things(ledger, "local"), await things(ledger, "theirs")
    before = await everything(mine, ledger)
    for way in OWNED:
        for name in way.own:
            stolen = await asked(theirs, way, their | {name: my[name]})
            missing = await asked(theirs, way, their | {name: absent(my[name])})
            assert stolen == missing, f"{way} with somebody else's {name}"
            assert stolen[0] == 404, f"{way}: {stolen}"
    assert await everything(mine, ledger) == before


async def everything(mine, ledger):
    """All that there is of mine: nobody else can have changed it."""
    return [await asked(mine, way, {}) for way in LISTS if not way.streams], await ledger.bookings()


@each_way(*(way for way in LISTS if not way.streams))
async def test_a_list_says_nothing_of_somebody_else(mine, theirs, ledger, way):
    empty = await asked(theirs, way, {})
    assert empty[0] == 200
    my = await things(ledger, "local")
    assert await asked(theirs, way, {}) == empty
    if way.path in {"/v1/bookings", "/v1/events"}:
        assert my["booking_id"] in (await asked(mine, way, {}))[1]


@each_way(*(way for way in LISTS if way.streams))
async def test_a_stream_says_nothing_of_somebody_else(mine, theirs, ledger, way):
    my = await things(ledger, "local")
    last = await queued(ledger, reseller="theirs")
    heard = ""
    async with asyncio.timeout(30), theirs.stream("GET", way.path, params={"after": 0}) as answer:
        async for line in answer.aiter_lines():
            heard += line
            if last in line:
                break
    assert last in heard
    assert my["booking_id"] not in heard
