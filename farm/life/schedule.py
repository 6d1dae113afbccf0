"""When a venue is looked at, asked again, or given up on."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from farm.facts import Slot, Stay, When
from farm.life.case import Attempt, Case, Place
from farm.manifest import Manifest
from farm.request import Request, WantedSlot
from farm.venue import Venue
from farm.verdict import Verdict

PATIENCE_S = 30 * 60
"""How long a venue is asked again from its first look without a usable answer on, or from the first after one.

Source: Expedia Rapid, which has its partners keep retrieving for half an hour.
"""
SLOWEST_S = 60.0
PENDING_SLOWEST_S = 15 * 60.0
LATE_S = 10 * 60.0
"""When a venue that had no record is asked once more whether one came late."""
CANCEL_AGAIN_S = 2.0
CANCEL_FIRST_S = 5.0
"""How long a cancellation that failed waits; then half of all the time since it was first tried, up to a minute."""


def settled_at(attempt: Attempt, manifest: Manifest, now: datetime) -> datetime:
    """From when on "no record" means that there will be none."""
    if attempt.sent == "no":
        return attempt.committed_at or now
    ended = attempt.answered_at or attempt.submit_deadline or attempt.started_at
    return ended + timedelta(seconds=manifest.settle.settle_s)


def next_look(attempt: Attempt, manifest: Manifest, now: datetime) -> datetime:
    """The venue's own rhythm, growing to a minute, and never past the moment that decides."""
    wait_s = min(manifest.settle.every_s * 1.5 ** min(attempt.read_backs, 20), SLOWEST_S)
    at, settled = now + timedelta(seconds=wait_s), settled_at(attempt, manifest, now)
    return settled if now < settled < at else at


def next_pending_look(attempt: Attempt, place: Place, request: Request, now: datetime) -> datetime:
    """When a venue that has not answered is looked at again; not later than the deadline for its answer."""
    first_s = place.manifest.settle.pending_every_s
    wait_s = min(first_s * 1.5 ** min(attempt.read_backs, 20), max(first_s, PENDING_SLOWEST_S))
    return min(now + timedelta(seconds=wait_s), max(answer_by(attempt, place.venue, request), now))


def answer_by(attempt: Attempt, venue: Venue, request: Request) -> datetime:
    """Until when a venue may answer a request that is pending: as the guest can wait, and not past the start."""
    ends = [_latest_start(request, venue)]
    if request.know_by is not None:
        ends.append(request.know_by)
    if request.pending_min is not None:
        ends.append((attempt.committed_at or attempt.started_at) + timedelta(minutes=request.pending_min))
    return min(ends)


def _latest_start(request: Request, venue: Venue) -> datetime:
    wish = request.when
    if isinstance(wish, WantedSlot):
        return wish.moments(venue.zone)[1].astimezone(UTC)
    return datetime.combine(wish.check_in, time(), venue.zone).astimezone(UTC)


def starts_at(when: When | None, venue: Venue) -> datetime | None:
    """When a booking begins; a stay at the venue's midnight before its first night."""
    if isinstance(when, Slot):
        return when.starts_at.astimezone(UTC)
    if isinstance(when, Stay):
        return datetime.combine(when.check_in, time(), venue.zone).astimezone(UTC)
    return None


def next_recheck(case: Case, attempt: Attempt, confirmed_at: datetime, now: datetime) -> datetime | None:
    """When a confirmed booking is looked at again, by its venue's plan; None when nothing is left of it."""
    place = case.places.get(attempt.venue)
    if place is None:
        return None
    plan = place.manifest.recheck
    moments = [confirmed_at + timedelta(minutes=minutes) for minutes in plan.after_min]
    begins = starts_at(attempt.expected.when if attempt.expected else None, place.venue)
    if begins is not None:
        moments += [begins - timedelta(hours=hours) for hours in plan.before_h]
        moments = [moment for moment in moments if moment < begins]
    return min((moment for moment in moments if moment > now), default=None)


def cancel_again(since: datetime, now: datetime) -> datetime:
    """When a cancellation that was not proven is tried again."""
    wait_s = min(max(CANCEL_FIRST_S, (now - since).total_seconds() / 2), SLOWEST_S)
    return now + timedelta(seconds=wait_s)


def after_the_verdict(live: Attempt, now: datetime) -> datetime:
    """When a wish that waits for a verdict is looked at again, should nobody who writes one wake it."""
    wait_s = min(max(CANCEL_AGAIN_S, (now - live.started_at).total_seconds() / 2), SLOWEST_S)
    return now + timedelta(seconds=wait_s)


def change_again(since: datetime, now: datetime) -> datetime:
    """When a change that did not come through is tried again: each wait as long as all before, up to ten minutes."""
    wait_s = min(max(CANCEL_FIRST_S, (now - since).total_seconds()), 10 * SLOWEST_S)
    return now + timedelta(seconds=wait_s)


def lasting(verdict: Verdict, attempt: Attempt) -> Verdict:
    """What an attempt keeps: the new verdict, but of a row that says the same the first, for it tells since when."""
    before = attempt.verdict
    if before is not None and _says(before) == _says(verdict) is not None:
        return before
    return verdict


def said_since(verdict: Verdict, attempt: Attempt) -> datetime:
    """Since when the looks have said what this one says."""
    return lasting(verdict, attempt).at


def _says(verdict: Verdict) -> str | None:
    if verdict.denies:
        return "denied"
    return "doubt" if verdict.is_doubt else str(verdict.kind)


def out_of_patience(verdict: Verdict, attempt: Attempt, now: datetime) -> bool:
    """True when the looks have said this for so long that a person must take over."""
    return now >= said_since(verdict, attempt) + timedelta(seconds=PATIENCE_S)
