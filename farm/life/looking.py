"""What a look at the venue's record means. The only place that lets a booking be called confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta

from farm.life import words
from farm.life.case import Attempt, Case
from farm.life.decision import Decision, about
from farm.life.doubting import ask_person
from farm.life.happened import Looked
from farm.life.schedule import (
    SLOWEST_S,
    answer_by,
    next_look,
    next_pending_look,
    next_recheck,
    out_of_patience,
    said_since,
    settled_at,
)
from farm.life.settling import change_of, line_of, settle
from farm.life.transition import (
    UNSET,
    AttemptChange,
    BookingChange,
    NewWakeUp,
    Transition,
)
from farm.life.work import CancelAt, ChangeAt, GoOn, LookAt
from farm.routing import Tried
from farm.status import AttemptState, BookingStatus, Cause, Disposition, VenueStatus, VerdictKind


def woken(case: Case, now: datetime) -> Decision:  # noqa: ARG001 - every happening is asked in the same way
    """Look at what is not settled yet."""
    attempt = case.live
    if attempt is None or attempt.state is AttemptState.CONFIRMED:
        return Decision(Transition(done=["verify"]))
    return Decision(then=LookAt(attempt))


def looked(case: Case, happened: Looked, now: datetime) -> Decision:
    """What follows from one look at an attempt that is not settled."""
    attempt = case.attempt(happened.attempt_id)
    return judged(case, attempt, happened, now)


def judged(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    """The one order in which a verdict is read: proof first, then what stands otherwise, then what does not."""
    verdict, place = seen.verdict, case.places[attempt.venue]
    if verdict.proves:
        return _confirm(case, attempt, seen, now)
    if verdict.kind is VerdictKind.CONTESTED or (
        verdict.kind is VerdictKind.MATCHED and verdict.venue_status is VenueStatus.PENDING
    ):
        return _undecided(case, attempt, seen, now)
    if verdict.kind is VerdictKind.DUPLICATED and verdict.venue_reference is not None and place.can_cancel:
        return _repair(case, attempt, seen, CancelAt(attempt, "double", keep=verdict.venue_reference), now)
    if verdict.kind is VerdictKind.MISMATCHED:
        return _mismatched(case, attempt, seen, now)
    if not (verdict.denies or verdict.is_doubt):
        return ask_person(case, attempt, seen)
    if verdict.denies or (attempt.was_refused and verdict.kind is VerdictKind.NOT_FOUND):
        return _nothing_stands(case, attempt, seen, now)
    if verdict.alike and now >= settled_at(attempt, place.manifest, now):
        return ask_person(case, attempt, seen)
    if now >= settled_at(attempt, place.manifest, now) and out_of_patience(verdict, attempt, now):
        return ask_person(case, attempt, seen)
    return _look_again(case, attempt, seen, next_look(attempt, place.manifest, now))


def _confirm(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    reference = seen.verdict.venue_reference
    tried = [Tried(a.venue, "", a.cause or Cause.OUTCOME_UNKNOWN) for a in case.attempts if not a.is_live and a.cause]
    again = next_recheck(case, attempt, now, now)
    return settle(
        case,
        attempt,
        seen,
        AttemptState.CONFIRMED,
        BookingChange(
            status=BookingStatus.CONFIRMED,
            cause=None,
            venue=attempt.venue,
            verdict=seen.verdict,
            venue_reference=reference,
            sentence=words.confirmed(
                case, attempt, reference, [t for t in tried if t.cause is not Cause.WORKER_LOST]
            ),
        ),
        now,
        recheck=again,
        calls_off=case.replaces,
    )


def _undecided(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    """The record stands and the venue has to decide: wait for it, at most as long as the guest does."""
    place, contested = case.places[attempt.venue], seen.verdict.kind is VerdictKind.CONTESTED
    if now >= answer_by(attempt, place.venue, case.request):
        if place.can_cancel:
            return _repair(case, attempt, seen, CancelAt(attempt, "withdraw"), now)
        return ask_person(case, attempt, seen)
    change = BookingChange(
        status=BookingStatus.PENDING_VENUE,
        venue=attempt.venue,
        verdict=seen.verdict,
        venue_reference=seen.verdict.venue_reference,
        sentence=words.pending(case, attempt, contested=contested),
    )
    again = next_pending_look(attempt, place, case.request, now)
    return settle(case, attempt, seen, AttemptState.PENDING_VENUE, change, now, again=again)


def _mismatched(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    """The record differs: as the guest's platform said, and never silently."""
    place, policy = case.places[attempt.venue], case.request.on_mismatch
    if not out_of_patience(seen.verdict, attempt, now):
        if policy == "amend" and place.can_change and attempt.expected is not None:
            return _repair(case, attempt, seen, ChangeAt(attempt, "amend", case.request, attempt.expected), now)
        if policy == "cancel_and_fall_back" and place.can_cancel:
            return _repair(case, attempt, seen, CancelAt(attempt, "mismatch"), now)
    return ask_person(case, attempt, seen)


