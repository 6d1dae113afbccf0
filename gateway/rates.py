"""Rates from what the ledger counts, each with the bound that so few or so many bookings allow."""

from __future__ import annotations

from collections import defaultdict
from math import sqrt

from farm.facts import Fact
from farm.life.states import STILL_OPEN
from farm.status import AttemptState, BookingStatus
from ledger.records import Counts

Z_95 = 1.959964
MISSED = frozenset({BookingStatus.FAILED, BookingStatus.IN_DOUBT, BookingStatus.EXPIRED})
"""Of bookings: could be served, and is not confirmed."""
BOOKED = frozenset({AttemptState.CONFIRMED, AttemptState.CANCELLED})
"""Of attempts: ended in a booking."""
NOT_KNOWN = (
    "false confirmations, double bookings and lost requests: only the venues' own databases can tell;"
    " `readback demo` holds every row against them"
)


class Rate(Fact):
    """So many of so many.

    Attributes:
        at_least: The lower end of the 95 % Wilson interval; None of none.
    """

    hits: int
    of: int
    rate: float | None
    at_least: float | None

    @classmethod
    def from_counts(cls, hits: int, of: int) -> Rate:
        """The rate with its bound."""
        if not of:
            return cls(hits=hits, of=of, rate=None, at_least=None)
        return cls(hits=hits, of=of, rate=hits / of, at_least=wilson_lower(hits, of))


class VenueRate(Fact):
    """What became of the attempts at one venue."""

    venue: str
    booked: Rate
    attempts: dict[str, int]


class RatesAnswer(Fact):
    """The confirmation rate and what stands beside it.

    Attributes:
        in_doubt: Bookings that a person must look at.
        cancels_unproven: Of those, the ones whose cancellation could not be proven.
    """

    confirmation: Rate
    in_doubt: int
    cancels_unproven: int
    by_status: dict[str, int]
    by_cause: dict[str, int]
    by_venue: tuple[VenueRate, ...]
    not_known: str = NOT_KNOWN


def rates(counts: Counts) -> RatesAnswer:
    """All rates. What nobody could serve, what was called off and what is still open does not count."""
    confirmed = counts.by_status.get(BookingStatus.CONFIRMED, 0)
    missed = sum(counts.by_status.get(status, 0) for status in MISSED)
    by_venue: dict[str, dict[AttemptState, int]] = defaultdict(dict)
    for count in counts.by_venue:
        by_venue[count.venue][count.state] = count.attempts
    return RatesAnswer(
        confirmation=Rate.from_counts(confirmed, confirmed + missed),
        in_doubt=counts.by_status.get(BookingStatus.IN_DOUBT, 0),
        cancels_unproven=next((n for cause, n in counts.by_cause.items() if cause == "CANCEL_UNPROVEN"), 0),
        by_status={status: counts.by_status[status] for status in BookingStatus if status in counts.by_status},
        by_cause={str(cause): number for cause, number in sorted(counts.by_cause.items())},
        by_venue=tuple(_venue_rate(venue, states) for venue, states in sorted(by_venue.items())),
    )


def _venue_rate(venue: str, states: dict[AttemptState, int]) -> VenueRate:
    booked = sum(states.get(state, 0) for state in BOOKED)
    closed = sum(number for state, number in states.items() if state not in STILL_OPEN)
    return VenueRate(
        venue=venue,
        booked=Rate.from_counts(booked, closed),
        attempts={str(state): number for state, number in states.items()},
    )


def wilson_lower(hits: int, of: int, z: float = Z_95) -> float:
    """The lower end of the Wilson score interval."""
    share = hits / of
    centre = share + z * z / (2 * of)
    spread = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (centre - spread) / (1 + z * z / of))
