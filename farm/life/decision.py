"""What follows from a happening: one transition, and at most one piece of work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from farm.life.case import Attempt
from farm.life.transition import NOTHING, NewEvent, Transition
from farm.life.work import Work


@dataclass(frozen=True, slots=True)
class Decision:
    """First the transition is written, under the fence; then the work is done.

    Attributes:
        then: None: this worker is done with the booking for now.
    """

    transition: Transition = NOTHING
    then: Work | None = None


class NotNow(Exception):
    """Too early to say so: until then a click of the attempt may still reach the venue."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"a click may still be on its way until {until.isoformat(timespec='seconds')}")
        self.until = until


class NothingToResolve(Exception):
    """No attempt of the booking waits for a person's word."""


def about(attempt: Attempt, kind: str, **payload: str) -> NewEvent:
    """An event of an attempt; empty words are left out."""
    return NewEvent(kind, attempt.number, attempt.venue, {name: said for name, said in payload.items() if said})
