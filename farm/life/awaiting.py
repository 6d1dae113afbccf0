"""What a booking waits for, and until when: pure, from what is known of it and its open wake-ups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from farm.life import by_person
from farm.life.case import Attempt, Case
from farm.life.schedule import PATIENCE_S, answer_by, settled_at
from farm.life.states import ENDED_WITHOUT
from farm.life.transition import WakeUpKind
from farm.status import AttemptState, BookingStatus, Cause

PATIENCE = timedelta(seconds=PATIENCE_S)
_LAST_ZONE = ZoneInfo("Etc/GMT+12")
"""Where a day ends last of all."""

Due = Mapping[WakeUpKind, datetime]
"""When each open wake-up of a booking is due."""


class Awaited(StrEnum):
    """What a booking may wait for."""

    WORKER = "worker"
    PACE = "pace"
    VENUE_PAGE = "venue_page"
    RECORD = "record"
    VENUE_ANSWER = "venue_answer"
    PERSON = "person"
    CANCELLATION = "cancellation"
    CHANGE = "change"
    RECHECK = "recheck"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a booking waits for now.

    Attributes:
        until: This wait has ended by then, in whatever way; in the past: somebody is late. A person comes when they
            come, so that nobody can say (None).
    """

    what: Awaited
    until: datetime | None


def knows_by(case: Case) -> datetime:
    """When the guest knows at the latest whether a place was found, but for a click whose record is still read.

    As the request says (``know_by``); else when the last of its venues could no longer begin what is wanted. The same
    holds for what a venue has dropped: the guest knew in time, and it is looked for until it would begin.
    """
    if case.request.know_by is not None and not case.was_dropped:
        return case.request.know_by
    return max(case.request.when.over_at(zone) for zone in {v.zone for v in case.candidates} or {_LAST_ZONE})


def awaited(case: Case, due: Due, now: datetime, *, at_work: bool) -> Waiting | None:
    """What it waits for; None once nothing more is to come.

    Args:
        case: What is known of it.
        due: Its open wake-ups.
        now: Tells only what is due; ``until`` does not move with it.
        at_work: A worker has its lease now.
    """
    if _is_called_off(case, due):
        return Waiting(Awaited.CANCELLATION, _called_off_by(case, due))
    if case.change is not None and case.live is not None and case.live.state is AttemptState.CONFIRMED:
        return Waiting(Awaited.CHANGE, _changed_by(case, case.live, due))
    if case.status in {BookingStatus.QUEUED, BookingStatus.ATTEMPTING}:
        return _to_be_booked(case, due, now, at_work=at_work)
    if case.status is BookingStatus.PENDING_VENUE:
        return Waiting(Awaited.VENUE_ANSWER, _answered_by(case))
    if not case.status.settled:
        return Waiting(Awaited.RECORD, read_by(case, due))
    if case.status is BookingStatus.IN_DOUBT or by_person.waiting(case) is not None:
        return Waiting(Awaited.PERSON, None)
    return Waiting(Awaited.RECHECK, due["recheck"]) if "recheck" in due else None


def read_by(case: Case, due: Due) -> datetime:
    """When the venue's record has told, or a person has the doubt; never before the next look."""
    live = case.live
    if live is None:
        return max(due.get("verify", knows_by(case)), knows_by(case))
    place = case.places.get(live.venue)
    asked_at = live.answered_at or live.submit_deadline or live.committed_at or live.started_at
    ends = [(live.verdict.at if live.verdict is not None else asked_at) + PATIENCE]
    if place is not None:
        ends.append(settled_at(live, place.manifest, asked_at))
    if place is not None and live.state is AttemptState.PENDING_VENUE:  # it is being withdrawn
        ends.append(answer_by(live, place.venue, case.request) + PATIENCE)
    return max([*ends, *(at for kind, at in due.items() if kind == "verify")])


def _is_called_off(case: Case, due: Due) -> bool:
    if case.status is BookingStatus.CANCELLING:
        return True
    wished = case.cancel_requested_at is not None and case.status not in ENDED_WITHOUT
    return wished and (not case.status.settled or "cancel" in due)


def _called_off_by(case: Case, due: Due) -> datetime:
    """A person has it after half an hour of trying; a click that is on its way is read back first."""
    ends = [case.cancel_requested_at + PATIENCE] if case.cancel_requested_at is not None else []
    ends += [at for kind, at in due.items() if kind == "cancel"]
    if not ends or (case.live is not None and case.live.is_unjudged):
        ends.append(read_by(case, due))
    return max(ends)


def _changed_by(case: Case, live: Attempt, due: Due) -> datetime:
    verdict = live.verdict
    if verdict is not None and not verdict.proves:  # it is tried, and nobody knows yet
        return verdict.at + PATIENCE
    return due.get("change", case.settled_at or live.started_at) + PATIENCE


def _answered_by(case: Case) -> datetime:
    place = case.places.get(case.live.venue) if case.live is not None else None
    if case.live is None or place is None:
        return knows_by(case)
    return answer_by(case.live, place.venue, case.request)


def _to_be_booked(case: Case, due: Due, now: datetime, *, at_work: bool) -> Waiting:
    live = case.live
    if live is not None:
        clicks = at_work and live.state is AttemptState.COMMITTING and live.submit_deadline is not None
        if clicks:
            return Waiting(Awaited.VENUE_PAGE, live.submit_deadline)
        return Waiting(Awaited.RECORD, read_by(case, due))
    if at_work and any(attempt.state is AttemptState.PREPARED for attempt in case.attempts):
        return Waiting(Awaited.VENUE_PAGE, knows_by(case))
    again = due.get("book", now)
    ours = bool(case.attempts) and case.attempts[-1].cause is Cause.WORKER_LOST
    if again > now and not at_work and not ours:
        return Waiting(Awaited.PACE, again)
    return Waiting(Awaited.WORKER, knows_by(case))
