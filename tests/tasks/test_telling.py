"""From an event in the ledger to a platform's own server: relay, broker and worker as processes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
import redis
from standardwebhooks import Webhook

from farm.identity import mint_code
from ledger.names import new_id
from ledger.store import Ledger
from ledger.webhooks import NewWebhook
from tasks import telling
from tasks.delivering import sealed_for
from tasks.keeping import state_keys_of
from tasks.queues import NOTIFY_QUEUE
from tasks.settings import Settings
from tests.ledger.lives import request
from tests.redis_servers import private_redis
from tests.tasks.receiver import receiving
from tests.tasks.test_delivering import SECRET

PATIENCE_S = 60


class Broker:
    """Takes messages, unless it is away."""

    def __init__(self) -> None:
        self.took: list[tuple[str, str, str]] = []
        self.away = False

    def send_task(self, name, arguments, queue):
        if self.away:
            raise ConnectionError("refused")
        self.took.append((name, arguments[0], queue))


async def new_hook(ledger, settings, url):
    webhook_id = new_id("wh", ledger.clock(), secrets.token_bytes)
    sealed = state_keys_of(settings).seal(SECRET.encode(), sealed_for(webhook_id))
    await ledger.webhooks.add(NewWebhook(webhook_id, "local", url, None, sealed))
    return webhook_id


async def test_a_broker_that_is_away_only_delays(house_farm, monkeypatch):
    ledger, settings, broker = house_farm.ledger, house_farm.settings, Broker()
    monkeypatch.setattr(telling, "app", broker)
    webhook_id = await new_hook(ledger, settings, "https://hook.example/")
    await house_farm.queue()
    await ledger.deliveries.plan()
    broker.away = True
    await telling.tell(ledger, settings)
    assert broker.took == []
    broker.away = False
    for _ in range(2):
        await telling.tell(ledger, settings)
    assert broker.took == [("farm.notify", webhook_id, "notify")]


@pytest.fixture
def broker(tmp_path):
    server = private_redis(tmp_path / "broker")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(tmp_path, broker, migrated_file):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_file, home / "ledger.sqlite3")
    return Settings(home=home, broker_url=broker.broker_url, webhooks_to_loopback=True)


def started(settings, log):
    """A relay, and a worker for webhooks."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("READBACK_")}
    ours = {
        "READBACK_HOME": str(settings.home),
        "READBACK_BROKER_URL": settings.broker_url,
        "READBACK_WEBHOOKS_TO_LOOPBACK": "true",
        "READBACK_RESEND_S": "2",
    }
    worker = ["tasks.worker", NOTIFY_QUEUE, "threads", "2", str(settings.home / "ready")]
    with log.open("ab") as out:
        return [
            subprocess.Popen(
                [sys.executable, "-m", *words],
                env=clean | ours,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            for words in (worker, ["tasks.relay"])
        ]


@asynccontextmanager
async def farm(settings):
    """They run until this is left, and log no address."""
    log = settings.home / "log"
    running = started(settings, log)
    try:
        yield
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            await asyncio.to_thread(process.wait, PATIENCE_S)
            process.stdin.close()
    assert "geheim" not in log.read_text()
    assert "Traceback" not in log.read_text()


async def comes(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what comes to a real server
            await asyncio.sleep(0.05)


@pytest.mark.e2e
async def test_what_happens_gets_there_also_when_everything_was_stopped_or_forgotten_meanwhile(settings, broker):
    with receiving() as receiver:
        async with await Ledger.open(settings.ledger_url) as ledger:
            await new_hook(ledger, settings, receiver.url)
            async with farm(settings):
                booking = (await ledger.accept(request(), mint_code(os.urandom))).booking
                await comes(lambda: len(receiver.got) == 1)
            for _ in range(3):
                await ledger.note(booking.id, "booking.lost")
                await ledger.note(booking.id, "attempt.step")
            with redis.Redis(unix_socket_path=str(broker.socket)) as client:
                client.flushall()
            async with farm(settings):
                await comes(lambda: len(receiver.got) == 4)
                await ledger.note(booking.id, "booking.lost")
                await comes(lambda: len(receiver.got) == 5)
        said = [Webhook(SECRET).verify(got.body, got.headers)["data"] for got in receiver.got]
        assert [event["type"] for event in said] == ["booking.queued", *["booking.lost"] * 4]
        assert [event["number"] for event in said] == [1, 2, 4, 6, 8]
        assert len(set(receiver.ids)) == 5
        assert "ada@example.com" not in json.dumps(said)
