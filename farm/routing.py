"""Where a booking goes next: a pure function of the request, what was tried, and the time left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from farm.request import Request
from farm.status import BookingStatus, Cause, Disposition
from farm.venue import Venue

ATTEMPTS_PER_VENUE = 2
"""A cause that says ``retry_same`` gets one more try at the same venue, then the next one."""


@dataclass(frozen=True)
class Tried:
    """One attempt that booked nothing."""

    venue: str
    partner: str
    cause: Cause
    detail: str = ""


@dataclass(frozen=True)
class Route:
    """Go there next."""

    venue: Venue


@dataclass(frozen=True)
class Stop:
    """Go nowhere: how the booking ends, why, and the sentence for the guest."""

    status: BookingStatus
    cause: Cause
    sentence: str


_SPOKEN = {
    Cause.SLOT_UNAVAILABLE: "was full",
    Cause.LEASE_EXPIRED: "lost the slot before it could be booked",
    Cause.PRICE_OVER_CAP: "was over the price limit",
    Cause.REQUEST_REFUSED: "cannot serve this request",
    Cause.RECORD_MISSING: "said yes but kept no record",
    Cause.VENUE_UNREACHABLE: "could not be reached",
    Cause.WORKER_LOST: "could not be visited, for a reason of our own",
    Cause.ACCESS_NOT_AGREED: "does not take bookings from us now",
    Cause.CHALLENGE_PRESENTED: "does not take bookings from us now",
}


def next_step(request: Request, candidates: Sequence[Venue], tried: Sequence[Tried], now: datetime) -> Route | Stop:
    """The next venue, or how the booking ends. Never called while a commit may have gone out.

    Order: as the request names them (a group: by name). A partner that refused access is not visited again.
    """
    if request.know_by is not None and now >= request.know_by:
        return Stop(BookingStatus.EXPIRED, _last(tried), f"Time ran out: {told(tried, candidates)}")
    if tried and tried[-1].cause is Cause.CANCEL_REQUESTED:
        return Stop(BookingStatus.CANCELLED, Cause.CANCEL_REQUESTED, "Cancelled before anything was booked.")
    refused = {t.partner for t in tried if t.cause in {Cause.CHALLENGE_PRESENTED, Cause.ACCESS_NOT_AGREED}}
    for venue in candidates:
        here = [t for t in tried if t.venue == venue.slug]
        again = (
            bool(here)
            and here[-1].cause.disposition is Disposition.RETRY_SAME
            and len(here) < ATTEMPTS_PER_VENUE
            and here[-1] is tried[-1]
        )
        if venue.partner not in refused and (again or not here):
            return Route(venue)
    ended = BookingStatus.UNAVAILABLE if _was_full(tried) else BookingStatus.FAILED
    return Stop(ended, _last(tried), f"Nothing could be booked: {told(tried, candidates)}")


def told(tried: Sequence[Tried], candidates: Sequence[Venue]) -> str:
    """What was tried and why it did not work, in words for the guest."""
    names = {venue.slug: venue.name for venue in candidates}
    last = {t.venue: t.cause for t in tried}
    said = [
        f"{names.get(slug, slug)} {_SPOKEN.get(cause, 'could not take the booking')}" for slug, cause in last.items()
    ]
    return ("; ".join(said) or "nothing was tried yet") + "."


def _was_full(tried: Sequence[Tried]) -> bool:
    return any(t.cause in {Cause.SLOT_UNAVAILABLE, Cause.LEASE_EXPIRED, Cause.PRICE_OVER_CAP} for t in tried)


def _last(tried: Sequence[Tried]) -> Cause:
    return tried[-1].cause if tried else Cause.SLOT_UNAVAILABLE
