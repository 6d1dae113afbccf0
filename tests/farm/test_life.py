"""``decide`` through lives at random, on the ledger in memory: see ``tests/farm/living.py``."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, settings

from benchmarks.simulate.memory import Memory
from farm.life.case import Case
from farm.status import BookingStatus
from tests.farm.hands import CLICKS
from tests.farm.living import Life


class InMemory:
    """The memory, as the machine wants a ledger."""

    def __init__(self) -> None:
        self._memory = Memory()

    def accept(self, wish: Any, now: Any) -> str:
        places = {place.venue.slug: place for place in wish.places}
        venues = tuple(place.venue for place in wish.places)
        case = Case("bk", wish.request, BookingStatus.QUEUED, candidates=venues, places=places, created_at=now)
        self._memory.accept(case, now)
        return "bk"

    def bookings(self) -> list[str]:
        return list(self._memory.rows)

    def case(self, booking: str) -> Case:
        return self._memory.rows[booking].case

    def next_wake(self, booking: str) -> Any:
        open_now = self._memory.rows[booking].wakes.open
        return min(((kind, wake.due_at) for kind, wake in open_now.items()), key=lambda each: each[1], default=None)

    def is_leased(self, booking: str) -> bool:
        return self._memory.rows[booking].lease_until is not None

    def holds(self, lease: Any) -> bool:
        row = self._memory.rows[lease.booking_id]
        return row.fence == lease.fence and row.lease_until is not None

    def take_lease(self, booking: str, now: Any, lease_s: float) -> Any:
        return self._memory.take_lease(booking, now, lease_s)

    def extend(self, lease: Any, now: Any, lease_s: float) -> None:
        if self.holds(lease):
            self._memory.extend_lease(lease, now, lease_s)

    def release(self, lease: Any) -> None:
        self._memory.release_lease(lease)

    def start(self, lease: Any, venue: str, now: Any, *, widened: bool) -> Any:
        return self._memory.start_attempt(lease, venue, now, widened=widened)

    def guard(self, lease: Any, begun: Any, expected: Any, until: Any, now: Any) -> None:
        self._memory.guard(lease, begun.id, expected, until, now)

    def conclude(self, lease: Any, what: Any, now: Any) -> None:
        self._memory.conclude(lease, what, now)

    def breaks_next(self) -> None:
        """A memory has no commits that break."""

    def sweep(self, now: Any) -> None:
        self._memory.sweep(now)

    def request_cancel(self, booking: str, now: Any) -> None:
        self._memory.request_cancel(booking, now)

    def request_change(self, booking: str, wish: Any, now: Any) -> None:
        self._memory.request_change(booking, wish, now)

    def close(self) -> None:
        pass


class HonestVenues(Life):
    def opens(self) -> InMemory:
        return InMemory()


class LyingVenues(HonestVenues):
    """Records that are written twice, come long after they should, or never."""

    clicks = (*CLICKS, "doubled", "surprise", "lies")


_BOUNDED = settings(
    max_examples=80,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    phases=(
        Phase.explicit,
        Phase.generate,
    ),  # the steps are printed as they were found: to make them few takes minutes
    suppress_health_check=list(HealthCheck),
)
TestHonestVenues = HonestVenues.TestCase
TestHonestVenues.settings = _BOUNDED
TestLyingVenues = LyingVenues.TestCase
TestLyingVenues.settings = _BOUNDED
