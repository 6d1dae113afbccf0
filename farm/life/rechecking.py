"""After the confirmation: does the venue still have it, and has a record come late where there was none?"""

from __future__ import annotations

from datetime import datetime, timedelta

from farm.life import looking, words
from farm.life.case import Attempt, Case
from farm.life.decision import Decision, about
from farm.life.doubting import ask_person
from farm.life.happened import CannotLook, Looked
from farm.life.schedule import LATE_S, SLOWEST_S, lasting, next_recheck, out_of_patience, said_since
from farm.life.settling import line_of
from farm.life.transition import AttemptChange, BookingChange, NewWakeUp, Transition
from farm.life.work import CancelAt, GoOn, LookAt
from farm.status import AttemptState, BookingStatus, Cause, VerdictKind
from farm.verdict import Verdict

PERSON = "person"
"""The channel of a verdict that a person gave."""


def woken(case: Case, now: datetime) -> Decision:
    """First where nothing was found before, then at what is confirmed."""
    late = next((attempt for attempt in case.attempts if _is_due_late(case, attempt, now)), None)
    if late is not None:
        return Decision(then=LookAt(late, "late"))
    live = case.live
    if live is None or live.state is not AttemptState.CONFIRMED or case.status is not BookingStatus.CONFIRMED:
        return Decision(Transition(done=["recheck"]))
    return Decision(then=LookAt(live, "recheck"))


def _is_due_late(case: Case, attempt: Attempt, now: datetime) -> bool:
    """A record can come late until the venue was asked once more, long enough after it last said no.

    One that came is due until it is gone or a person has it, and a look that said nothing until it has been too long.
    """
    if not attempt.may_surprise or attempt.venue not in case.places or not case.places[attempt.venue].can_look:
        return False
    if attempt.cause is Cause.CANCEL_UNPROVEN:
        return False
    verdict = attempt.verdict
    if verdict is not None and verdict.kind is not VerdictKind.NOT_FOUND:
        return not (verdict.is_doubt and out_of_patience(verdict, attempt, now))
    asked_at = verdict.at if verdict is not None else attempt.started_at
    closed_by = (attempt.submit_deadline or attempt.started_at) + timedelta(seconds=LATE_S)
    return asked_at < closed_by and asked_at + timedelta(seconds=LATE_S / 2) <= now


def looked_late(case: Case, happened: Looked, now: datetime) -> Decision:
    """A record that came late is one too many: the booking went on without it, so it is cancelled, and proven."""
    attempt, verdict = case.attempt(happened.attempt_id), happened.verdict
    change = AttemptChange(id=attempt.id, verdict=verdict, stages=happened.stages, looked=1)
    line = line_of(attempt, verdict)
    if verdict.kind is VerdictKind.NOT_FOUND:
        return Decision(Transition(attempts=[change], events=[line]), GoOn("recheck"))
    kept = AttemptChange(id=attempt.id, verdict=lasting(verdict, attempt), stages=happened.stages, looked=1)
    if verdict.is_doubt:
        if out_of_patience(verdict, attempt, now):
            return Decision(Transition(attempts=[kept], events=[line]), GoOn("recheck"))
        return Decision(Transition(attempts=[kept], events=[line], done=["recheck"], wake=[_in_a_while(now)]))
    if case.places[attempt.venue].can_cancel:
        return Decision(
            Transition(
                attempts=[kept],  # since when it is there tells how long its cancellation has been tried
                events=[line, about(attempt, "attempt.came_late")],
                done=["recheck"],
                wake=[_in_a_while(now)],
            ),
            CancelAt(attempt, "late"),
        )
    told = AttemptChange(
        id=attempt.id,
        cause=Cause.CANCEL_UNPROVEN,
        detail="a record came late, and the venue does not let us cancel",
        verdict=verdict,
        looked=1,
    )
    events = [line, about(attempt, "attempt.came_late")]
    return Decision(Transition(attempts=[told], events=events), GoOn("recheck"))


