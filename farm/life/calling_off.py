"""Cancelling: before the commit it stops the attempt, after it the venue's record must no longer have it."""

from __future__ import annotations

from datetime import datetime, timedelta

from farm.life import going, looking, words
from farm.life.case import Attempt, Case
from farm.life.decision import Decision, about
from farm.life.happened import Cancelled, Looked, NotCancelled
from farm.life.schedule import PATIENCE_S, after_the_verdict, answer_by, cancel_again
from farm.life.settling import late_look
from farm.life.transition import UNSET, AttemptChange, BookingChange, NewEvent, NewWakeUp, Transition
from farm.life.work import CancelAt, GoOn
from farm.status import AttemptState, BookingStatus, Cause

_WAITS_FOR_VERDICT = frozenset({AttemptState.COMMITTING, AttemptState.CLAIMED, AttemptState.IN_DOUBT})


def woken(case: Case, now: datetime) -> Decision:
    """The guest's wish wins over everything: what it needs now."""
    live = case.live
    if live is None:
        return _unbooked(case, now)
    if live.state in _WAITS_FOR_VERDICT:
        # the verdict comes first; whoever writes it wakes the cancellation
        again = NewWakeUp("cancel", after_the_verdict(live, now))
        return Decision(Transition(done=["cancel"], wake=[again]))
    if live.venue not in case.places:
        unknown = NotCancelled(live.id, "guest", f"this farm knows no venue {live.venue} any more")
        return _unproven(case, live, unknown, now)
    if case.status is BookingStatus.CANCELLING:
        return Decision(then=CancelAt(live, "guest"))
    return Decision(
        Transition(
            booking=BookingChange(status=BookingStatus.CANCELLING),
            events=[about(live, "booking.cancelling")],
            done=["verify", "recheck", "change"],  # the cancellation does the looking now
        ),
        CancelAt(live, "guest"),
    )


def _unbooked(case: Case, now: datetime) -> Decision:
    if case.status.settled:
        return Decision(Transition(done=["cancel"]))
    prepared = [attempt for attempt in case.attempts if attempt.state is AttemptState.PREPARED]
    sentence = words.cancelled(case, None)
    return Decision(
        Transition(
            attempts=going.buried(prepared),
            booking=BookingChange(
                status=BookingStatus.CANCELLED, cause=Cause.CANCEL_REQUESTED, sentence=sentence, change=None
            ),
            events=[*going.burials(prepared), NewEvent("booking.cancelled", payload={"sentence": sentence})],
            wake=late_look(case, now),
            done=["book", "verify", "cancel", "change"],
        )
    )


def cancelled(case: Case, happened: Cancelled, now: datetime) -> Decision:
    """A cancellation is proven: what it was for decides what follows."""
    attempt = case.attempt(happened.attempt_id)
    match happened.why:
        case "guest":
            return _cancelled_for_guest(case, attempt, happened, now)
        case "double":
            return looking.judged(case, attempt, Looked(attempt.id, "verify", happened.verdict, happened.stages), now)
        case "late":
            change = AttemptChange(id=attempt.id, verdict=happened.verdict, stages=happened.stages, looked=1)
            event = about(attempt, "attempt.late_record_cancelled", channel=happened.verdict.channel)
            return Decision(Transition(attempts=[change], events=[event]), GoOn("recheck"))
        case "mismatch":
            return _goes_on(attempt, happened, Cause.RECORD_MISMATCH, now)
        case "withdraw":
            return _goes_on(attempt, happened, Cause.NOT_ANSWERED, now)


def _cancelled_for_guest(case: Case, attempt: Attempt, happened: Cancelled, now: datetime) -> Decision:
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    state=AttemptState.CANCELLED,
                    verdict=happened.verdict,
                    stages=happened.stages,
                    looked=1,
                )
            ],
            booking=BookingChange(
                status=BookingStatus.CANCELLED,
                cause=Cause.CANCEL_REQUESTED,
                verdict=happened.verdict,
                sentence=words.cancelled(case, attempt),
                change=None,
            ),
            events=[about(attempt, "booking.cancelled", channel=happened.verdict.channel)],
            wake=late_look(case, now),
            done=["book", "verify", "cancel", "change", "recheck"],
        )
    )


def _goes_on(attempt: Attempt, happened: Cancelled, cause: Cause, now: datetime) -> Decision:
    """What stood there is gone, and proven gone: the booking goes to the next place."""
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    state=AttemptState.CANCELLED,
                    cause=cause,
                    verdict=happened.verdict,
                    stages=happened.stages,
                    looked=1,
                )
            ],
            booking=BookingChange(status=BookingStatus.ATTEMPTING, venue=None, venue_reference=None, verdict=None),
            events=[about(attempt, "attempt.cancelled", cause=str(cause), channel=happened.verdict.channel)],
            wake=[NewWakeUp("book", now)],
            done=["verify", "recheck"],
        ),
        GoOn(),
    )


def not_cancelled(case: Case, happened: NotCancelled, now: datetime) -> Decision:
    """Try again later, unless we never can, or it has been long enough for a person to take over."""
    attempt = case.attempt(happened.attempt_id)
    note = about(attempt, "attempt.note", text=f"the cancellation is tried again: {happened.detail}")
    change = AttemptChange(id=attempt.id, stages=happened.stages, looked=1)
    if happened.why == "guest":
        since = case.cancel_requested_at or case.created_at or now
        if happened.for_good or now >= since + timedelta(seconds=PATIENCE_S):
            return _unproven(case, attempt, happened, now)
        wake = NewWakeUp("cancel", cancel_again(since, now))
        return Decision(Transition(attempts=[change], events=[note], done=["cancel"], wake=[wake]))
    since = _wanted_since(case, attempt, happened, now)
    if happened.for_good or now >= since + timedelta(seconds=PATIENCE_S):
        return (
            _late_unproven(attempt, happened) if happened.why == "late" else _unproven(case, attempt, happened, now)
        )
    again = cancel_again(since, now)
    kind = NewWakeUp("recheck" if happened.why == "late" else "verify", again)
    return Decision(Transition(attempts=[change], events=[note], done=[kind.kind], wake=[kind]))


def _wanted_since(case: Case, attempt: Attempt, happened: NotCancelled, now: datetime) -> datetime:
    """Since when it shall be gone: a request that is withdrawn stood until its deadline by right."""
    place = case.places.get(attempt.venue)
    if happened.why == "withdraw" and place is not None:
        return answer_by(attempt, place.venue, case.request)
    return attempt.verdict.at if attempt.verdict is not None else now


def _late_unproven(attempt: Attempt, happened: NotCancelled) -> Decision:
    """The booking is settled elsewhere; the record that is one too many is listed for a person."""
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    cause=Cause.CANCEL_UNPROVEN,
                    detail=happened.detail,
                    stages=happened.stages,
                    looked=1,
                )
            ],
            events=[about(attempt, "attempt.cancel_unproven", detail=happened.detail)],
        ),
        GoOn("recheck"),
    )


def _unproven(case: Case, attempt: Attempt, happened: NotCancelled, now: datetime) -> Decision:
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    # or a later look would overwrite this
                    state=AttemptState.NEEDS_HUMAN if attempt.is_unjudged else UNSET,
                    detail=happened.detail,
                    stages=happened.stages,
                    looked=1,
                )
            ],
            booking=BookingChange(
                status=BookingStatus.IN_DOUBT, cause=Cause.CANCEL_UNPROVEN, sentence=words.cancel_unproven()
            ),
            events=[about(attempt, "booking.in_doubt", detail=happened.detail)],
            wake=late_look(case, now),
            done=["verify", "cancel"],
        )
    )
