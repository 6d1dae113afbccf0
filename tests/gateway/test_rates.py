"""One number, and what so few bookings allow to say."""

from __future__ import annotations

import pytest

from farm.status import AttemptState, BookingStatus, Cause
from gateway.rates import Rate, rates, wilson_lower
from ledger.records import Counts, VenueCount


@pytest.mark.parametrize(
    ("hits", "of", "bound"), [(10, 10, 0.7225), (0, 10, 0.0), (81, 263, 0.2553), (1, 1, 0.2065), (995, 1000, 0.9883)]
)
def test_wilson(hits, of, bound):
    """Against values of the closed formula worked out elsewhere (Newcombe 1998 for 81 of 263)."""
    assert wilson_lower(hits, of) == pytest.approx(bound, abs=5e-4)


def test_what_counts():
    counts = Counts(
        by_status={
            BookingStatus.CONFIRMED: 6,
            BookingStatus.FAILED: 1,
            BookingStatus.IN_DOUBT: 2,
            BookingStatus.EXPIRED: 1,
            BookingStatus.UNAVAILABLE: 5,
            BookingStatus.CANCELLED: 3,
            BookingStatus.QUEUED: 7,
        },
        by_cause={Cause.CANCEL_UNPROVEN: 1, Cause.SLOT_UNAVAILABLE: 5},
        by_venue=(
            VenueCount("luna", AttemptState.CONFIRMED, 4),
            VenueCount("luna", AttemptState.CANCELLED, 1),
            VenueCount("luna", AttemptState.NOT_BOOKED, 3),
            VenueCount("luna", AttemptState.CLAIMED, 2),
        ),
    )
    answer = rates(counts)
    assert (answer.confirmation.hits, answer.confirmation.of) == (6, 10)
    assert (answer.in_doubt, answer.cancels_unproven) == (2, 1)
    assert (answer.by_venue[0].booked.hits, answer.by_venue[0].booked.of) == (5, 8)


def test_nothing_yet():
    empty = Counts(by_status={}, by_cause={}, by_venue=())
    assert rates(empty).confirmation == Rate(hits=0, of=0, rate=None, at_least=None)
