"""What a partner's terms mean as rates: never more than agreed in any stretch of time, however it is cut."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.terms.pacing import PacingTerms

SECOND_US = 1_000_000
LATE_S = 0.25
"""A request that has not left so long after its token was given needs another one."""
CLICK_LATE_S = 120.0
"""The same for the last click, which comes after the guard: no deadline of a commit is longer."""
MINUTE_S, HOUR_S = 60.0, 3600.0
CLICKS_AT_ONCE = 10
"""A tenth of an hour's bookings may come at once: the hour as a whole then carries nine tenths or more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rate: so much at once, and then one after each interval.

    With ``burst`` at once and then one each ``(window + late) / (most - burst + 1)``, what is given in any stretch of
    ``window + late`` is ``most`` or less; and so is what leaves in any ``window``, if it leaves within ``late``.

    Attributes:
        name: Of its state.
        interval_us: From one to the next, once the burst is used up.
        tolerance_us: How much earlier than its turn one may come: the burst, or the part that is open to the asker.
        burst_us: What the whole burst is worth.
        window_us: The stretch of time.
        late_us: How long after its turn one may leave.
    """

    name: str
    interval_us: int
    tolerance_us: int
    burst_us: int
    window_us: int
    late_us: int

    @classmethod
    def most_in(cls, name: str, most: float, burst: int, kept: int, window_s: float, late_s: float) -> Rule:
        """At most so many in every window.

        Args:
            name: Of its state.
            most: In a window.
            burst: At once.
            kept: Of the burst, for others than the asker.
            window_s: In seconds.
            late_s: How long after its turn one may leave.
        """
        # rounded up: an interval that is a microsecond short would let one more in
        interval_us = -int(-(window_s + late_s) * SECOND_US // (most - burst + 1))
        return cls(
            name=name,
            interval_us=interval_us,
            tolerance_us=(burst - kept - 1) * interval_us,
            burst_us=burst * interval_us,
            window_us=int(window_s * SECOND_US),
            late_us=int(late_s * SECOND_US),
        )

    @property
    def asked(self) -> dict[str, object]:
        """As the script reads it."""
        return {
            "name": self.name,
            "interval": self.interval_us,
            "tolerance": self.tolerance_us,
            "burst": self.burst_us,
            "window": self.window_us,
            "late": self.late_us,
        }


def of_requests(terms: PacingTerms, per_min: float | None = None, *, first: bool = False) -> tuple[Rule, ...]:
    """The rates that one more request must keep to: the agreed one, and a lower one that was learned.

    Args:
        terms: The partner's.
        per_min: What was learned; it can only slow down.
        first: For a commit or a read-back, which may use the whole burst.
    """
    most = terms.requests_per_min
    if most is None:
        return ()
    kept = 0 if first else terms.read_back_requests
    agreed = Rule.most_in("requests", most, terms.burst_requests, kept, MINUTE_S, LATE_S)
    if per_min is None or per_min >= most:
        return (agreed,)
    burst = max(1, int(terms.burst_requests * per_min / most))
    kept = min(kept, burst - 1)
    return agreed, Rule.most_in("learned", per_min, burst, kept, MINUTE_S, LATE_S)


def of_clicks(terms: PacingTerms) -> Rule | None:
    """The rate of commits."""
    most = terms.bookings_per_hour
    if most is None:
        return None
    return Rule.most_in("clicks", most, max(1, most // CLICKS_AT_ONCE), 0, HOUR_S, CLICK_LATE_S)
