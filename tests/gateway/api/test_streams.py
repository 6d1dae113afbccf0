"""Streams over a real port: what comes, where they begin, how they go on, and when they end."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from httpx_sse import aconnect_sse
from sqlalchemy import Engine, event

from gateway.api import listening
from tasks.settings import Settings
from tests.gateway.api.conftest import new_key
from tests.gateway.mcp.test_http import confirm
from tests.ledger.lives import claimed, queued

pytestmark = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)


@pytest.fixture
def most():
    """So many streams may be open with one key."""
    return 100


@pytest.fixture
def settings(ledger_url, tmp_path, most):
    return Settings(home=tmp_path / "home", database_url=ledger_url, streams_per_key=most)


@asynccontextmanager
async def stream(client, path="/v1/events/stream", last_id=None, **params):
    """What comes of a stream; the place where it began first."""
    headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
    async with aconnect_sse(client, "GET", path, headers=headers, params=params, timeout=20) as source:
        source.response.raise_for_status()
        async with aclosing(source.aiter_sse()) as heard:
            yield heard


async def some(heard, count):
    return [await asyncio.wait_for(anext(heard), 10) for _ in range(count)]


async def test_a_reseller_hears_its_own_from_now_on(mine, theirs, ledger):
    await queued(ledger)
    async with stream(mine) as heard, stream(theirs) as foreign:
        (began,) = await some(heard, 1)
        assert (began.id, began.data) == ("1", "")
        assert 1000 <= began.retry <= 3000
        await some(foreign, 1)
        await queued(ledger, reseller="theirs")
        booking = await queued(ledger)
        (came,) = await some(heard, 1)
        (other,) = await some(foreign, 1)
    paged = (await mine.get("/v1/events", params={"after": 1})).json()["events"]
    assert (came.id, came.event) == ("2", "booking.queued")
    assert [json.loads(came.data)] == paged
    assert paged[0]["booking"] == booking
    assert json.loads(other.data)["booking"] != booking


@pytest.mark.parametrize(
    ("given", "numbers"),
    [({"after": 0}, "01234"), ({"after": 2}, "234"), ({"last_id": 3}, "34"), ({"after": 0, "last_id": 2}, "234")],
)
async def test_it_goes_on_behind_the_last_id(mine, ledger, given, numbers):
    await claimed(ledger)
    async with stream(mine, **given) as heard:
        assert "".join(came.id for came in await some(heard, len(numbers))) == numbers


async def test_only_the_types_that_are_asked_for(mine, ledger):
    async with stream(mine, type=["booking.claimed", "booking.confirmed"]) as heard:
        await some(heard, 1)
        life = await claimed(ledger)
        await confirm(ledger, life)
        found = await some(heard, 2)
    assert [came.event for came in found] == ["booking.claimed", "booking.confirmed"]
    wrong = await mine.get("/v1/events/stream", params={"type": "booking.confirmd"})
    assert wrong.json()["faults"][0]["what"].endswith("did you mean `booking.confirmed`?")


async def test_of_a_booking_all_comes_until_it_is_settled(mine, ledger):
    await queued(ledger)
    life = await claimed(ledger)
    path = f"/v1/bookings/{life.id}/events/stream"
    async with stream(mine, path) as heard:
        found = await some(heard, 5)
        await confirm(ledger, life)
        found += await asyncio.wait_for(_rest(heard), 10)
    assert [came.id for came in found] == ["0", "1", "2", "3", "4", "5"]
    assert found[-1].event == "booking.confirmed"
    paged = (await mine.get(f"/v1/bookings/{life.id}/events")).json()["events"]
    assert [json.loads(came.data) for came in found[1:]] == paged
    assert (await mine.get(path, headers={"Last-Event-ID": "5"})).status_code == 204
    again = await mine.get(path)
    assert again.text.count("\nevent: ") == 5
    await ledger.request_cancel(life.id)
    async with stream(mine, path, last_id=5) as heard:
        (_, asked) = await some(heard, 2)
    assert (asked.id, asked.event) == ("6", "booking.cancel_requested")


async def _rest(heard):
    return [came async for came in heard]


async def test_where_it_cannot_go_on(mine, theirs, ledger):
    life = await claimed(ledger)
    path = f"/v1/bookings/{life.id}/events/stream"
    for where in ("/v1/events/stream", path):
        for last_id in ("x", "-1", "5", str(2**70)):
            no = await mine.get(where, headers={"Last-Event-ID": last_id})
            assert (no.status_code, no.headers["content-type"]) == (422, "application/problem+json")
            assert [fault["where"].lower() for fault in no.json()["faults"]] == ["last-event-id"]
        assert (await mine.get(where, params={"after": 9})).json()["faults"][0]["where"] == "after"
    hidden, missing = await theirs.get(path), await theirs.get("/v1/bookings/bk_none/events/stream")
    assert hidden.status_code == 404
    assert hidden.json() | {"instance": None} == missing.json() | {"instance": None}


async def test_a_key_without_the_scope(address, ledger):
    headers = {"Authorization": f"Bearer {await new_key(ledger, 'local', ['bookings:read'])}"}
    async with httpx.AsyncClient(timeout=30, base_url=address, headers=headers) as client:
        assert (await client.get("/v1/events/stream")).status_code == 403


@pytest.mark.parametrize("most", [2])
async def test_streams_of_a_key_are_counted(mine, theirs):
    async with stream(mine) as first, stream(mine) as second, stream(theirs) as other:
        for heard in (first, second, other):
            await some(heard, 1)
        no = await mine.get("/v1/events/stream")
        assert (no.status_code, no.json()["type"]) == (429, "/problems/too-many-streams")
        assert no.headers["Retry-After"]
    async with stream(mine) as heard:
        await some(heard, 1)


async def test_a_stream_ends_with_its_key(address, ledger, monkeypatch):
    monkeypatch.setattr(listening, "KEYS_S", 0.0)
    key = await new_key(ledger, "local", expires_at=ledger.clock() + timedelta(seconds=1.5))
    async with httpx.AsyncClient(timeout=30, base_url=address, headers={"Authorization": f"Bearer {key}"}) as client:
        async with stream(client) as heard:
            await some(heard, 1)
            assert await asyncio.wait_for(_rest(heard), 10) == []
        assert (await client.get("/v1/events/stream")).status_code == 401


@pytest.fixture
def reads():
    """Every statement that reads events."""
    sent: list[str] = []

    def note(connection, cursor, statement, *_):
        if "FROM events" in statement:
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


async def test_many_listeners_cost_no_more_than_one(mine, ledger, reads):
    async with AsyncExitStack() as stack:
        heard = [await stack.enter_async_context(stream(mine)) for _ in range(20)]
        await queued(ledger)
        for each in heard:
            assert [came.id for came in await some(each, 2)] == ["0", "1"]
        reads.clear()
        await queued(ledger)
        await queued(ledger)
        for each in heard:
            assert [came.id for came in await some(each, 2)] == ["2", "3"]
    assert 1 <= len(reads) <= 2


async def test_a_gateway_that_ends_ends_its_streams(mine, server):
    async with stream(mine) as heard:
        await some(heard, 1)
        server.should_exit = True
        assert await asyncio.wait_for(_rest(heard), 5) == []
