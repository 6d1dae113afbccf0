"""The door for platforms that share the broker: another Celery application, in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager

import psutil
import pytest
import redis

from farm.status import BookingStatus
from ledger.store import Ledger
from tasks.door import LARGEST_BYTES, taken_in
from tasks.queues import DOOR_QUEUE
from tasks.settings import Settings
from tests.redis_servers import private_redis

WISH = {
    "reseller": "a_platform",
    "guest": {"name": "Ada Geheim", "email": "ada.geheim@example.com"},
    "party": {"adults": 2},
    "when": {"date": "2029-12-04", "earliest": "19:00", "latest": "21:00"},
    "venues": ["osteria_luna"],
}
PATIENCE_S = 60
PLATFORM = textwrap.dedent("""
    import json, sys
    from celery import Celery

    assert not [name for name in sys.modules if name.partition(".")[0] in ("farm", "tasks", "ledger")]
    broker, results, sends = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    app = Celery("a_platform", broker=broker, backend=results)
    app.conf.broker_transport_options = {"global_keyprefix": "readback:"}
    sent = [
        app.send_task("readback.book", [wish], {"idempotency_key": key}, queue="door", argsrepr="-", **more)
        for wish, key, more in sends
    ]
    print(json.dumps([each.get(timeout=60) for each in sent]))
""")


class TestWhatIsAnswered:
    async def ask(self, farm, written, key="order-1"):
        return (await taken_in(farm, written, key)).model_dump(mode="json", exclude_none=True)

    async def test_a_booking(self, house_farm):
        answer = await self.ask(house_farm, WISH)
        assert answer["status"] == "queued"
        booking = await house_farm.ledger.booking(answer["booking"])
        assert (booking.reseller, booking.status) == ("a_platform", BookingStatus.QUEUED)
        assert await self.ask(house_farm, WISH) == answer

    async def test_a_known_key_answers_when_its_time_is_past(self, house_farm, clock):
        answer = await self.ask(house_farm, WISH)
        clock.forward(2 * 365 * 24 * 3600)
        assert await self.ask(house_farm, WISH) == answer
        assert "problem" in await self.ask(house_farm, WISH, "order-2")

    async def test_every_fault_is_named(self, house_farm):
        wrong = WISH | {"guest": {"name": "Ada Geheim", "email": "geheim"}, "servise": 1, "venues": ["osteria_lnua"]}
        answer = await self.ask(house_farm, wrong)
        assert {fault["where"] for fault in answer["problem"]["faults"]} == {"guest.email", "servise", "venues.0"}
        assert answer["problem"]["then"] == "nothing was queued: correct it"
        assert "geheim" not in json.dumps(answer).lower()
        assert await house_farm.ledger.bookings() == []

    async def test_a_key_of_another_request(self, house_farm):
        await self.ask(house_farm, WISH)
        answer = await self.ask(house_farm, WISH | {"party": {"adults": 3}})
        assert "another request" in answer["problem"]["title"]
        assert len(await house_farm.ledger.bookings()) == 1

    @pytest.mark.parametrize(
        ("written", "key"),
        [
            (None, "k"),
            ([WISH], "k"),
            ("{}", "k"),
            (WISH | {"context": {"a": float("nan")}}, "k"),
            (WISH | {"context": {"a": object()}}, "k"),
            (WISH | {"context": {"a": "\ud800"}}, "k"),
            (WISH | {"context": {"a": "x" * LARGEST_BYTES}}, "k"),
            (WISH, ""),
            (WISH, "a b"),
            (WISH, "x" * 256),
            (WISH, 7),
        ],
    )
    async def test_what_is_no_request_and_no_key(self, house_farm, written, key):
        answer = await self.ask(house_farm, written, key)
        assert answer["problem"]["faults"]
        assert await house_farm.ledger.bookings() == []

    async def test_a_bug_says_nothing_of_the_guest(self, house_farm, monkeypatch, caplog):
        async def broken(*given):
            raise RuntimeError("Ada Geheim")

        monkeypatch.setattr(house_farm.ledger, "accept", broken)
        answer = await self.ask(house_farm, WISH)
        assert "same key" in answer["problem"]["then"]
        assert "RuntimeError in broken" in caplog.text
        assert "Geheim" not in caplog.text + json.dumps(answer)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    server = private_redis(tmp_path_factory.mktemp("broker"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(tmp_path, broker, migrated_file):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_file, home / "ledger.sqlite3")
    with redis.Redis(unix_socket_path=str(broker.socket)) as client:
        client.flushall()
    return Settings(
        home=home,
        broker_url=broker.broker_url,
        results_url=broker.broker_url.replace("virtual_host=0", "virtual_host=1"),
    )


def until(condition):
    ends_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


@contextmanager
def worker(settings):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("READBACK_")}
    ours = {
        "READBACK_HOME": str(settings.home),
        "READBACK_BROKER_URL": settings.broker_url,
        "READBACK_RESULTS_URL": settings.results_url,
    }
    log, ready = settings.home / "worker.log", settings.home / "ready"
    ready.unlink(missing_ok=True)
    with log.open("ab") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "tasks.worker", DOOR_QUEUE, "prefork", "1", str(ready)],
            env=clean | ours,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: ready.exists() or running.poll() is not None)
        assert running.poll() is None, log.read_text()
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE_S)
        assert running.stdin is not None
        running.stdin.close()
    assert "Geheim" not in log.read_text()


def platform(settings, *sends):
    """Start another application that sends these, and prints what is answered."""
    command = [sys.executable, "-c", PLATFORM, settings.broker_url, settings.results_url, json.dumps(sends)]
    return subprocess.Popen(command, cwd=settings.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(asking):
    said, wrong = asking.communicate(timeout=2 * PATIENCE_S)
    assert asking.returncode == 0, wrong
    return json.loads(said)


async def booked(settings):
    async with await Ledger.open(settings.ledger_url) as ledger:
        return [booking.id for booking in await ledger.bookings()]


@pytest.mark.e2e
async def test_another_application_books(settings):
    wrong = WISH | {"guest": {"name": "Ada Geheim", "email": "no address"}}
    asking = platform(
        settings,
        (WISH, "order-1", {}),
        (WISH, "order-1", {}),  # sent twice by the platform
        (WISH, None, {"task_id": "a-message"}),
        (WISH, None, {"task_id": "a-message"}),  # the same message twice
        (wrong, "order-2", {}),
    )
    with worker(settings):
        first, again, own, twice, refused = answers(asking)
    assert first == again
    assert own == twice
    assert first["status"] == own["status"] == "queued"
    assert sorted(await booked(settings)) == sorted([first["booking"], own["booking"]])
    assert [fault["where"] for fault in refused["problem"]["faults"]] == ["guest.email"]


@pytest.mark.e2e
async def test_a_ledger_that_is_away_and_a_process_that_is_killed_lose_nothing(settings):
    """The message stays in the broker until it has booked, once."""
    ledger, log = settings.home / "ledger.sqlite3", settings.home / "worker.log"
    kept = ledger.rename(settings.home / "kept.sqlite3")
    ledger.mkdir()  # it cannot be opened
    asking = platform(settings, (WISH, None, {"task_id": "a-message"}))
    with worker(settings) as running:
        until(lambda: log.read_text().count("goes back to the door") > 1)
        for child in psutil.Process(running.pid).children():
            child.kill()
        before = log.read_text().count("goes back to the door")
        until(lambda: log.read_text().count("goes back to the door") > before)
        ledger.rmdir()
        kept.rename(ledger)
        (answer,) = answers(asking)
    assert await booked(settings) == [answer["booking"]]
