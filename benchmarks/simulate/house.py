"""One venue in the world of one booking: its book is the truth, and nobody but the judge sees all of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from benchmarks.simulate.fate import Click, ClickKind, Fortune
from benchmarks.simulate.stock import ASKS_FIRST, ONE_EACH, sighting
from farm.errors import NotBooked, SlotLost, VenueDown
from farm.facts import Sighting
from farm.gate import Sent
from farm.status import Cause, VenueStatus


@dataclass(slots=True)
class Record:
    """One line of the book; all moments are seconds since the booking was queued."""

    reference: str
    number: int
    made_s: float
    shows_s: float
    shifted: bool = False
    answered_s: float = 0.0
    accepted: bool = True
    dropped_s: float | None = None
    vanishes: bool = False
    cancelled_s: float | None = None

    def status(self, at_s: float) -> VenueStatus | None:
        """What the book says then; None: nothing (any more)."""
        if at_s < self.made_s:
            return None
        if self.cancelled_s is not None and at_s >= self.cancelled_s:
            return VenueStatus.CANCELLED
        if self.dropped_s is not None and at_s >= self.dropped_s:
            return None if self.vanishes else VenueStatus.CANCELLED
        if at_s < self.answered_s:
            return VenueStatus.PENDING
        return VenueStatus.CONFIRMED if self.accepted else VenueStatus.REJECTED

    def stands(self, at_s: float) -> bool:
        """True when the venue keeps it then, or still decides."""
        status = self.status(at_s)
        return status is not None and status.stands


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back of a last click.

    Attributes:
        took_s: None: nothing came back, and whoever waits has to stop by a deadline.
    """

    kind: Literal["thanks", "no", "unclear"]
    sent: Sent
    took_s: float | None
    reference: str | None = None
    cause: Cause | None = None


_NO_RECORD: dict[ClickKind, Answer] = {
    "refused": Answer("no", "yes", 1.5, cause=Cause.SLOT_UNAVAILABLE),
    "refused_unclear": Answer("unclear", "yes", 1.5),
    "lies": Answer("thanks", "yes", 1.5),
}


@dataclass(slots=True)
class House:
    """One venue, for one booking and one policy."""

    slug: str
    fortune: Fortune
    hits: list[str]
    records: list[Record] = field(default_factory=list)
    holds: int = 0
    clicks: int = 0
    looks: int = 0
    cancels: int = 0

    def must_answer(self, at_s: float) -> None:
        """Raises ``VenueDown`` while nothing answers."""
        begins_s, ends_s = self.fortune.down_s
        if begins_s <= at_s < ends_s:
            self.hits.append("down")
            raise VenueDown("down")

    def paced_until_s(self, at_s: float) -> float | None:
        """When the farm's own pace lets somebody in again; None: now."""
        begins_s, ends_s = self.fortune.paced_s
        if not begins_s <= at_s < ends_s:
            return None
        self.hits.append("paced")
        return ends_s

    def prepare(self, at_s: float) -> None:
        """Everything before the click: raises why there is none."""
        self.must_answer(at_s)
        if self.fortune.turns_away is not None:
            self.hits.append(str(self.fortune.turns_away))
            raise NotBooked(cause=self.fortune.turns_away)
        self.holds += 1
        if self.holds <= self.fortune.holds_lost:
            self.hits.append("hold_lost")
            raise SlotLost("lost")

    def click(self, at_s: float, number: int) -> Answer:
        """The last click reaches the venue at this moment (or never does)."""
        self.clicks += 1
        drawn = self.fortune.clicks[self.clicks - 1] if self.clicks <= len(self.fortune.clicks) else Click()
        if drawn.kind != "fine":
            self.hits.append(drawn.kind)
        if drawn.kind == "never_left":
            return Answer("unclear", "no", 1.5)
        down = self.fortune.down_s[0] <= at_s < self.fortune.down_s[1]
        if down or drawn.kind == "lost_before":
            return Answer("unclear", "unknown", None)
        if self.slug in ONE_EACH and any(record.stands(at_s) for record in self.records):
            return Answer("no", "yes", 1.5, cause=Cause.SLOT_ALREADY_BOOKED_BY_USER)
        return self._answered(drawn, at_s, number)

    def _answered(self, drawn: Click, at_s: float, number: int) -> Answer:
        if drawn.kind in _NO_RECORD:
            return replace(_NO_RECORD[drawn.kind], reference=f"{self.slug}-0" if drawn.kind == "lies" else None)
        record = self._write(drawn, at_s + (8 if drawn.kind == "arrives_late" else 0.5), number)
        if drawn.kind == "doubled":
            self._write(drawn, at_s + 0.6, number)
        if drawn.kind == "refused_but_booked":
            return _NO_RECORD["refused"]
        if drawn.kind in {"lost_after", "arrives_late"}:
            return Answer("unclear", "yes", None)
        return Answer("thanks", "yes", 1.5, record.reference)

    def _write(self, drawn: Click, at_s: float, number: int) -> Record:
        fortune = self.fortune
        if drawn.lag_s:
            self.hits.append("late_record")
        record = Record(
            reference=f"{self.slug}-{len(self.records) + 1}",
            number=number,
            made_s=at_s,
            shows_s=at_s + drawn.lag_s,
            shifted=drawn.kind == "shifted",
            answered_s=at_s + fortune.answers_s if self.slug in ASKS_FIRST else 0.0,
            accepted=fortune.accepts,
            dropped_s=at_s + fortune.drops_s if fortune.drops_s is not None else None,
            vanishes=fortune.vanishes,
        )
        self.records.append(record)
        return record

    def look(self, at_s: float) -> list[Record]:
        """What the book shows of this guest then; raises ``VenueDown`` where it does not answer."""
        self.must_answer(at_s)
        self.looks += 1
        if self.looks in self.fortune.blind:
            self.hits.append("blind")
            raise VenueDown("a page broke")
        return [r for r in self.records if at_s >= r.shows_s and r.status(at_s) is not None]

    def shown(self, record: Record, at_s: float) -> Sighting:
        """A line of the book as its page shows it."""
        status = record.status(at_s)
        assert status is not None
        return sighting(self.slug, record.number, record.reference, status, shifted=record.shifted)

    def sold_twice(self, at_s: float) -> bool:
        """True while somebody else stands on the same table."""
        if not self.records or at_s >= self.records[0].made_s + self.fortune.sold_twice_s:
            return False
        self.hits.append("sold_twice")
        return True

    def cancel(self, at_s: float, record: Record) -> None:
        """Cancel one record; raises ``VenueDown`` where no answer comes, whether it was done or not."""
        self.must_answer(at_s)
        self.cancels += 1
        drawn = self.fortune.cancels[self.cancels - 1] if self.cancels <= len(self.fortune.cancels) else "fine"
        if drawn != "fine":
            self.hits.append(f"cancel_{drawn}")
        if drawn != "not_done" and record.cancelled_s is None:
            record.cancelled_s = at_s
        if drawn != "fine":
            raise VenueDown("no answer")
