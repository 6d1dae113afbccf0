"""Every crash point times everything that can die, on real processes; the restaurants' own books are the judge.

A process stands still at the point while something is killed: itself, or what it works with. CI runs a short form;
``CRASH_MATRIX=full make test TESTS=tests/e2e/test_crash_matrix.py`` runs every cell.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import time
from datetime import date, timedelta
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from benchmarks.postgresql import PostgreSQL
from benchmarks.truth import processes
from benchmarks.truth.deployment import Deployment, Part
from farm.status import BookingStatus
from tasks.crash_points import POINTS
from tasks.settings import Settings
from tests.e2e.reseller import Platform
from tools.overlay import Overlay, Standing

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]

NAMES = ("luna_here", "sole_here")
TARGETS = ("itself", "worker", "relay", "browser", "driver", "egress", "redis", "postgresql")
"""``itself``: the process that stands at the point: a worker's child, or a relay."""
SHORT = (
    ("after_hold", "itself"),
    ("after_guard", "itself"),
    ("after_guard", "postgresql"),
    ("after_hold", "egress"),
    ("after_guard", "egress"),
    ("after_submit", "worker"),
    ("after_submit", "browser"),
    ("after_look", "driver"),
    ("before_cancel", "redis"),
    ("after_cancel", "itself"),
    ("relay_after_pick", "relay"),
)
CELLS = list(itertools.product(POINTS, TARGETS)) if os.environ.get("CRASH_MATRIX") == "full" else list(SHORT)
OF_A_CANCELLATION = ("before_cancel", "after_cancel")
HIT_WITHIN_S = 60.0
_days = itertools.count(1)


class Plant:
    """A farm whose next process at a chosen point stands still, until something was killed."""

    def __init__(self, settings: Settings, server: PostgreSQL, folder: Path) -> None:
        self._armed, self._mark = folder / "armed", folder / "mark"
        crash = {
            "READBACK_CRASH_AT": f"@{self._armed}",
            "READBACK_CRASH_MARK": str(self._mark),
            "READBACK_CRASH_HOLD": "1",
        }
        self.farm = Deployment(settings, crash, server)
        ready = self.farm.logs / "prefork.ready"
        self.farm.workers = [Part("prefork", ("tasks.worker", "book,verify", "prefork", "1", str(ready)), ready)]
        self.platform = Platform(settings)

    def arm(self, point: str) -> None:
        for path in self._mark.parent.glob(f"{self._mark.name}*"):
            path.unlink()
        self._armed.write_text(point)

    async def reached(self) -> int:
        """The process that stands at the point now."""
        return await asyncio.to_thread(self._reached)

    def _reached(self) -> int:
        held, ends_at = Path(f"{self._mark}.held"), time.monotonic() + HIT_WITHIN_S
        while not held.exists():
            assert time.monotonic() < ends_at, "nobody came to the point"
            time.sleep(0.02)  # a file that another process makes has no event
        return int(Path(f"{self._mark}.pid").read_text())

    def go_on(self) -> None:
        self._armed.unlink()
        Path(f"{self._mark}.held").unlink()

    async def kill(self, target: str, standing: int) -> None:
        """Kill it with SIGKILL, and bring back what has nobody who would."""
        below = processes.below()
        victims = {
            "itself": lambda: [psutil.Process(standing)],
            "worker": lambda: [psutil.Process(self.farm.workers[0].pid)],
            "relay": lambda: [psutil.Process(part.pid) for part in self.farm.relays],
            "browser": lambda: processes.browsers(below),
            "driver": lambda: processes.drivers(below),
            "egress": lambda: [psutil.Process(self.farm.egress.pid)],
            "redis": lambda: [psutil.Process(int(self.farm.redis.pidfile.read_text()))],
            "postgresql": lambda: [psutil.Process(_server(self.farm).pid)],
        }[target]()
        hit = [victim for victim in victims if processes.send(victim, signal.SIGKILL)]
        assert hit, f"no {target} was there to kill"
        for victim in hit:
            assert await asyncio.to_thread(processes.gone, victim), f"{target} outlived its kill"
        if target == "redis":
            await asyncio.to_thread(self.farm.redis.stop)
            await asyncio.to_thread(self.farm.redis.start)
        if target == "postgresql":
            await asyncio.to_thread(_server(self.farm).restart)