def _repair(case: Case, attempt: Attempt, seen: Looked, work: CancelAt | ChangeAt, now: datetime) -> Decision:
    """What stands at the venue is put right; whoever comes after a worker that dies now begins with a look."""
    if work.why != "withdraw" and out_of_patience(seen.verdict, attempt, now):
        return ask_person(case, attempt, seen)
    states = {VerdictKind.DUPLICATED: AttemptState.DUPLICATED, VerdictKind.MISMATCHED: AttemptState.MISMATCHED}
    return Decision(
        Transition(
            attempts=[change_of(attempt, seen, states.get(seen.verdict.kind, UNSET))],
            booking=BookingChange(status=BookingStatus.VERIFYING),
            events=[line_of(attempt, seen.verdict), about(attempt, "attempt.repairing", why=work.why)],
            wake=[NewWakeUp("verify", now + timedelta(seconds=SLOWEST_S))],
            done=["verify"],
        ),
        work,
    )


def _nothing_stands(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    """The venue's record says no: closed when that is sure, looked at again when it may only be early."""
    refused = attempt.was_refused and not _may_mean_yes(attempt)
    if refused:
        return _closed(attempt, seen, AttemptState.REFUSED, attempt.cause, now)
    if attempt.state is AttemptState.PENDING_VENUE and seen.verdict.venue_status is not None:
        return _closed(attempt, seen, AttemptState.REFUSED, Cause.VENUE_DECLINED, now)
    if attempt.sent == "no":
        return _closed(attempt, seen, AttemptState.NOT_BOOKED, attempt.cause, now)
    manifest = case.places[attempt.venue].manifest
    if now >= settled_at(attempt, manifest, now) and said_since(seen.verdict, attempt) < now:
        cause = attempt.cause if attempt.was_refused else Cause.RECORD_MISSING
        return _closed(attempt, seen, AttemptState.ABSENT, cause, now)
    return _look_again(case, attempt, seen, next_look(attempt, manifest, now))


def _may_mean_yes(attempt: Attempt) -> bool:
    """A venue's "no" that may mean "you already have it"."""
    return attempt.cause is not None and attempt.cause.disposition is Disposition.RECONCILE_FIRST


def _closed(attempt: Attempt, seen: Looked, state: AttemptState, cause: Cause | None, now: datetime) -> Decision:
    """Nothing stands there: the booking goes on (or stops, when it was cancelled)."""
    known = attempt.was_refused or attempt.sent == "no"
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    state=state,
                    cause=cause,
                    detail=UNSET if known else seen.verdict.reason,
                    verdict=seen.verdict,
                    stages=seen.stages,
                    looked=1,
                )
            ],
            booking=BookingChange(status=BookingStatus.ATTEMPTING, venue=None, venue_reference=None, verdict=None),
            events=[line_of(attempt, seen.verdict), about(attempt, f"attempt.{state}", cause=str(cause or ""))],
            wake=[NewWakeUp("book", now)],
            done=["verify"],
        ),
        GoOn(),
    )


def _look_again(case: Case, attempt: Attempt, seen: Looked, at: datetime) -> Decision:
    state = AttemptState.IN_DOUBT if attempt.state is AttemptState.COMMITTING and not attempt.was_refused else UNSET
    keeps = case.status in {BookingStatus.CONFIRMED, BookingStatus.PENDING_VENUE}
    return Decision(
        Transition(
            attempts=[change_of(attempt, seen, state)],
            booking=None if keeps else BookingChange(status=BookingStatus.VERIFYING),
            events=[line_of(attempt, seen.verdict)],
            wake=[NewWakeUp("verify", at)],
            done=["verify"],
        )
    )
