"""``readback egress``: one guard to a host, and what went through it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time

import pytest

from fixtures.kit.process import ROOT
from profiles.egress.grants import Allowed
from profiles.egress.way_out import GuardedWays
from tasks.guarding import is_guarded, start_guard

WITHIN_S = 20.0


@pytest.fixture
def guard(home):
    """A guard as an operator runs it."""
    process = subprocess.Popen([sys.executable, "-m", "gateway.cli", "egress"], cwd=ROOT)
    ends_at = time.monotonic() + WITHIN_S
    while not is_guarded(home) and time.monotonic() < ends_at:
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


async def visited(home) -> None:
    ways = GuardedWays(home, lambda: asyncio.to_thread(start_guard, home, "127.0.0.1"))
    async with ways.open(Allowed("luna", frozenset())):
        pass
    ways.leave()


def test_what_went_through_is_said_by_partner(run, home, guard):
    assert json.loads(run("egress", "--counts", "--json").stdout) == {"partners": {}}
    assert "Nothing has gone through it yet" in run("egress", "--counts").stdout
    asyncio.run(visited(home))
    nothing = {"connections": 0, "bytes_up": 0, "bytes_down": 0}
    assert json.loads(run("egress", "--counts", "--json").stdout) == {"partners": {"luna": nothing}}
    assert "luna" in run("egress", "--counts").stdout


def test_one_is_enough_and_it_ends_when_it_is_told(run, home, guard):
    result = run("egress")
    assert result.exit_code == 2
    assert "already runs" in result.stderr
    guard.send_signal(signal.SIGTERM)
    assert guard.wait(WITHIN_S) == 0
    assert not is_guarded(home)


def test_where_none_runs(run):
    result = run("egress", "--counts")
    assert result.exit_code == 2
    assert "no egress guard runs" in result.stderr


async def test_told_to_end_it_waits_for_the_visits_that_are_out_and_the_next_one_may_begin(home, guard):
    ways = GuardedWays(home, lambda: asyncio.to_thread(start_guard, home, "127.0.0.1"))
    async with ways.open(Allowed("luna", frozenset())) as way:
        guard.send_signal(signal.SIGTERM)
        while await asyncio.to_thread(is_guarded, home):  # noqa: ASYNC110 - what is gone tells nobody
            await asyncio.sleep(0.02)
        await way.fresh()
        await visited(home)  # through a guard that a worker had to start
        await way.fresh()
        assert guard.poll() is None
    assert await asyncio.to_thread(guard.wait, WITHIN_S) == 0
    ways.leave()
