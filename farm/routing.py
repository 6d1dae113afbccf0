"""Where a booking goes next: a pure function of the request, what was tried, and the time left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from farm.request import Request
from farm.status import BookingStatus, Cause, Disposition
from farm.venue import Venue

ATTEMPTS_PER_VENUE = 2
"""A cause that says ``retry_same`` gets one more try at the same venue, then the next one."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt that booked nothing.

    Attributes:
        widened: It was tried with the window that the request lets grow.
    """

    venue: str
    partner: str
    cause: Cause
    detail: str = ""
    widened: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Go there next.

    Attributes:
        request: What is asked for there: the window may have grown, as far as the request lets it.
    """

    venue: Venue
    request: Request
    widened: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Go nowhere: how the booking ends, why, and the sentence for the guest."""

    status: BookingStatus
    cause: Cause
    sentence: str


_SPOKEN = {
    Cause.SLOT_UNAVAILABLE: "was full",
    Cause.SLOT_BUSY: "was just being booked by somebody else",
    Cause.LEASE_EXPIRED: "lost the slot before it could be booked",
    Cause.PRICE_OVER_CAP: "was over the price limit",
    Cause.REQUEST_REFUSED: "cannot serve this request",
    Cause.RECORD_MISSING: "said yes but kept no record",
    Cause.RECORD_MISMATCH: "wrote down something else, which was cancelled",
    Cause.VENUE_DECLINED: "declined the request",
    Cause.VENUE_CANCELLED: "dropped the booking",
    Cause.NOT_ANSWERED: "did not answer in time",
    Cause.VENUE_UNREACHABLE: "could not be reached",
    Cause.WORKER_LOST: "could not be visited, for a reason of our own",
    Cause.PACING_DEFERRED: "could not be visited soon enough",
    Cause.ACCESS_NOT_AGREED: "does not take bookings from us now",
    Cause.CHALLENGE_PRESENTED: "does not take bookings from us now",
    Cause.TIER_TOO_LOW: "does not take bookings from us now",
}
_WAS_FULL = frozenset({Cause.SLOT_UNAVAILABLE, Cause.SLOT_BUSY, Cause.LEASE_EXPIRED, Cause.PRICE_OVER_CAP})
_MAY_HAVE_ANOTHER_TIME = frozenset({Cause.SLOT_UNAVAILABLE, Cause.SLOT_BUSY, Cause.LEASE_EXPIRED})


def next_step(
    request: Request,
    candidates: Sequence[Venue],
    tried: Sequence[Tried],
    now: datetime,
    closed: Mapping[str, Cause] = MappingProxyType({}),
) -> Route | Stop:
    """The next venue, or how the booking ends. Never called while a commit may have gone out.

    Order: as the request names them (a group: by name). A partner that refused access is not visited again, nor is a
    venue that is closed for new bookings (by slug, with the cause). Once nobody has a place in the window, those that
    were full are asked again with the window as wide as it may be.
    """
    if request.know_by is not None and now >= request.know_by:
        return Stop(BookingStatus.EXPIRED, _last(tried), f"Time ran out: {told(tried, candidates)}")
    if tried and tried[-1].cause is Cause.CANCEL_REQUESTED:
        return Stop(BookingStatus.CANCELLED, Cause.CANCEL_REQUESTED, "Cancelled before anything was booked.")
    refused = {t.partner for t in tried if t.cause in {Cause.CHALLENGE_PRESENTED, Cause.ACCESS_NOT_AGREED}}
    open_now = [
        venue
        for venue in candidates
        if venue.partner not in refused
        and venue.slug not in closed
        and not request.when.starts_before(now, venue.zone)
    ]
    for venue in open_now:
        if _is_next(venue.slug, [t for t in tried if not t.widened], tried):
            return Route(venue, request)
    wider = request.when.widened()
    for venue in open_now if wider is not None else ():
        here = [t for t in tried if t.venue == venue.slug]
        if here[-1].cause in _MAY_HAVE_ANOTHER_TIME and _is_next(venue.slug, [t for t in here if t.widened], tried):
            return Route(venue, request.model_copy(update={"when": wider}), widened=True)
    return _stop(request, candidates, _with_closed(tried, candidates, closed), now)


def with_passed(
    candidates: Sequence[Venue], tried: Sequence[Tried], closed: Mapping[str, Cause], now: datetime, request: Request
) -> Stop:
    """How the booking ends when nothing is left but venues that the agreed pace keeps closed for too long."""
    return _stop(request, candidates, _with_closed(tried, candidates, closed), now)


def _with_closed(tried: Sequence[Tried], candidates: Sequence[Venue], closed: Mapping[str, Cause]) -> list[Tried]:
    """With what was not even tried, because it is closed; what was tried last keeps the last word."""
    been = {t.venue for t in tried}
    untried = [v for v in candidates if v.slug in closed and v.slug not in been]
    return [*(Tried(v.slug, v.partner, closed[v.slug]) for v in untried), *tried]


def _is_next(slug: str, before: Sequence[Tried], tried: Sequence[Tried]) -> bool:
    """True when the venue was not tried in this round, or may be tried there once more at once."""
    here = [t for t in before if t.venue == slug]
    if not here:
        return True
    again = here[-1].cause.disposition is Disposition.RETRY_SAME and here[-1] is tried[-1]
    return again and len(here) < ATTEMPTS_PER_VENUE


def _stop(request: Request, candidates: Sequence[Venue], tried: Sequence[Tried], now: datetime) -> Stop:
    if candidates and all(request.when.starts_before(now, venue.zone) for venue in candidates):
        return Stop(
            BookingStatus.EXPIRED, _last(tried), f"The time that was wanted is past: {told(tried, candidates)}"
        )
    ended = BookingStatus.UNAVAILABLE if any(t.cause in _WAS_FULL for t in tried) else BookingStatus.FAILED
    return Stop(ended, _last(tried), f"Nothing could be booked: {told(tried, candidates)}")


def told(tried: Sequence[Tried], candidates: Sequence[Venue]) -> str:
    """What was tried and why it did not work, in words for the guest."""
    return (because(tried, candidates) or "nothing was tried yet") + "."


def because(tried: Sequence[Tried], candidates: Sequence[Venue]) -> str:
    """Each venue that was tried and why it was not it; empty when there is none."""
    names = {venue.slug: venue.name for venue in candidates}
    last = {t.venue: t.cause for t in tried if t.venue}
    return "; ".join(
        f"{names.get(slug, slug)} {_SPOKEN.get(cause, 'could not take the booking')}" for slug, cause in last.items()
    )


def _last(tried: Sequence[Tried]) -> Cause:
    return tried[-1].cause if tried else Cause.SLOT_UNAVAILABLE