def looked(case: Case, happened: Looked, now: datetime) -> Decision:
    """What a look at a confirmed booking means."""
    attempt, verdict = case.attempt(happened.attempt_id), happened.verdict
    if verdict.proves:
        return _still_there(case, attempt, happened, now)
    if verdict.denies:
        explicit = verdict.venue_status is not None
        if explicit or said_since(verdict, attempt) < now:
            return _lost(case, attempt, happened, now)
        again = now + timedelta(seconds=case.places[attempt.venue].manifest.settle.every_s)
        return _again(attempt, happened, again)
    if verdict.is_doubt:
        if out_of_patience(verdict, attempt, now):
            return _unseen(case, attempt, happened, now)
        return _again(attempt, happened, now + timedelta(seconds=SLOWEST_S))
    if case.verdict is not None and case.verdict.channel == PERSON:
        return _unanswered(case, attempt, happened, now)  # who said so has seen the difference
    return looking.judged(case, attempt, happened, now)


def _still_there(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    again = next_recheck(case, attempt, case.settled_at or now, now)
    return Decision(
        Transition(
            attempts=[AttemptChange(id=attempt.id, verdict=seen.verdict, stages=seen.stages, looked=1)],
            booking=BookingChange(verdict=seen.verdict),
            events=[line_of(attempt, seen.verdict)],
            done=["recheck"],
            wake=[NewWakeUp("recheck", again)] if again is not None else [],
        )
    )


def _again(attempt: Attempt, seen: Looked, at: datetime) -> Decision:
    return Decision(
        Transition(
            attempts=[_row(attempt, seen.verdict, seen)],
            events=[line_of(attempt, seen.verdict)],
            done=["recheck"],
            wake=[NewWakeUp("recheck", at)],
        )
    )


def _unseen(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    """Looks that broke prove nothing; a channel that showed the record and no longer does is for a person."""
    by_person = case.verdict is not None and case.verdict.channel == PERSON
    if seen.verdict.kind is VerdictKind.NOT_FOUND and not by_person:
        return ask_person(case, attempt, seen)
    return _unanswered(case, attempt, seen, now)


def _unanswered(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    """No usable answer for so long: the booking stands as it was proven, and the plan goes on."""
    again = next_recheck(case, attempt, case.settled_at or now, now)
    return Decision(
        Transition(
            attempts=[_row(attempt, seen.verdict, seen)],
            events=[
                line_of(attempt, seen.verdict),
                about(attempt, "recheck.unanswered", reason=seen.verdict.reason or ""),
            ],
            done=["recheck"],
            wake=[NewWakeUp("recheck", again)] if again is not None else [],
        )
    )


def _lost(case: Case, attempt: Attempt, seen: Looked, now: datetime) -> Decision:
    """The venue dropped what it had confirmed: the guest is told, and another place is looked for."""
    cancelled = case.cancel_requested_at is not None
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    state=AttemptState.ABSENT,
                    cause=Cause.VENUE_CANCELLED,
                    detail=seen.verdict.reason,
                    verdict=seen.verdict,
                    stages=seen.stages,
                    looked=1,
                )
            ],
            booking=BookingChange(
                status=BookingStatus.ATTEMPTING,
                cause=Cause.VENUE_CANCELLED,
                sentence=words.lost(case, attempt),
                venue=None,
                venue_reference=None,
                verdict=None,
            ),
            events=[
                line_of(attempt, seen.verdict),
                about(attempt, "booking.lost", reason=seen.verdict.reason or ""),
            ],
            done=["recheck", "verify"],
            wake=[NewWakeUp("cancel" if cancelled else "book", now)],
        ),
        None if cancelled else GoOn(),
    )


def cannot(case: Case, happened: CannotLook, now: datetime) -> Decision:  # noqa: ARG001 - asked like the others
    """The integration that could look is gone: what was proven stays, and the history says that nobody looks now."""
    attempt = case.attempt(happened.attempt_id)
    return Decision(
        Transition(events=[about(attempt, "recheck.unanswered", reason=happened.detail)], done=["recheck"])
    )


def cannot_late(case: Case, happened: CannotLook, now: datetime) -> Decision:
    """Nobody can look whether a record came late: as a look that said nothing."""
    nothing = Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=now, reason=happened.detail)
    return looked_late(case, Looked(happened.attempt_id, "late", nothing, happened.stages), now)


def _row(attempt: Attempt, verdict: Verdict, seen: Looked) -> AttemptChange:
    return AttemptChange(id=attempt.id, verdict=lasting(verdict, attempt), stages=seen.stages, looked=1)


def _in_a_while(now: datetime) -> NewWakeUp:
    return NewWakeUp("recheck", now + timedelta(seconds=SLOWEST_S))
