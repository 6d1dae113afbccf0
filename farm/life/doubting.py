"""What only a person can settle; never the next venue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from farm.life import words
from farm.life.case import Attempt, Case
from farm.life.decision import Decision, about
from farm.life.happened import CannotLook, Looked
from farm.life.settling import late_look, settle
from farm.life.transition import (
    UNSET,
    AttemptChange,
    BookingChange,
    NewEvent,
    NewWakeUp,
    Transition,
)
from farm.status import AttemptState, BookingStatus, Cause, VerdictKind


def ask_person(case: Case, attempt: Attempt, seen: Looked) -> Decision:
    """Only a person can settle this; never the next venue."""
    verdict = seen.verdict
    state = {
        VerdictKind.MISMATCHED: AttemptState.MISMATCHED,
        VerdictKind.DUPLICATED: AttemptState.DUPLICATED,
    }.get(verdict.kind, AttemptState.NEEDS_HUMAN)
    tells = not verdict.is_doubt or case.verdict is None
    change = BookingChange(
        status=BookingStatus.IN_DOUBT,
        cause=Cause.RECORD_MISMATCH if state is AttemptState.MISMATCHED else Cause.OUTCOME_UNKNOWN,
        verdict=verdict if tells else UNSET,
        venue_reference=verdict.venue_reference if tells else UNSET,
        sentence=words.unsure(case, attempt, verdict),
    )
    late = next((wake.due_at for wake in late_look(case, verdict.at)), None)
    return settle(case, attempt, seen, state, change, verdict.at, recheck=late)


def ask_person_without_look(
    case: Case, attempt: Attempt, change: AttemptChange, event: NewEvent, now: datetime
) -> Decision:
    """The venue has no look-up at all: it never falls back by itself."""
    return Decision(
        Transition(
            attempts=[replace(change, state=AttemptState.NEEDS_HUMAN)],
            booking=BookingChange(
                status=BookingStatus.IN_DOUBT,
                cause=Cause.OUTCOME_UNKNOWN,
                venue=attempt.venue,
                venue_reference=change.claim.reference if change.claim and change.claim is not UNSET else None,
                sentence=words.no_look_up(case, attempt),
            ),
            events=[event, about(attempt, "booking.in_doubt")],
            wake=late_look(case, now),
            done=["book", "verify"],
        )
    )


def cannot(case: Case, happened: CannotLook, now: datetime) -> Decision:
    """The integration that could look is gone or broken: a person must, and the booking says so."""
    attempt = case.attempt(happened.attempt_id)
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id, state=AttemptState.NEEDS_HUMAN, detail=happened.detail, stages=happened.stages
                )
            ],
            booking=BookingChange(
                status=BookingStatus.IN_DOUBT, cause=Cause.CONTRACT_BROKEN, sentence=words.cannot_look()
            ),
            events=[about(attempt, "booking.in_doubt", detail=happened.detail)],
            wake=late_look(case, now) + ([NewWakeUp("cancel", now)] if case.cancel_requested_at is not None else []),
            done=["verify"],
        )
    )
