"""One run from its first process to its verdict: demand and storm side by side, then rest, then the judge."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.postgresql import PostgreSQL
from benchmarks.truth.chaos import Chaos
from benchmarks.truth.demand import Planned, draw
from benchmarks.truth.deployment import Deployment
from benchmarks.truth.judge import Course, Fault, judge
from benchmarks.truth.reselling import Resellers
from benchmarks.truth.venues import Record, Venues, standing
from ledger.records import EventRecord
from ledger.store import Ledger
from tasks.settings import Settings

LEASE_S = 4.0
RESEND_S = 2.0
KILLS_PER_BOOKING = 0.5
"""At least; in fact it is about one."""
STALLED_S = 15.0
AHEAD = 10
"""While nothing ends for so long, or so many strikes more than ends have come, the gaps are twice as long."""
SPARE_S = 240.0
"""How long after the storm everything must be at rest: a lost click is settled after its deadline, the venue's settle
time, and messages that come again ever more slowly."""
SAY_EVERY_S = 5.0
LOOK_S = 0.5
TOLD = 5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What the command line says."""

    bookings: int
    seed: int
    database: str
    pretix: bool
    minutes: float


@dataclass(frozen=True)
class Outcome:
    """All that a run has brought.

    Attributes:
        left: Processes that outlived the end of the farm.
        histories: Of the first bookings with which something is wrong.
    """

    courses: Sequence[Course]
    records: Sequence[Record]
    faults: Sequence[Fault]
    orphan_holds: int
    kills: Mapping[str, int]
    hits: Mapping[str, int]
    never_hit: Sequence[Planned]
    left: Sequence[str]
    histories: Mapping[str, Sequence[EventRecord]]


def run(order: Order, folder: Path, say: Say) -> Outcome:
    """Set everything up in a folder, and end everything again."""
    with ExitStack() as running:
        say("starting the venues")
        venues = running.enter_context(standing(folder / "venues", say, pretix=order.pretix))
        server = None
        if order.database == "postgresql":
            server = PostgreSQL()
            running.callback(server.stop)
        settings = venues.settings(
            Settings(
                home=folder / "home",
                database_url=server.new_database() if server is not None else None,
                lease_s=LEASE_S,
                resend_s=RESEND_S,
            )
        )
        deployment = Deployment(settings, venues.secrets(), server)
        running.callback(deployment.stop)
        return asyncio.run(_Run(order, venues, deployment, say).see_through())


class _Run:
    def __init__(self, order: Order, venues: Venues, deployment: Deployment, say: Say) -> None:
        self._order = order
        self._venues = venues
        self._deployment = deployment
        self._say = say
        self._least_kills = max(1, round(order.bookings * KILLS_PER_BOOKING))
        self._ends_at = time.monotonic() + order.minutes * 60

    async def see_through(self) -> Outcome:
        order, venues = self._order, self._venues
        wishes = draw(order.seed, order.bookings, venues.known_faults, pretix=order.pretix)
        venues.plan([planned for wish in wishes for planned in wish.faults])
        self._say("starting the farm")
        await self._deployment.start()
        async with await Ledger.open(self._deployment.settings.ledger_url) as ledger:
            resellers = Resellers(ledger, wishes, order.seed, lambda: self._may_come(chaos))
            chaos = Chaos(order.seed, self._deployment, venues, lambda: self._calmer(resellers, chaos))
            async with asyncio.TaskGroup() as tasks:
                meanwhile = (self._deployment.keep_up(), resellers.watch(), self._tell(resellers, chaos))
                working = [tasks.create_task(each) for each in meanwhile]
                await self._storm(resellers, chaos)
                self._say("the storm is over")
                await self._rest(resellers)
                orphans = await self._holds_left()
                for each in working:
                    each.cancel()
            left = await asyncio.to_thread(self._deployment.stop)
            return await self._outcome(resellers, chaos, orphans, left)

    def _may_come(self, chaos: Chaos) -> float:
        """Storm and demand go side by side, so that no part of the one meets nothing of the other."""
        return 4 + chaos.struck * self._order.bookings / self._least_kills

    def _calmer(self, resellers: Resellers, chaos: Chaos) -> float:
        ahead = max(0, chaos.struck - (len(resellers.placed) - resellers.open))
        return 1 + resellers.stalled_s() / STALLED_S + ahead / AHEAD

    async def _storm(self, resellers: Resellers, chaos: Chaos) -> None:
        over = asyncio.Event()
        raging = asyncio.create_task(chaos.rage(over))
        queueing = asyncio.create_task(resellers.queue())
        try:
            while not (queueing.done() and chaos.struck >= self._least_kills):
                if self._is_late() or raging.done():
                    self._say(f"the storm has met {len(resellers.placed)} of {self._order.bookings} requests")
                    break
                await asyncio.sleep(LOOK_S)
        finally:
            over.set()
            await raging
            queueing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await queueing

    async def _rest(self, resellers: Resellers) -> None:
        ends_at = time.monotonic() + SPARE_S
        while time.monotonic() < ends_at:
            if resellers.open == 0 and not await resellers.at_work():
                return
            await asyncio.sleep(LOOK_S)
        self._say(f"not at rest {SPARE_S:g} s after the storm: {resellers.open} are not over")

    async def _holds_left(self) -> int:
        """What still keeps a place once every hold has had its own time."""
        ends_at = time.monotonic() + self._venues.hold_s + 1
        left = self._venues.holds()
        if left:
            self._say(f"{left} places are still held for nobody; their holds may run out by themselves")
        while (left := self._venues.holds()) and time.monotonic() < ends_at:  # noqa: ASYNC110 - in databases of others
            await asyncio.sleep(LOOK_S)
        return left

    async def _outcome(self, resellers: Resellers, chaos: Chaos, orphans: int, left: Sequence[str]) -> Outcome:
        courses, records = await resellers.courses(), self._venues.records()
        faults = judge(courses, records)
        wrong = dict.fromkeys(fault.booking_id for fault in faults if fault.booking_id)
        wrong |= dict.fromkeys(c.booking.id for c in courses if c.feasible and c.booking.status != "confirmed")
        return Outcome(
            courses=courses,
            records=records,
            faults=faults,
            orphan_holds=orphans,
            kills=dict(sorted(chaos.kills.items())),
            hits=self._venues.hits(),
            never_hit=self._venues.never_hit(),
            left=left,
            histories={booking_id: await resellers.history(booking_id) for booking_id in list(wrong)[:TOLD]},
        )

    async def _tell(self, resellers: Resellers, chaos: Chaos) -> None:
        began, hits = time.monotonic(), 0
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            accepted = len(resellers.placed)
            with contextlib.suppress(sqlite3.OperationalError):  # a house that stands still may hold its book's lock
                hits = sum(self._venues.hits().values())
            self._say(
                f"{time.monotonic() - began:5.0f} s  accepted {accepted}  settled {accepted - resellers.open}"
                f"  kills {chaos.struck}  faults hit {hits}  restarts {self._deployment.restarts}"
            )

    def _is_late(self) -> bool:
        return time.monotonic() > self._ends_at
