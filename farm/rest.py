"""Partners that are left alone for now: nothing new goes there, and what must be read back waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from farm.status import Cause
from farm.tolerance import Breaker, Tolerance
from farm.venue import Venue

SHORT_S = 120.0
"""A shorter cool-down is waited for; during a longer one bookings go elsewhere."""
_CAUSES = {"challenged": Cause.CHALLENGE_PRESENTED, "down": Cause.VENUE_UNREACHABLE}
_WHY = {"challenged": "it has asked for a person", "down": "it was down", "throttled": "it was asked too much"}


@dataclass(frozen=True, slots=True)
class Rest:
    """A partner is left alone.

    Attributes:
        until: When somebody may go there again.
    """

    partner: str
    until: datetime
    why: str
    cause: Cause

    def sentence(self, slug: str) -> str:
        """Why nothing new goes to this venue, and what to do, for whoever runs the farm."""
        ask = "; once its contact has answered, " if self.cause is Cause.CHALLENGE_PRESENTED else "; "
        return (
            f"{slug} is left alone until {self.until:%d %B %Y, %H:%M} UTC, for {self.why}"
            f"{ask}`readback tolerance go-on {self.partner}` ends that"
        )


def resting(venues: Iterable[Venue], known: Mapping[str, Tolerance], now: datetime) -> dict[str, Rest]:
    """Which of the venues nothing new goes to now, by slug.

    Args:
        venues: To look at.
        known: What is known of their partners, by partner.
        now: The ledger's time.
    """
    found = {}
    for venue in venues:
        one = known.get(venue.partner)
        until = one.waits_until(now) if one is not None else None
        if one is None or until is None:
            continue
        if one.state is not Breaker.CLOSED or until - now > timedelta(seconds=SHORT_S):
            why = one.why or "throttled"
            found[venue.slug] = Rest(venue.partner, until, _WHY[why], _CAUSES.get(why, Cause.PACING_DEFERRED))
    return found