def _server(farm: Deployment) -> PostgreSQL:
    assert farm.postgresql is not None
    return farm.postgresql


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant(tmp_path_factory, houses):
    folder = tmp_path_factory.mktemp("farm")
    overlay = Overlay(folder / "overlay")
    for name, twin in houses.items():
        overlay.add(Standing("osteria_luna/osteria_luna", name, twin.origin, "here"))
    server = await asyncio.to_thread(PostgreSQL)
    named = Settings(home=folder / "home", lease_s=2, resend_s=2, database_url=server.new_database())
    plant = Plant(overlay.settings(named), server, folder)
    keeper = None
    try:
        await plant.farm.start()
        keeper = asyncio.create_task(plant.farm.keep_up())
        yield plant
    finally:
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        left = await asyncio.to_thread(plant.farm.stop)
        await asyncio.to_thread(server.stop)
        assert left == [], "something outlived the farm"


async def booked(plant, day):
    """A booking that nothing happened to: afterwards a browser is warm."""
    booking_id = await asyncio.to_thread(plant.platform.queue, day, *NAMES)
    booking = await asyncio.to_thread(plant.platform.settled, booking_id)
    assert booking.status is BookingStatus.CONFIRMED, booking.sentence
    return booking


def standing(houses, booking):
    """Every record of this booking that stands, in all the restaurants' own books."""
    code = booking.code.lower()
    return [
        (name, record.code)
        for name, twin in houses.items()
        for record in twin.records()
        if code in f"{record.email} {record.note}".lower() and record.status == "confirmed"
    ]


@pytest.mark.parametrize(("point", "target"), CELLS)
async def test_it_ends_once_whatever_dies(plant, houses, point, target):
    platform = plant.platform
    day = date(2029, 1, 1) + timedelta(days=2 * next(_days))
    first = await booked(plant, day)
    plant.arm(point)
    if point in OF_A_CANCELLATION:
        booking_id = first.id
        await asyncio.to_thread(platform.cancel, booking_id)
    else:
        booking_id = await asyncio.to_thread(platform.queue, day + timedelta(days=1), *NAMES)
    at_the_point = await plant.reached()
    await plant.kill(target, at_the_point)
    plant.go_on()
    if point in OF_A_CANCELLATION:
        booking = await asyncio.to_thread(
            platform.until, booking_id, lambda b: b.status in {BookingStatus.CANCELLED, BookingStatus.IN_DOUBT}
        )
        assert (booking.status, standing(houses, booking)) == (BookingStatus.CANCELLED, [])
        return
    booking = await asyncio.to_thread(platform.settled, booking_id)
    assert booking.status is BookingStatus.CONFIRMED, (booking.sentence, platform.kinds(booking_id))
    assert standing(houses, booking) == [(booking.venue, booking.venue_reference)]


async def test_a_worker_that_slept_past_its_lease_and_its_deadline_clicks_nothing_when_it_wakes(plant, houses):
    """With its browser: another worker has looked, found nothing, and booked elsewhere meanwhile."""
    platform = plant.platform
    day = date(2028, 1, 1)
    await booked(plant, day)
    plant.arm("after_guard")
    booking_id = await asyncio.to_thread(platform.queue, day + timedelta(days=1), *NAMES)
    await plant.reached()
    sleeper = plant.farm.workers[0].pid
    asleep = [process for process in processes.tree(sleeper) if processes.send(process, signal.SIGSTOP)]
    assert len(asleep) > 3, "worker, child, driver and browser were to sleep"
    plant.go_on()
    ready = plant.farm.logs / "second.ready"
    second = Part("second", ("tasks.worker", "book,verify", "threads", "1", str(ready)), ready)
    plant.farm.workers.append(second)  # the keeper starts it
    booking = await asyncio.to_thread(platform.settled, booking_id)
    assert booking.status is BookingStatus.CONFIRMED, booking.sentence
    assert booking.venue == NAMES[1]
    for process in asleep:
        assert processes.send(process, signal.SIGCONT)
    later = await booked(plant, day + timedelta(days=2))  # long enough for whoever woke up to do what it would
    assert later.venue == NAMES[0]
    assert standing(houses, booking) == [(NAMES[1], booking.venue_reference)]
