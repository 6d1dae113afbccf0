"""A person has looked at the venue and says what stands there: written down with who, why and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from farm.facts import Claim
from farm.life import words
from farm.life.case import Attempt, Case
from farm.life.decision import Decision, NothingToResolve, NotNow, about
from farm.life.happened import Resolved
from farm.life.rechecking import PERSON
from farm.life.schedule import next_recheck
from farm.life.settling import late_look
from farm.life.transition import AttemptChange, BookingChange, NewEvent, NewWakeUp, Transition
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict

LEFT = ", and left to the person"
"""What the history adds to the word on a record that is one too many, and stands."""


def waiting(case: Case) -> Attempt | None:
    """The attempt that waits for a person: the live one of a doubt, or a late record that nobody could cancel."""
    if case.status is BookingStatus.IN_DOUBT and case.live is not None:
        return case.live
    unproven = (a for a in case.attempts if not a.is_live and a.cause is Cause.CANCEL_UNPROVEN)
    return next(unproven, None)


def resolved(case: Case, happened: Resolved, now: datetime) -> Decision:
    """Do as the person says.

    Raises:
        NothingToResolve: The farm knows by itself, or is still looking.
        NotNow: A click of the attempt may still be on its way.
    """
    attempt = waiting(case)
    if attempt is None:
        raise NothingToResolve
    if not attempt.is_live:
        return _late_record(attempt, happened)
    until = click_over_at(case, attempt)
    if happened.found is None and until is not None and now < until:
        raise NotNow(until)
    if happened.found is None:
        return _absent(case, attempt, happened, now)
    return _found(case, attempt, happened, happened.found, now)


def click_over_at(case: Case, attempt: Attempt) -> datetime | None:
    """Until when a click of the attempt may still reach the venue; None: it cannot."""
    place = case.places.get(attempt.venue)
    if attempt.submit_deadline is None:
        return None
    settle_s = place.manifest.settle.settle_s if place is not None else 0.0
    return attempt.submit_deadline + timedelta(seconds=settle_s)


def _verdict(happened: Resolved, kind: VerdictKind, reference: str | None) -> Verdict:
    return Verdict(
        kind=kind,
        channel=PERSON,
        at=happened.at,
        complete=True,
        venue_reference=reference,
        venue_status=VenueStatus.CONFIRMED if reference is not None else None,
        reason=f"{happened.by}: {happened.reason}",
    )


def _found(case: Case, attempt: Attempt, happened: Resolved, reference: str, now: datetime) -> Decision:
    verdict = _verdict(happened, VerdictKind.MATCHED, reference)
    claim = (attempt.claim or Claim()).model_copy(update={"reference": reference})
    again = next_recheck(case, attempt, now, now)
    return Decision(
        Transition(
            attempts=[AttemptChange(id=attempt.id, state=AttemptState.CONFIRMED, claim=claim, verdict=verdict)],
            booking=BookingChange(
                status=BookingStatus.CONFIRMED,
                cause=None,
                venue=attempt.venue,
                venue_reference=reference,
                verdict=verdict,
                sentence=words.by_person(case, attempt, reference),
            ),
            events=[_event(attempt, happened, happened.said)],
            done=["verify", "cancel"],
            wake=[NewWakeUp("recheck", again)] if again is not None else [],
            calls_off=case.replaces,
        )
    )


def _absent(case: Case, attempt: Attempt, happened: Resolved, now: datetime) -> Decision:
    verdict = _verdict(happened, VerdictKind.NOT_FOUND, None)
    cancelled = case.cancel_requested_at is not None
    state = AttemptState.CANCELLED if cancelled else AttemptState.ABSENT
    change = AttemptChange(
        id=attempt.id, state=state, cause=Cause.RECORD_MISSING, detail="a person found no record", verdict=verdict
    )
    booking = BookingChange(
        status=BookingStatus.CANCELLED if cancelled else BookingStatus.ATTEMPTING,
        cause=Cause.CANCEL_REQUESTED if cancelled else None,
        venue=None,
        venue_reference=None,
        verdict=None,
        sentence=words.cancelled(case, attempt) if cancelled else None,
    )
    return Decision(
        Transition(
            attempts=[change],
            booking=booking,
            events=[_event(attempt, happened, happened.said)],
            done=["verify", "cancel"],
            wake=late_look(case, now) if cancelled else [NewWakeUp("book", now)],
        )
    )


def _late_record(attempt: Attempt, happened: Resolved) -> Decision:
    """The booking is settled elsewhere; the person has dealt with the record that was one too many."""
    change = AttemptChange(
        id=attempt.id,
        cause=Cause.RECORD_MISSING if happened.found is None else Cause.RECORD_MISMATCH,
        detail=f"a person dealt with the late record: {happened.reason}",
    )
    said = happened.said if happened.found is None else f"{happened.said}{LEFT}"
    return Decision(Transition(attempts=[change], events=[_event(attempt, happened, said)]))


def _event(attempt: Attempt, happened: Resolved, said: str) -> NewEvent:
    return about(attempt, "doubt.resolved", said=said, by=happened.by, reason=happened.reason)
