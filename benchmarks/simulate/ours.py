"""The farm as a policy: the real ``decide`` and router, run as ``tasks/driving.py`` runs them."""

from __future__ import annotations

from datetime import datetime, timedelta

from benchmarks.simulate.clicking import attempt
from benchmarks.simulate.looking import cancel_at, change_at, look_at
from benchmarks.simulate.memory import Memory
from benchmarks.simulate.stock import BEGINS
from benchmarks.simulate.told import Told
from benchmarks.simulate.world import LEASE_S, Killed, World
from farm.life.case import Case
from farm.life.decide import decide
from farm.life.happened import Deferred, GivenBack, Happening, Woken
from farm.life.transition import NOTHING, NewWakeUp, Transition, WakeUpKind
from farm.life.work import CancelAt, ChangeAt, GiveBack, GoOn, LookAt, Try, Work
from farm.status import BookingStatus
from ledger.records import Lease

AtVenue = Try | LookAt | CancelAt | ChangeAt | GiveBack
ID = "bk"
HELD_S = 5.0
SWEEP_S = 5.0
"""A sweep finds a lease that ran out half its rhythm later, in the mean."""
ONE_TASK_S = 120.0
MOST_MESSAGES = 2000
"""A booking that needs more than this has no end."""


class Ours:
    """One booking, from its queueing to the last thing that would ever be done about it."""

    def __init__(self, world: World, *, history: bool = False) -> None:
        self.world = world
        self.memory = Memory(history=history)
        wish = world.fate.wish
        case = Case(
            ID,
            wish.request,
            BookingStatus.QUEUED,
            candidates=tuple(place.venue for place in wish.places),
            places={place.venue.slug: place for place in wish.places},
            created_at=world.now,
        )
        self.row = self.memory.accept(case, world.now)
        self._to_be_called_off = world.fate.called_off_s

    def run(self) -> Told:
        """Send every message at its time."""
        for _ in range(MOST_MESSAGES):
            if not self._next():
                break
        row = self.row
        return Told(row.case.status, row.venue, row.venue_reference)

    def _next(self) -> bool:
        """Whatever comes first: the guest's word, a message, a sweep; False when nothing more will come."""
        world, row = self.world, self.row
        message = row.wakes.first()
        due_s = _INF if message is None else _seconds(message[0])
        swept_s = _INF if row.lease_until is None else _seconds(row.lease_until) + SWEEP_S
        off_s = _INF if self._to_be_called_off is None else self._to_be_called_off
        first_s = min(due_s, swept_s, off_s)
        if first_s == _INF:
            if row.case.status.settled:
                return False
            first_s = swept_s = world.at_s + SWEEP_S
        world.until(first_s)
        if off_s <= first_s:
            self.guest_speaks()
        elif swept_s <= first_s:
            self.memory.sweep(world.now)
        elif message is not None:
            row.wakes.send(message[1], world.now)
            self._drive(message[1])
        return True

    def passes(self, seconds: float) -> None:
        """Time goes by while a worker works; its heart beats, and the guest may call off."""
        self.world.passes(seconds)
        self.guest_speaks()

    def guest_speaks(self) -> None:
        """Write down the guest's wish to cancel, once its moment has come."""
        if self._to_be_called_off is not None and self.world.at_s >= self._to_be_called_off:
            self._to_be_called_off = None
            self.memory.request_cancel(ID, self.world.now)

    def _drive(self, kind: WakeUpKind) -> None:
        lease = self.memory.take_lease(ID, self.world.now, LEASE_S)
        if lease is None:
            self.row.wakes.again(kind, self.world.now + timedelta(seconds=HELD_S))
            return
        try:
            self._work(lease, kind)
        except Killed:  # its heart has beaten until now; the lease ends by itself
            self.memory.extend_lease(lease, self.world.now, LEASE_S)
            return
        self.memory.release_lease(lease)

    def _work(self, lease: Lease, kind: WakeUpKind) -> None:
        world, memory, began_s = self.world, self.memory, self.world.at_s
        world.point()
        happened: Happening | None = Woken(kind)
        while happened is not None:
            decision = decide(self.row.case, happened, world.now)
            if decision.transition is not NOTHING:
                memory.conclude(lease, decision.transition, world.now)
                world.point()
            if _goes_back(decision.then, kind, world.at_s - began_s):
                back = Transition(done=["book"], wake=[NewWakeUp("book", world.now)])
                memory.conclude(lease, back, world.now)
                return
            if isinstance(decision.then, GoOn):
                happened = Woken(decision.then.kind)
            elif decision.then is not None:
                happened = self._paced(decision.then) or self._do(lease, decision.then)
            else:
                happened = None

    def _paced(self, work: AtVenue) -> Deferred | None:
        """Whether the farm's own pace keeps it from going there now."""
        venue = work.venue.slug if isinstance(work, Try) else work.attempt.venue
        until_s = self.world.houses[venue].paced_until_s(self.world.at_s)
        if until_s is None:
            return None
        return Deferred(work, BEGINS + timedelta(seconds=until_s), "the agreed pace is used up")

    def _do(self, lease: Lease, work: AtVenue) -> Happening:
        happened: Happening
        match work:
            case Try():
                happened = attempt(self, lease, work)
            case LookAt():
                happened = look_at(self, work)
            case CancelAt():
                happened = cancel_at(self, work)
            case ChangeAt():
                happened = change_at(self, work)
            case GiveBack():
                happened = GivenBack(work.attempt.id, proven=False)
        return happened


_INF = float("inf")


def _seconds(moment: datetime) -> float:
    return (moment - BEGINS).total_seconds()


def _goes_back(work: Work | None, kind: WakeUpKind, taken_s: float) -> bool:
    """Clicks are made by tasks of their own queue only, and a task does not begin one when it is old."""
    if work is None or (kind == "book" and taken_s < ONE_TASK_S):
        return False
    return isinstance(work, Try) or work == GoOn("book")
