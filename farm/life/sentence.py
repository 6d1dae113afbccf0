"""Which sentence the guest is told, at any moment of a booking's life; its words: ``words`` and ``meanwhile``."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from farm.life import meanwhile, words
from farm.life.awaiting import Awaited, Waiting, knows_by
from farm.life.case import Attempt, Case
from farm.routing import Tried
from farm.status import AttemptState, BookingStatus, Cause

_WISHED = frozenset({Awaited.CANCELLATION, Awaited.CHANGE})
_FOR_A_PLACE = frozenset({Awaited.WORKER, Awaited.PACE, Awaited.VENUE_PAGE})


def sentence(case: Case, written: str | None, waits: Waiting | None, now: datetime) -> str:
    """How it stands, in words for the guest.

    Args:
        case: What is known of it.
        written: What the decision that settled it has said; while it is under way it is out of date.
        waits: What it waits for.
        now: Tells only whether somebody is late, and whether a time is of today.
    """
    if not case.status.settled:
        return _under_way(case, waits or Waiting(Awaited.WORKER, knows_by(case)), now)
    said = written or _ended(case)
    if waits is None or waits.what not in _WISHED:
        return said
    return f"{said} {meanwhile.wished(waits.what, meanwhile.known_by(waits.until, _zone(case), now))}"


def awaited_in_words(case: Case, waits: Waiting) -> str:
    """What it waits for, in words for whoever watches it."""
    return meanwhile.waiting(case, waits.what, _at_hand(case))


def _under_way(case: Case, waits: Waiting, now: datetime) -> str:
    until = knows_by(case) if waits.what in _FOR_A_PLACE else waits.until
    by = meanwhile.known_by(until, _zone(case), now)
    return meanwhile.under_way(case, waits.what, _at_hand(case), _tried(case), by)


def _ended(case: Case) -> str:
    """What a decision would have said; of a row that another version wrote without a sentence."""
    live, tried = case.live, _tried(case)
    match case.status:
        case BookingStatus.CONFIRMED if live is not None:
            return words.confirmed(case, live, case.verdict.venue_reference if case.verdict else None, tried)
        case BookingStatus.CANCELLED:
            gone = [attempt for attempt in case.attempts if attempt.state is AttemptState.CANCELLED]
            return words.cancelled(case, gone[-1] if gone else None)
        case BookingStatus.IN_DOUBT | BookingStatus.CONFIRMED:
            return words.unsure(case, live, case.verdict)
        case _:
            return words.nothing_booked(case, tried, in_time=case.status is not BookingStatus.EXPIRED)


def _at_hand(case: Case) -> Attempt | None:
    """The attempt that is worked on, or that a record may stand of."""
    prepared = (attempt for attempt in case.attempts if attempt.state is AttemptState.PREPARED)
    return case.live or next(prepared, None)


def _tried(case: Case) -> list[Tried]:
    """Where it came by, and why it is not there; a fault of our own is none of the venue's."""
    closed = (a for a in case.attempts if not a.is_live and a.cause is not None)
    return [Tried(a.venue, "", a.cause) for a in closed if a.cause is not None and a.cause is not Cause.WORKER_LOST]


def _zone(case: Case) -> ZoneInfo | None:
    """On whose clock it is told: of the venue that it is at, else of the first that was asked for."""
    attempt = _at_hand(case)
    if attempt is not None and attempt.venue in case.places:
        return case.places[attempt.venue].venue.zone
    return next((venue.zone for venue in case.candidates), None)
