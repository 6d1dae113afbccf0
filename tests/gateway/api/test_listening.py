"""Nothing lost, nothing twice: streams that break anywhere, slow listeners, writers; held against the rows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing
from functools import partial

import httpx
import pytest
from httpx_sse import aconnect_sse
from readback_client import AsyncClient
from sqlalchemy import create_engine, text

from benchmarks.gateway.serving import GATEWAY, Served
from farm.feed import TYPES
from gateway.api import lines, listening, streams
from gateway.api.listening import Part
from ledger.engine import database_url
from ledger.store import Ledger
from tests.gateway.api.conftest import new_key
from tests.gateway.mcp.test_http import confirm
from tests.ledger.lives import claimed, queued

ROWS = "SELECT number, position, booking_id, kind FROM events WHERE reseller = :reseller ORDER BY position"


def rows(ledger_url, reseller="local"):
    """A reseller's events as they stand in the ledger's own table."""
    engine = create_engine(database_url(ledger_url))
    with engine.connect() as connection:
        found = connection.execute(text(ROWS), {"reseller": reseller}).all()
    engine.dispose()
    return found


async def until(holds: Callable[[], bool]) -> None:
    """Return once it is so."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what it looks at is another's
            await asyncio.sleep(0.02)


@pytest.fixture
def small(monkeypatch):
    """Little is kept and read at once, so that listeners often have to go back to the ledger."""
    for module in (lines, listening):
        monkeypatch.setattr(module, "KEPT", 6)
    for module in (lines, listening, streams):
        monkeypatch.setattr(module, "AT_ONCE", 4)
    monkeypatch.setattr(listening, "LOOK_S", 0.05)


async def write(ledger: Ledger, chance: random.Random, lives: int) -> None:
    for _ in range(lives):
        life = await claimed(ledger)
        await queued(ledger, reseller="theirs")
        if chance.random() < 0.5:
            await confirm(ledger, life)
        await asyncio.sleep(chance.random() / 50)


class Listener:
    """Follows a stream that it leaves again and again."""

    def __init__(self, client: httpx.AsyncClient, path: str, chance: random.Random, **params: object) -> None:
        self._ask = partial(aconnect_sse, client, "GET", path, params={"after": 0} | params, timeout=20)
        self._chance = chance
        self.heard: list[str] = []
        self.place = "0"

    async def follow(self, last: asyncio.Future[str]) -> Sequence[int]:
        while not (last.done() and self.place == last.result()):
            async with self._ask(headers={"Last-Event-ID": self.place}) as source:
                if source.response.status_code == httpx.codes.NO_CONTENT:
                    break
                source.response.raise_for_status()
                await self._hear(source)
        return [int(each) for each in self.heard]

    async def _hear(self, source) -> None:
        """A few events, or as long as some come; then it is gone without a word."""
        patience_s = self._chance.uniform(0.05, 0.5)
        async with aclosing(source.aiter_sse()) as came:
            for _ in range(self._chance.choice([1, 2, 5, 40])):
                try:
                    said = await asyncio.wait_for(anext(came), patience_s)
                except (TimeoutError, StopAsyncIteration):
                    return
                self.place = said.id
                if said.data:
                    self.heard.append(said.id)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", [1, 2])
async def test_listeners_that_come_and_go_hear_each_event_once(mine, theirs, ledger, ledger_url, seed):
    chance = random.Random(seed)
    life, last = await claimed(ledger), asyncio.get_running_loop().create_future()
    some = {"type": ["booking.claimed", "booking.confirmed"]}
    listeners = [
        *(Listener(mine, "/v1/events/stream", chance) for _ in range(4)),
        Listener(mine, "/v1/events/stream", chance, **some),
        Listener(theirs, "/v1/events/stream", chance),
        Listener(mine, f"/v1/bookings/{life.id}/events/stream", chance),
    ]
    lasts = [asyncio.get_running_loop().create_future() for _ in listeners]
    following = [asyncio.create_task(each.follow(last)) for each, last in zip(listeners, lasts, strict=True)]
    async with asyncio.TaskGroup() as writers:
        for _ in range(3):
            writers.create_task(write(ledger, chance, 8))
    await confirm(ledger, life)
    own, others = rows(ledger_url), rows(ledger_url, "theirs")
    kinds = {TYPES[each].kind for each in some["type"]}
    wanted = [
        *([row.position for row in own] for _ in range(4)),
        [row.position for row in own if row.kind in kinds],
        [row.position for row in others],
        [row.number for row in own if row.booking_id == life.id],
    ]
    for last, numbers in zip(lasts, wanted, strict=True):
        last.set_result(str(numbers[-1]))
    heard = await asyncio.wait_for(asyncio.gather(*following), 60)
    assert heard == wanted
    assert wanted[0] == list(range(1, len(own) + 1))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
async def test_one_who_reads_slowly_goes_on_from_the_ledger(ledger, ledger_url):
    """What waits for it is never more than a few events, however many there are."""
    asked: list[int] = []

    async def read(place):
        asked.append(place)
        return await ledger.feed.page("local", place, lines.AT_ONCE)

    everything = Part(0, lambda row: row.position, lambda _: True, read)
    heard: list[int] = []
    async with listening.listening_to(ledger, 10) as house:
        with house.seat("slow", "local") as seat:
            async with aclosing(seat.hear(everything)) as came:
                for _ in range(5):
                    for _ in range(12):
                        await queued(ledger)
                    await until(lambda: seat.tail.head % 12 == 0 and len(rows(ledger_url)) == seat.tail.head)
                    some = await asyncio.wait_for(anext(came), 5)  # and then it stands still again
                    assert len(some) <= lines.AT_ONCE
                    heard += [line.record.position for line in some]
                while heard[-1] < 60:
                    heard += [line.record.position for line in await asyncio.wait_for(anext(came), 5)]
    assert heard == list(range(1, 61))
    assert len(asked) > 5


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
async def test_nobody_looks_while_nobody_listens(ledger):
    before = asyncio.all_tasks()
    async with listening.listening_to(ledger, 10) as house:
        for _ in range(2):
            with house.seat("a", "local"), house.seat("b", "theirs"):
                assert len(asyncio.all_tasks() - before) == 1
            await until(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
async def test_a_gateway_is_killed_and_started_again(ledger, ledger_url, tmp_path):
    """The client's own streams, over kills; nobody is told that a connection was cut."""
    key = await new_key(ledger, "local")
    heard: list[list[int]] = [[], [], []]

    async def follow(numbers: list[int]) -> None:
        async with AsyncClient(key=key, url=served.address) as client:
            async for event in client.stream(after=0):
                numbers.append(event.number)  # noqa: PERF401 - it is looked at meanwhile

    with Served(GATEWAY, tmp_path / "gateway", {"READBACK_DATABASE_URL": ledger_url}) as served:
        following = [asyncio.create_task(follow(numbers)) for numbers in heard]
        writing = asyncio.create_task(write(ledger, random.Random(1), 20))
        await until(lambda: all(heard))
        assert served.kill()
        await asyncio.to_thread(served.restart)
        await writing
        wanted = [row.position for row in rows(ledger_url)]
        await until(lambda: all(len(numbers) >= len(wanted) for numbers in heard))
        for each in following:
            each.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    assert heard == [wanted] * 3
