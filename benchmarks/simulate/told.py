"""What the guest was told in the end, held against the venues' books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.simulate.fate import DAYS_LEFT_S
from benchmarks.simulate.world import World
from farm.status import BookingStatus

NOTHING_STANDS = frozenset(
    {BookingStatus.CANCELLED, BookingStatus.UNAVAILABLE, BookingStatus.FAILED, BookingStatus.EXPIRED}
)


@dataclass(frozen=True, slots=True)
class Told:
    """How a booking ended, as its guest knows it."""

    status: BookingStatus
    venue: str | None = None
    reference: str | None = None


@dataclass(slots=True)
class Tally:
    """The figures of one policy; the words are those of ``benchmarks truth``."""

    policy: str
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)

    def add(self, world: World, told: Told) -> list[str]:
        """Count one booking; gives what is wrong with it."""
        found = wrong(world, told)
        self.counts.update(found)
        self.counts["accepted"] += 1
        self.counts["kills"] += world.kills
        self.hits.update(world.hits)
        if world.fate.feasible:
            self.counts["feasible"] += 1
            if told.status is BookingStatus.CONFIRMED and "false_confirmed" not in found:
                self.counts["confirmed"] += 1
        return found

    def line(self) -> dict[str, object]:
        """The policy's figures."""
        counts = self.counts
        rate = counts["confirmed"] / counts["feasible"] if counts["feasible"] else 0.0
        return {
            "policy": self.policy,
            "accepted": counts["accepted"],
            "feasible": counts["feasible"],
            "confirmed": counts["confirmed"],
            "confirmation_rate": round(rate, 4),
            "false_confirmed": counts["false_confirmed"],
            "double_booked": counts["double_booked"],
            "lost": counts["lost"],
            "orphan_holds": 0,
            "unproven_cancels": counts["unproven_cancels"],
            "in_doubt_left": counts["in_doubt_left"],
            "kills": counts["kills"],
            "faults_hit": dict(sorted(self.hits.items())),
            "silent_failures": round(counts["silent"] / counts["accepted"], 6) if counts["accepted"] else 0.0,
            "bookings_per_s": round(counts["accepted"] / self.seconds) if self.seconds else 0,
        }


def wrong(world: World, told: Told) -> list[str]:
    """The figures that this booking counts for; a venue's book is right."""
    found = []
    standing = world.standing(DAYS_LEFT_S)
    as_told = [
        record
        for slug, record in standing
        if slug == told.venue and told.reference in {None, record.reference} and not record.shifted
    ]
    if len(standing) > 1:
        found.append("double_booked")
    if told.status is BookingStatus.CONFIRMED and (len(standing) != 1 or not as_told):
        found.append("false_confirmed")
        if not as_told:
            found.append("silent")
    if told.status is BookingStatus.IN_DOUBT:
        found.append("in_doubt_left")
    if told.status in NOTHING_STANDS and standing:
        found.append("unproven_cancels")
    called_off = world.fate.called_off_s is not None
    if not told.status.settled or (called_off and told.status is BookingStatus.CONFIRMED):
        found.append("lost")
    return found
