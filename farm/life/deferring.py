"""When the agreed pace lets nobody in: a wake-up for later, never a sleeping worker or a wasted attempt."""

from __future__ import annotations

from datetime import datetime, timedelta

from farm.life import calling_off, going, looking
from farm.life.case import Attempt, Case
from farm.life.decision import Decision
from farm.life.happened import Deferred, GivenBack, Looked, NotCancelled
from farm.life.schedule import PATIENCE_S
from farm.life.transition import AttemptChange, BookingChange, NewWakeUp, Transition, WakeUpKind
from farm.life.work import CancelAt, ChangeAt, GiveBack, LookAt, PassedOver, Try
from farm.status import BookingStatus, VerdictKind
from farm.verdict import Verdict

PATIENT_S = 120.0
"""So long since something was last tried the next venue in the guest's order is waited for; then another is asked.

As long as a person stays on the telephone: the first choice is worth that, and a wait of an hour is not.
"""


def deferred(case: Case, happened: Deferred, now: datetime) -> Decision:
    """Come again when it may help.

    A look waits however long it takes, for its moment is known: only the record tells what became of a click. But a
    guest who calls off meanwhile gets a person, as where a venue does not answer.
    """
    work = happened.work
    lasts = happened.until > now + timedelta(seconds=PATIENCE_S)
    match work:
        case Try():
            return _tries_later(case, work, happened, now)
        case GiveBack():
            return going.given_back(case, GivenBack(work.attempt.id, proven=False))  # it ends by itself
        case LookAt():
            if work.why == "verify" and lasts and case.cancel_requested_at is not None:
                nothing = Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=now, reason=happened.detail)
                return looking.looked(case, Looked(work.attempt.id, "verify", nothing), now)
            return comes_again("verify" if work.why == "verify" else "recheck", work.attempt.venue, happened)
        case CancelAt():
            if lasts and work.why == "guest":  # a person can call the venue
                return calling_off.not_cancelled(case, NotCancelled(work.attempt.id, work.why, happened.detail), now)
            kinds: dict[str, WakeUpKind] = {"guest": "cancel", "late": "recheck"}
            repaired = None if work.why == "guest" else case.attempt(work.attempt.id)
            return comes_again(kinds.get(work.why, "verify"), work.attempt.venue, happened, since=repaired)
        case ChangeAt():
            if work.why == "amend":
                return comes_again("verify", work.attempt.venue, happened)
            stands = case.verdict is not None and case.verdict.proves
            # it is still what it was, however long nobody may touch it
            change = BookingChange(status=BookingStatus.CONFIRMED, verdict=case.verdict) if stands else None
            return comes_again("change", work.attempt.venue, happened, change)


def comes_again(
    kind: WakeUpKind,
    venue: str,
    happened: Deferred,
    change: BookingChange | None = None,
    since: Attempt | None = None,
) -> Decision:
    """The same once more, at its moment.

    Args:
        kind: Of wake-up.
        venue: Where nobody may go now.
        happened: Until when.
        change: Of the booking meanwhile.
        since: The attempt whose record is to be put right: how long that is tried counts from that moment on.
    """
    moved = []
    if since is not None and since.verdict is not None:
        moved = [AttemptChange(id=since.id, verdict=since.verdict.model_copy(update={"at": happened.until}))]
    return Decision(
        Transition(
            attempts=moved,
            booking=change,
            events=[going.deferral(venue, happened.until, happened.detail)],
            done=[kind],
            wake=[NewWakeUp(kind, happened.until)],
        )
    )


def _tries_later(case: Case, work: Try, happened: Deferred, now: datetime) -> Decision:
    moved_at = max([attempt.started_at for attempt in case.attempts], default=case.created_at or now)
    soon = happened.until <= moved_at + timedelta(seconds=PATIENT_S)
    if soon and going.can_wait(case, work.venue, happened.until):
        return comes_again("book", work.venue.slug, happened)
    return going.go_to_next(case, now, (*work.passed, PassedOver(work.venue, happened.until, happened.detail)))
