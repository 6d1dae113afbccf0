"""A worker stands still with its commit let out, is fenced off, and wakes up: its click never reaches the restaurant.

Real workers, a real guard, a real browser; the restaurants' own books, and what reached them, are the judge.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import psutil
import pytest

from benchmarks.truth import processes
from benchmarks.truth.deployment import Deployment, Part
from farm.status import AttemptState, BookingStatus
from fixtures.kit.process import TwinProcess
from ledger.store import Ledger
from tasks.settings import Settings
from tests.e2e.reseller import Platform
from tools.overlay import Overlay, Standing

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.timeout(180)]

FIRST, SECOND = NAMES = ("luna_here", "sole_here")
STOPS_WITHIN_S = 60.0


@asynccontextmanager
async def deployed(folder: Path, houses: dict[str, TwinProcess], how: str) -> AsyncIterator[Deployment]:
    """A farm whose one worker stops at the gate."""
    overlay = Overlay(folder / "overlay")
    for name, twin in houses.items():
        twin.clear()
        overlay.add(Standing("osteria_luna/osteria_luna", name, twin.origin, "here"))
    farm = Deployment(overlay.settings(Settings(home=folder / "home", lease_s=3, resend_s=2)), {}, None)
    ready = farm.logs / "sleeper.ready"
    words = ("tests.e2e.sleeper", "book,verify", "threads", "1", str(ready), str(folder / "armed"), how)
    farm.workers = [Part("sleeper", words, ready)]
    keeper = None
    try:
        await farm.start()
        keeper = asyncio.create_task(farm.keep_up())
        yield farm
    finally:
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        for part in farm.workers:  # those of a test that broke off still sleep
            for process in processes.tree(part.pid):
                processes.send(process, signal.SIGCONT)
        assert await asyncio.to_thread(farm.stop) == [], "something outlived the farm"


def fall_asleep(worker: int) -> list[psutil.Process]:
    """Wait until the worker stands still; whatever of its tree does."""
    ends_at = time.monotonic() + STOPS_WITHIN_S
    while psutil.Process(worker).status() != psutil.STATUS_STOPPED:
        assert time.monotonic() < ends_at, "nothing was let out"
        time.sleep(0.02)  # a process that is stopped sends its grandparent nothing
    return [process for process in processes.tree(worker) if process.status() == psutil.STATUS_STOPPED]


async def fence_off(settings: Settings, booking_id: str) -> None:
    """Take the lease as soon as it has run out, as another worker does."""
    async with await Ledger.open(settings.ledger_url) as ledger:
        async with asyncio.timeout(STOPS_WITHIN_S):
            while await ledger.take_lease(booking_id, "another worker", 1.0) is None:  # noqa: ASYNC110 - its end tells nobody
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["before_the_browser", "in_the_browser"])
async def test_a_commit_that_the_gate_had_let_out_never_arrives_once_its_attempt_is_fenced(tmp_path, houses, how):
    async with deployed(tmp_path, houses, how) as farm:
        platform, day = Platform(farm.settings), date(2028, 1, 1)

        async def booked(offset: int) -> str | None:
            booking_id = await asyncio.to_thread(platform.queue, day + timedelta(days=offset), *NAMES)
            return (await asyncio.to_thread(platform.settled, booking_id)).venue

        assert await booked(0) == FIRST, "the browser is warm, and its way out is in use"
        guard, sleeper = farm.egress.pid, farm.workers[0].pid
        (tmp_path / "armed").touch()
        booking_id = await asyncio.to_thread(platform.queue, day + timedelta(days=1), *NAMES)
        asleep = await asyncio.to_thread(fall_asleep, sleeper)
        (attempt,) = await asyncio.to_thread(platform.attempts, booking_id)
        assert attempt.state is AttemptState.COMMITTING
        if how == "in_the_browser":
            assert processes.browsers(asleep)
            asleep += [process for process in processes.tree(sleeper) if processes.send(process, signal.SIGSTOP)]
            assert len(set(asleep)) == len(processes.tree(sleeper)), "worker, driver and browser were to sleep"
        else:
            assert [process.pid for process in asleep] == [sleeper], "driver and browser go on"
        await fence_off(farm.settings, booking_id)  # long before its submit deadline
        for process in asleep:
            processes.send(process, signal.SIGCONT)
        ready = farm.logs / "second.ready"
        farm.workers.append(Part("second", ("tasks.worker", "book,verify", "threads", "1", str(ready)), ready))
        booking = await asyncio.to_thread(platform.settled, booking_id)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND), booking.sentence
        assert await booked(2) == FIRST, "long enough for whoever woke up to do what it would"
        assert farm.egress.pid == guard, "the guard outlasts the workers"
    standing = [(name, record.code) for name, twin in houses.items() for record in twin.records()]
    assert [name for name, _ in standing] == [FIRST, FIRST, SECOND]
    assert standing[-1] == (SECOND, booking.venue_reference)
    assert [twin.arrivals("commit") for twin in houses.values()] == [2, 1]
