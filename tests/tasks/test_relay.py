"""The relay outlives its database, its broker and rows that it does not know."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from ledger.store import Ledger
from tasks import relay as module
from tests.tasks.house import House, farm_at


class Broker:
    """Takes messages, unless it is away."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.error: Exception | None = None
        self.asked = 0

    def send_task(self, name, arguments, queue):
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.took.append(arguments[0])


@pytest.fixture
async def farm(house_farm):
    async with await Ledger.open(house_farm.settings.ledger_url, lambda: datetime.now(UTC)) as ledger:
        yield farm_at(House(), ledger, house_farm.settings)


@pytest.fixture
async def broker(farm, monkeypatch):
    """A relay runs, with this broker."""
    broker, stop = Broker(), asyncio.Event()
    monkeypatch.setattr(module, "app", broker)
    monkeypatch.setattr(module, "BACK_OFF_S", 0.05)
    running = asyncio.create_task(module.relay(farm.settings, stop))
    yield broker
    assert not running.done(), running
    stop.set()
    await asyncio.wait_for(running, 10)


async def comes(condition):
    """It becomes true in time."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it waits for is not ours to set
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("error", [OperationalError("SELECT", {}, Exception("away")), RuntimeError("a bug")])
async def test_a_database_that_is_away_for_a_moment_only_delays(farm, broker, monkeypatch, error):
    looks, looked = Ledger.next_due, []

    async def away(*_):
        looked.append(error)
        raise error

    monkeypatch.setattr(Ledger, "next_due", away)
    booking_id = await farm.queue()
    await comes(lambda: len(looked) >= 3)
    monkeypatch.setattr(Ledger, "next_due", looks)
    await comes(lambda: broker.took == [booking_id])


@pytest.mark.parametrize("error", [ConnectionError("refused"), ValueError("OOM command not allowed")])
async def test_what_the_broker_does_not_take_is_sent_as_soon_as_it_does(farm, broker, error):
    broker.error = error
    booking_id = await farm.queue()
    await comes(lambda: broker.asked >= 3)
    broker.error = None
    await comes(lambda: broker.took == [booking_id])


async def test_a_wake_up_that_nobody_here_knows_holds_up_no_other(farm, broker, caplog):
    first = await farm.queue()
    await comes(lambda: broker.took == [first])
    await farm.ledger._database.write(
        lambda c: c.execute(
            text("INSERT INTO wake_ups (booking_id, kind, due_at, sends) VALUES (:id, 'wave', '2020-01-01', 0)"),
            {"id": first},
        )
    )
    second = await farm.queue()
    await comes(lambda: broker.took == [first, second])
    assert "wave" in caplog.text
