"""Which state may follow which. Staying where one is, is always allowed."""

from __future__ import annotations

from farm.status import LIVE_STATES, AttemptState, BookingStatus

_B = BookingStatus
_A = AttemptState

_ENDED_WITHOUT = {_B.UNAVAILABLE, _B.FAILED, _B.CANCELLED, _B.EXPIRED}

BOOKING: dict[BookingStatus, set[BookingStatus]] = {
    _B.QUEUED: {_B.ATTEMPTING, _B.CANCELLING, _B.IN_DOUBT} | _ENDED_WITHOUT,
    _B.ATTEMPTING: {_B.QUEUED, _B.VERIFYING, _B.PENDING_VENUE, _B.IN_DOUBT, _B.CANCELLING} | _ENDED_WITHOUT,
    _B.VERIFYING: {_B.QUEUED, _B.ATTEMPTING, _B.CONFIRMED, _B.PENDING_VENUE, _B.IN_DOUBT, _B.CANCELLING}
    | _ENDED_WITHOUT,
    _B.PENDING_VENUE: {_B.QUEUED, _B.ATTEMPTING, _B.VERIFYING, _B.CONFIRMED, _B.IN_DOUBT, _B.CANCELLING}
    | _ENDED_WITHOUT,
    _B.IN_DOUBT: {_B.QUEUED, _B.ATTEMPTING, _B.VERIFYING, _B.CONFIRMED, _B.PENDING_VENUE, _B.CANCELLING}
    | _ENDED_WITHOUT,
    # The venue may drop, move or cancel what it had confirmed.
    _B.CONFIRMED: {_B.QUEUED, _B.ATTEMPTING, _B.VERIFYING, _B.PENDING_VENUE, _B.IN_DOUBT, _B.CANCELLING}
    | _ENDED_WITHOUT,
    # A cancellation that the venue refuses leaves a booking that stands.
    _B.CANCELLING: {_B.CANCELLED, _B.VERIFYING, _B.CONFIRMED, _B.PENDING_VENUE, _B.IN_DOUBT, _B.FAILED},
    # The late surprise: a record appears where there was none.
    _B.UNAVAILABLE: {_B.IN_DOUBT},
    _B.FAILED: {_B.IN_DOUBT},
    _B.CANCELLED: {_B.IN_DOUBT},
    _B.EXPIRED: {_B.IN_DOUBT},
}

_FOUND = {_A.CONFIRMED, _A.PENDING_VENUE, _A.MISMATCHED, _A.DUPLICATED}
_SEEN = _FOUND | {_A.ABSENT, _A.IN_DOUBT, _A.NEEDS_HUMAN, _A.CANCELLED}

ATTEMPT: dict[AttemptState, set[AttemptState]] = {
    _A.PREPARED: {_A.COMMITTING, _A.NOT_BOOKED, _A.CANCELLED},
    _A.COMMITTING: {_A.CLAIMED, _A.REFUSED, _A.NOT_BOOKED} | _SEEN,
    _A.CLAIMED: _SEEN,
    _A.IN_DOUBT: {_A.REFUSED, _A.NOT_BOOKED} | _SEEN,
    _A.CONFIRMED: _SEEN,
    _A.PENDING_VENUE: {_A.REFUSED} | _SEEN,
    _A.MISMATCHED: _SEEN,
    _A.DUPLICATED: _SEEN,
    _A.NEEDS_HUMAN: {_A.REFUSED} | _SEEN,
    _A.NOT_BOOKED: set(),
    _A.REFUSED: {_A.IN_DOUBT},
    _A.ABSENT: {_A.IN_DOUBT},
    _A.CANCELLED: {_A.IN_DOUBT},
}

UNJUDGED = frozenset({_A.COMMITTING, _A.CLAIMED, _A.IN_DOUBT, _A.PENDING_VENUE})
"""Past the guard, and the venue's record has not settled it yet."""

STILL_OPEN = UNJUDGED | {_A.PREPARED}
"""States of an attempt that the farm still works on; every other one closes it."""

PAST_GUARD = frozenset({_A.REFUSED, _A.ABSENT})
"""Closed without a booking after a click: such a record can still appear late."""

ENDED_WITHOUT = frozenset(_ENDED_WITHOUT)
"""What a booking may say only while no attempt of it is live."""

LIVE = tuple(sorted(LIVE_STATES))


def booking_sources(status: BookingStatus) -> list[BookingStatus]:
    """The statuses from which a booking may reach this one, itself included."""
    return [status, *(old for old, after in BOOKING.items() if status in after)]


def attempt_sources(state: AttemptState) -> list[AttemptState]:
    """The states from which an attempt may reach this one, itself included."""
    return [state, *(old for old, after in ATTEMPT.items() if state in after)]
