"""The resellers' side of a run: requests that keep coming, guests who call off, and what the ledger says of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from benchmarks.truth.demand import Wish
from benchmarks.truth.judge import Course
from farm.identity import mint_code
from farm.status import BookingStatus
from ledger.records import AttemptRecord, BookingRecord, EventRecord, WakeUp
from ledger.store import Ledger

T = TypeVar("T")
MOST_AT_ONCE = 12
MEAN_GAP_S = 0.6
LOOK_S = 0.25
AGAIN_S = 0.2
ASKED_FOR_S = 60.0


class TwoBookings(AssertionError):
    """One idempotency key has made two bookings."""


@dataclass
class Placed:
    """A wish that was accepted."""

    wish: Wish
    id: str
    accepted_at: float
    status: BookingStatus = BookingStatus.QUEUED
    called_off: bool = False
    cancel_open: bool = False

    @property
    def is_over(self) -> bool:
        """Nothing more is awaited of it, also no cancellation that is still to come."""
        return self.status.settled and not self.cancel_open and not self.will_call_off

    @property
    def will_call_off(self) -> bool:
        """Its guest is about to call it off."""
        if self.called_off:
            return False
        confirmed = self.status is BookingStatus.CONFIRMED
        return self.wish.calls_off == "running" or (self.wish.calls_off == "confirmed" and confirmed)


class Resellers:
    """Queue wishes into the ledger, one after the other, and follow them there. A ledger that is away is asked again.

    Args:
        ledger: Of the farm.
        wishes: In the order of their coming.
        seed: Of the gaps between them.
        may_come: How many may have come by now; the storm and the demand go side by side.
    """

    def __init__(self, ledger: Ledger, wishes: Sequence[Wish], seed: int, may_come: Callable[[], float]) -> None:
        self.placed: list[Placed] = []
        self.settled_at = time.monotonic()
        self._ledger = ledger
        self._wishes = wishes
        self._rng = Random(seed)  # noqa: S311 - a benchmark that can be run again, not a secret
        self._may_come = may_come

    @property
    def open(self) -> int:
        """How many are not over."""
        return sum(not placed.is_over for placed in self.placed)

    def stalled_s(self) -> float:
        """How long nothing has come to its end, while something waits for it."""
        return time.monotonic() - self.settled_at if self.open else 0.0

    async def queue(self) -> None:
        """Queue them all; not too many at once, or the last ones would only wait."""
        for wish in self._wishes:
            while self.open >= MOST_AT_ONCE or len(self.placed) >= self._may_come():  # noqa: ASYNC110 - others count
                await asyncio.sleep(LOOK_S)
            booking_id = await self._accepted(wish)
            if wish.sent_twice and await self._accepted(wish) != booking_id:
                raise TwoBookings(wish.key)
            self.placed.append(Placed(wish, booking_id, time.monotonic()))
            await asyncio.sleep(self._rng.expovariate(1 / MEAN_GAP_S))

    async def watch(self) -> None:
        """Keep ``placed`` up to date and call off what is to be called off, until this is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Read once what the ledger says of everything that is not over."""
        for placed in [placed for placed in self.placed if not placed.is_over]:
            await self._look_at(placed)
            if placed.is_over:
                self.settled_at = time.monotonic()

    async def courses(self) -> list[Course]:
        """What became of everything that was accepted."""
        courses = []
        for placed in self.placed:
            await self._look_at(placed)
            booking, attempts = await self._booking(placed.id), await self._attempts(placed.id)
            courses.append(Course(placed.wish, booking, attempts, placed.called_off, placed.cancel_open))
        return courses

    async def history(self, booking_id: str) -> list[EventRecord]:
        """All that the ledger tells of a booking; no guest data is in it."""
        return await self._ask(lambda ledger: ledger.events(booking_id))

    async def at_work(self) -> bool:
        """Whether the farm has something to do, or does something, for any of them; re-checks of later days aside."""
        for placed in self.placed:
            due, booking = await self._due(placed.id), await self._booking(placed.id)
            leased = booking.lease_until is not None and booking.lease_until > self._ledger.clock()
            if leased or any(wake_up.kind != "recheck" for wake_up in due):
                return True
        return False

    async def _look_at(self, placed: Placed) -> None:
        booking = await self._booking(placed.id)
        placed.status = booking.status
        if placed.called_off:
            placed.cancel_open = any(wake_up.kind == "cancel" for wake_up in await self._due(placed.id))
        elif placed.will_call_off and self._it_is_time(placed, booking):
            await self._ask(lambda ledger: ledger.request_cancel(placed.id))
            placed.called_off = placed.cancel_open = True

    def _it_is_time(self, placed: Placed, booking: BookingRecord) -> bool:
        after_s = placed.wish.calls_off_after_s if placed.wish.calls_off == "running" else 0.0
        return booking.status.settled or time.monotonic() - placed.accepted_at >= after_s

    async def _booking(self, booking_id: str) -> BookingRecord:
        return await self._ask(lambda ledger: ledger.booking(booking_id))

    async def _attempts(self, booking_id: str) -> list[AttemptRecord]:
        return await self._ask(lambda ledger: ledger.attempts(booking_id))

    async def _due(self, booking_id: str) -> list[WakeUp]:
        return await self._ask(lambda ledger: ledger.wake_ups(booking_id))

    async def _accepted(self, wish: Wish) -> str:
        accepted = await self._ask(lambda ledger: ledger.accept(wish.request, mint_code(), wish.key))
        return accepted.booking.id

    async def _ask(self, question: Callable[[Ledger], Awaitable[T]]) -> T:
        """Ask until there is an answer; an answer that was lost is why resellers send a key."""
        ends_at = time.monotonic() + ASKED_FOR_S
        while True:
            try:
                return await question(self._ledger)
            except SQLAlchemyError:
                if time.monotonic() > ends_at:
                    raise
                await asyncio.sleep(AGAIN_S)
