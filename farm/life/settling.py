"""Writing down what a look has shown: the attempt, the booking, and who must be woken by it."""

from __future__ import annotations

from datetime import datetime, timedelta

from farm.life.case import Attempt, Case
from farm.life.decision import Decision
from farm.life.happened import Looked
from farm.life.schedule import LATE_S, lasting
from farm.life.transition import (
    AttemptChange,
    BookingChange,
    NewEvent,
    NewWakeUp,
    Transition,
    Unset,
    WakeUpKind,
)
from farm.status import AttemptState
from farm.verdict import Verdict


def settle(
    case: Case,
    attempt: Attempt,
    seen: Looked,
    state: AttemptState,
    booking: BookingChange,
    now: datetime,
    *,
    again: datetime | None = None,
    recheck: datetime | None = None,
    calls_off: str | None = None,
) -> Decision:
    """Write a verdict that stands; a wish to cancel, which waited for it, goes on now."""
    wake = [NewWakeUp("verify", again)] if again is not None else []
    wake += [NewWakeUp("recheck", recheck)] if recheck is not None else []
    wake += [NewWakeUp("cancel", now)] if case.cancel_requested_at is not None else []
    wake += [NewWakeUp("change", now)] if case.change is not None and state is AttemptState.CONFIRMED else []
    done: list[WakeUpKind] = ["verify", "recheck"]
    payload = {"venue_reference": seen.verdict.venue_reference or ""}
    return Decision(
        Transition(
            attempts=[change_of(attempt, seen, state)],
            booking=booking,
            events=[
                line_of(attempt, seen.verdict),
                NewEvent(f"booking.{booking.status}", attempt.number, attempt.venue, payload),
            ],
            wake=wake,
            done=done,
            calls_off=calls_off,
        )
    )


def late_look(case: Case, now: datetime) -> list[NewWakeUp]:
    """For a booking that ends here: a record can still come late where an attempt was closed without one."""
    late = any(attempt.may_surprise for attempt in case.attempts)
    return [NewWakeUp("recheck", now + timedelta(seconds=LATE_S))] if late else []


def change_of(attempt: Attempt, seen: Looked, state: AttemptState | Unset) -> AttemptChange:
    """What one look changes of its attempt."""
    return AttemptChange(
        id=attempt.id, state=state, verdict=lasting(seen.verdict, attempt), stages=seen.stages, looked=1
    )


def line_of(attempt: Attempt, verdict: Verdict) -> NewEvent:
    """The history's line of one look."""
    payload = {"channel": verdict.channel, "verdict": str(verdict.kind), "reason": verdict.reason or ""}
    return NewEvent("verify.looked", attempt.number, attempt.venue, payload)
