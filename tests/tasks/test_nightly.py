"""The nightly checks as processes: the clock asks, a worker has each integration checked, the ledger remembers."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
import os
import shelve
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import redis

from farm.registry import Registry
from farm.tier import Tier
from ledger.migrate import upgrade
from ledger.store import Ledger
from tasks.app import NIGHTLY, make_app
from tasks.beat import nights
from tasks.entry import nightly as task
from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis
from tasks.queues import QUEUES
from tasks.settings import Settings
from tests.tools.found import breaking, found
from tools.results import Report
from tools.tier import judged

LUNA = "osteria_luna"
PATIENCE_S = 60.0
STAND_IN = """
import pathlib, runpy, sys, time

if sys.argv[1] == "check":
    said = pathlib.Path(__file__).with_name("says.json")
    time.sleep(0 if said.exists() else 600)
    print(said.read_text())
else:
    sys.path.remove(str(pathlib.Path(__file__).parents[1]))
    del sys.modules["gateway"]
    runpy.run_module("gateway.cli", run_name="__main__")
"""
"""The command with another ``check``, which prints what the test wrote, or takes for ever."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    found = find_redis()
    assert isinstance(found, Found)
    broker = PrivateRedis(found.path, tmp_path_factory.mktemp("nightly")).start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def settings(broker):
    """A deployment with a broker and a ledger, and nothing that serves it."""
    settings = Settings(home=broker.folder.parent, check_s=4)
    asyncio.run(upgrade(settings.ledger_url))
    return settings


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stand_in") / "gateway"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "cli.py").write_text(STAND_IN)
    return folder


@contextmanager
def process(settings, *words, path=""):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("READBACK_")}
    ours = {"READBACK_HOME": str(settings.home), "READBACK_CHECK_S": str(settings.check_s), "PYTHONPATH": path}
    log = settings.home / f"{words[0]}.log"
    with log.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", *words],
            env=clean | ours,
            cwd=settings.home,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield running
        assert running.poll() is None, log.read_text()
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE_S)
        assert running.stdin is not None
        running.stdin.close()


def becomes(condition):
    """What it is once it is true, in time."""
    ends_at = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < ends_at
        time.sleep(0.05)
    return value


def demotions(settings):
    async def look():
        async with await Ledger.open(settings.ledger_url) as ledger:
            return await ledger.demotions.all()

    return asyncio.run(look())


@pytest.mark.e2e
def test_a_worker_demotes_what_broke_until_it_passes(settings, stand_in):
    app = make_app(settings)
    says = stand_in / "says.json"

    def night(*results):
        today = datetime.now(UTC)
        judgement = tuple(judged(one, today.date()) for one in results)
        says.write_text(Report(at=today, results=judgement).model_dump_json())
        app.send_task(NIGHTLY, (LUNA,), queue="nightly")

    ready = settings.home / "ready"
    words = ("tasks.worker", "nightly", "threads", "1", str(ready))
    with process(settings, *words, path=str(stand_in.parent)) as worker:
        becomes(ready.exists)
        night(found(LUNA, checks=breaking("full at commit")))
        demoted = becomes(lambda: demotions(settings))[LUNA]
        assert (demoted.tier, demoted.venue) == (Tier.BRONZE, "osteria_luna_house")
        assert demoted.report is not None
        page = (settings.home / "nightly").glob("*/index.html")
        assert demoted.report in map(str, page)

        night(found(LUNA))
        becomes(lambda: not demotions(settings))

        says.unlink()
        app.send_task(NIGHTLY, (LUNA,), queue="nightly")
        demoted = becomes(lambda: demotions(settings))[LUNA]
        assert (demoted.tier, demoted.reason) == (Tier.NONE, "it did not come to its end within 4 s")
    assert worker.returncode == 0
    said = (settings.home / "tasks.worker.log").read_text()
    assert said.count(f"{LUNA} broke in its nightly check") == 2


@pytest.mark.e2e
def test_the_clock_makes_up_for_a_night_that_it_missed(settings, broker):
    schedule = settings.home / "beat" / "schedule"
    with process(settings, "gateway.cli", "beat") as clock:
        becomes(lambda: has_entries(schedule))
    assert clock.returncode == 0
    assert asked(broker) == [], "it is not three in the morning"
    with shelve.open(str(schedule), writeback=True) as kept:
        for entry in kept["entries"].values():
            entry.last_run_at -= timedelta(days=2)
    with process(settings, "gateway.cli", "beat"):
        names = sorted(Registry.load(settings.integration_folders).integrations)
        becomes(lambda: asked(broker) == names)


def asked(broker):
    """The integrations whose check is asked for, by what lies in the broker."""
    with redis.Redis(unix_socket_path=str(broker.socket)) as client:
        messages = [json.loads(message) for message in client.lrange("readback:nightly", 0, -1)]
    return sorted(json.loads(base64.b64decode(message["body"]))[0][0] for message in messages)


def has_entries(schedule):
    try:
        with shelve.open(str(schedule), flag="r") as kept:
            return bool(kept.get("entries"))
    except Exception:  # noqa: BLE001 - it is being written
        return False


def test_every_integration_has_its_night_on_the_queue_of_its_task():
    schedule = nights(Settings(nightly_at=dt.time(2, 30)), ["luna", "shop"])
    assert [entry["args"] for entry in schedule.values()] == [("luna",), ("shop",)]
    for entry in schedule.values():
        assert entry["task"] == task.name
        assert entry["options"]["queue"] == task.queue
        assert task.queue in QUEUES
        at = entry["schedule"]
        assert (at.hour, at.minute, at.day_of_week) == ({2}, {30}, set(range(7)))
        due, next_s = at.is_due(datetime.now(UTC) - timedelta(days=2))
        assert due
        assert next_s <= 24 * 3600
