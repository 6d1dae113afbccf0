"""The four axes that never share a field, and the causes of failure with what to do about each.

Sources: OCTO booking states for the venue side; Google Actions Center ``BookingFailure.Cause`` for causes.
"""

from __future__ import annotations

from enum import StrEnum


class BookingStatus(StrEnum):
    """What the reseller sees."""

    QUEUED = "queued"
    ATTEMPTING = "attempting"
    VERIFYING = "verifying"
    CONFIRMED = "confirmed"
    PENDING_VENUE = "pending_venue"
    IN_DOUBT = "in_doubt"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def settled(self) -> bool:
        """True when nobody needs to wait any longer: the farm does nothing more by itself."""
        return self in SETTLED


SETTLED = frozenset(
    {
        BookingStatus.CONFIRMED,
        BookingStatus.IN_DOUBT,
        BookingStatus.UNAVAILABLE,
        BookingStatus.FAILED,
        BookingStatus.CANCELLED,
        BookingStatus.EXPIRED,
    }
)


class AttemptState(StrEnum):
    """Where one attempt at one venue stands. From ``COMMITTING`` on it is *live*: at most one per booking."""

    PREPARED = "prepared"
    NOT_BOOKED = "not_booked"
    COMMITTING = "committing"
    CLAIMED = "claimed"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    CONFIRMED = "confirmed"
    PENDING_VENUE = "pending_venue"
    MISMATCHED = "mismatched"
    DUPLICATED = "duplicated"
    ABSENT = "absent"
    NEEDS_HUMAN = "needs_human"
    CANCELLED = "cancelled"


LIVE_STATES = frozenset(
    {
        AttemptState.COMMITTING,
        AttemptState.CLAIMED,
        AttemptState.IN_DOUBT,
        AttemptState.CONFIRMED,
        AttemptState.PENDING_VENUE,
        AttemptState.MISMATCHED,
        AttemptState.DUPLICATED,
        AttemptState.NEEDS_HUMAN,
    }
)
"""States in which a record may stand at the venue; the ledger's partial unique index is built from them."""


class VenueStatus(StrEnum):
    """What the venue's own record says (OCTO)."""

    ON_HOLD = "ON_HOLD"
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    REDEEMED = "REDEEMED"
    NO_SHOW = "NO_SHOW"

    @property
    def stands(self) -> bool:
        """True when such a record is a booking that the venue keeps (or still decides on)."""
        return self not in {VenueStatus.REJECTED, VenueStatus.EXPIRED, VenueStatus.CANCELLED}


class VerdictKind(StrEnum):
    """The farm's comparison of request, recap and sighting. Only the core gives one."""

    UNVERIFIED = "unverified"
    MATCHED = "matched"
    CONTESTED = "contested"
    MISMATCHED = "mismatched"
    NOT_FOUND = "not_found"
    DUPLICATED = "duplicated"
    IN_DOUBT = "in_doubt"


class Attendance(StrEnum):
    """What became of the guest."""

    UNKNOWN = "unknown"
    ARRIVED = "arrived"
    REDEEMED = "redeemed"
    NO_SHOW = "no_show"
    VENUE_CANCELLED = "venue_cancelled"


class Disposition(StrEnum):
    """What the farm does about a cause."""

    RETRY_SAME = "retry_same"
    FALL_BACK = "fall_back"
    RECONCILE_FIRST = "reconcile_first"
    ASK_HUMAN = "ask_human"


class Cause(StrEnum):
    """Why an attempt did not end in a booking. The first block has Google's names."""

    SLOT_UNAVAILABLE = "SLOT_UNAVAILABLE"
    SLOT_ALREADY_BOOKED_BY_USER = "SLOT_ALREADY_BOOKED_BY_USER"
    LEASE_EXPIRED = "LEASE_EXPIRED"
    OUTSIDE_CANCELLATION_WINDOW = "OUTSIDE_CANCELLATION_WINDOW"
    BOOKING_NOT_CANCELLABLE = "BOOKING_NOT_CANCELLABLE"
    PAYMENT_ERROR = "PAYMENT_ERROR"
    PAYMENT_ERROR_CARD_DECLINED = "PAYMENT_ERROR_CARD_DECLINED"
    PAYMENT_OPTION_NOT_VALID = "PAYMENT_OPTION_NOT_VALID"
    OVERLAPPING_RESERVATION = "OVERLAPPING_RESERVATION"
    USER_OVER_BOOKING_LIMIT = "USER_OVER_BOOKING_LIMIT"
    OFFER_UNAVAILABLE = "OFFER_UNAVAILABLE"

    REQUEST_REFUSED = "REQUEST_REFUSED"
    PRICE_OVER_CAP = "PRICE_OVER_CAP"
    VENUE_UNREACHABLE = "VENUE_UNREACHABLE"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    CHALLENGE_PRESENTED = "CHALLENGE_PRESENTED"
    ACCESS_NOT_AGREED = "ACCESS_NOT_AGREED"
    PACING_DEFERRED = "PACING_DEFERRED"
    TIER_TOO_LOW = "TIER_TOO_LOW"
    VENUE_CHANGED = "VENUE_CHANGED"
    RECAP_MISMATCH = "RECAP_MISMATCH"
    RECORD_MISSING = "RECORD_MISSING"
    RECORD_MISMATCH = "RECORD_MISMATCH"
    SLOT_BUSY = "SLOT_BUSY"
    VENUE_DECLINED = "VENUE_DECLINED"
    VENUE_CANCELLED = "VENUE_CANCELLED"
    NOT_ANSWERED = "NOT_ANSWERED"
    CONTRACT_BROKEN = "CONTRACT_BROKEN"
    WORKER_LOST = "WORKER_LOST"
    CANCEL_UNPROVEN = "CANCEL_UNPROVEN"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"

    @property
    def disposition(self) -> Disposition:
        """What follows from this cause; every cause not named below lets the booking fall back."""
        return _DISPOSITIONS.get(self, Disposition.FALL_BACK)


_DISPOSITIONS = {
    Cause.LEASE_EXPIRED: Disposition.RETRY_SAME,
    Cause.SLOT_BUSY: Disposition.RETRY_SAME,
    Cause.SESSION_EXPIRED: Disposition.RETRY_SAME,
    Cause.PACING_DEFERRED: Disposition.RETRY_SAME,
    Cause.WORKER_LOST: Disposition.RETRY_SAME,
    Cause.OUTCOME_UNKNOWN: Disposition.RECONCILE_FIRST,
    Cause.SLOT_ALREADY_BOOKED_BY_USER: Disposition.RECONCILE_FIRST,
    Cause.OVERLAPPING_RESERVATION: Disposition.RECONCILE_FIRST,
    Cause.RECORD_MISMATCH: Disposition.ASK_HUMAN,
    Cause.CANCEL_UNPROVEN: Disposition.ASK_HUMAN,
    Cause.BOOKING_NOT_CANCELLABLE: Disposition.ASK_HUMAN,
    Cause.OUTSIDE_CANCELLATION_WINDOW: Disposition.ASK_HUMAN,
    Cause.CANCEL_REQUESTED: Disposition.ASK_HUMAN,
    Cause.USER_OVER_BOOKING_LIMIT: Disposition.ASK_HUMAN,
}
