"""``[pacing]``: how much, how fast, and when not. All workers together keep to it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from farm.facts import Fact
from profiles.terms.access import Hours

Milliseconds = Annotated[int, Field(ge=0, le=60_000)]


class PacingTerms(Fact):
    """What the partner puts up with at most. None: no such limit was set.

    Attributes:
        gap_ms: The shortest and the longest gap between two actions of one visit; each is drawn from between.
        requests_per_min: The most requests in any minute: pages and the calls that they make, no pictures.
        burst_requests: How many of them may come at once.
        read_back_requests: Of the burst, how many are kept for commits and read-backs.
        visits_at_once: The most visits at once.
        bookings_per_hour: The most commits in any hour.
        quiet_hours: Hours of the venue's day in which nothing new is begun; what must be read back, is.
        source: Who agreed to these numbers.
    """

    gap_ms: tuple[Milliseconds, Milliseconds]
    requests_per_min: Annotated[int, Field(ge=1, le=100_000)] | None = None
    burst_requests: Annotated[int, Field(ge=1, le=10_000)] = 10
    read_back_requests: Annotated[int, Field(ge=0)] = 2
    visits_at_once: Annotated[int, Field(ge=1, le=1000)] | None = None
    bookings_per_hour: Annotated[int, Field(ge=1, le=100_000)] | None = None
    quiet_hours: tuple[Hours, ...] = ()
    source: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _numbers_fit(self) -> PacingTerms:
        if self.gap_ms[0] > self.gap_ms[1]:
            raise ValueError("`gap_ms` is the shortest gap, then the longest")
        if self.requests_per_min is not None and self.burst_requests >= self.requests_per_min:
            raise ValueError("`burst_requests` must be less than `requests_per_min`: a burst is part of its minute")
        if self.read_back_requests >= self.burst_requests:
            raise ValueError("`read_back_requests` is a part of `burst_requests`, and not all of it")
        return self

    @property
    def is_limited(self) -> bool:
        """True when anything is counted here, which all workers together must keep to."""
        return not (self.requests_per_min is None and self.visits_at_once is None and self.bookings_per_hour is None)

    @property
    def says_when(self) -> bool:
        """True when there are moments at which nobody may begin a visit."""
        return self.is_limited or bool(self.quiet_hours)

    @property
    def is_bounded(self) -> bool:
        """True when somebody has said how much is too much."""
        return self.requests_per_min is not None and self.visits_at_once is not None
