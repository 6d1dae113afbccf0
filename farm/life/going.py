"""A booking on its way to a venue: routed, tried, clicked; with everything it has learned so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from farm.life import doubting, words
from farm.life.case import Attempt, Case
from farm.life.decision import Decision, about
from farm.life.happened import Clicked, GivenBack, NothingBooked, RecordAppeared
from farm.life.settling import late_look
from farm.life.transition import UNSET, AttemptChange, BookingChange, NewEvent, NewWakeUp, Transition
from farm.life.work import GiveBack, GoOn, LookAt, PassedOver, Try
from farm.routing import Stop, Tried, next_step, with_passed
from farm.status import AttemptState, BookingStatus, Cause
from farm.venue import Venue

TO_BE_BOOKED = frozenset({BookingStatus.QUEUED, BookingStatus.ATTEMPTING})
AGAIN_S = 5.0
SLOWEST_AGAIN_S = 60.0
"""When another worker may try after a fault of our own; twice as long after each further one."""
OUR_FAULT_S = 30 * 60
"""So long faults of our own are not held against a venue: time enough to repair a worker, or to replace it."""
NOT_KNOWN = "This farm, which read its folders when it started, cannot book it"
UNLOOKED_S = 20.0
"""When somebody looks after a click whose worker does not: by then its lease has run out."""


def woken(case: Case, now: datetime) -> Decision:
    """Nobody else works on the booking: go on with it, wherever an earlier worker left it."""
    if case.live is not None:
        # an earlier worker got past its guard: only the venue's record can tell
        return Decision(
            Transition(
                booking=BookingChange(status=BookingStatus.VERIFYING) if case.status in TO_BE_BOOKED else None,
                wake=[NewWakeUp("verify", now)] if case.live.is_unjudged else [],
                done=["book"],
            )
        )
    prepared = [attempt for attempt in case.attempts if attempt.state is AttemptState.PREPARED]
    if prepared:
        return Decision(Transition(attempts=buried(prepared), events=burials(prepared)), GoOn())
    if case.status not in TO_BE_BOOKED:
        return Decision(Transition(done=["book"]))
    left = next((attempt for attempt in case.attempts if attempt.keeps_a_slot(now)), None)
    if left is not None and left.venue in case.places:
        return Decision(then=GiveBack(left))
    return go_to_next(case, now)


def buried(prepared: Sequence[Attempt]) -> list[AttemptChange]:
    """What an earlier worker left before its guard booked nothing, for the guard fences that worker out."""
    detail = "the worker went away before the commit"
    return [
        AttemptChange(id=a.id, state=AttemptState.NOT_BOOKED, cause=Cause.WORKER_LOST, detail=detail)
        for a in prepared
    ]


def burials(prepared: Sequence[Attempt]) -> list[NewEvent]:
    """The history's lines of ``buried``."""
    return [about(attempt, "attempt.not_booked", cause=str(Cause.WORKER_LOST)) for attempt in prepared]


def go_to_next(case: Case, now: datetime, passed: tuple[PassedOver, ...] = ()) -> Decision:
    """Try the next venue, or end the booking; past those that the agreed pace keeps closed for too long.

    With nowhere else to go the first of them to open is waited for, if it opens while the guest can still wait.
    """
    if case.unknown is not None:
        return _end(case, Stop(BookingStatus.FAILED, Cause.OFFER_UNAVAILABLE, words.not_ours(case)), now)
    tried = tried_so_far(case, now)
    request = case.request
    if case.was_dropped:
        # the guest knew in time; what the venue dropped since is wanted until it would begin
        request = request.model_copy(update={"know_by": None})
    over = {each.venue.slug for each in passed}
    elsewhere = [venue for venue in case.candidates if venue.slug not in over]
    step = next_step(request, elsewhere, tried, now, _closed(case))
    if isinstance(step, Stop):
        return _nowhere_else(case, step, tried, passed, now)
    earlier = tuple(attempt for attempt in case.attempts if attempt.may_surprise and attempt.venue in case.places)
    return Decision(
        then=Try(
            step.venue,
            step.request,
            step.widened,
            earlier,
            passed,
            _context(case, tried, widened=step.widened, now=now),
        )
    )


def deferral(venue: str, until: datetime, detail: str) -> NewEvent:
    """The history's line of a wait."""
    return NewEvent("booking.deferred", None, venue, {"until": until.isoformat(timespec="seconds"), "detail": detail})


def can_wait(case: Case, venue: Venue, until: datetime) -> bool:
    """True while the guest need not know yet, and what is wanted has not begun."""
    know_by = case.request.know_by
    in_time = know_by is None or case.was_dropped or until < know_by
    return in_time and not case.request.when.starts_before(until, venue.zone)


def _nowhere_else(
    case: Case, stop: Stop, tried: Sequence[Tried], passed: Sequence[PassedOver], now: datetime
) -> Decision:
    if not passed or stop.status not in {BookingStatus.UNAVAILABLE, BookingStatus.FAILED}:
        return _end(case, stop, now)
    opening = [each for each in passed if can_wait(case, each.venue, each.until)]
    if opening:
        first = min(opening, key=lambda each: each.until)
        event = deferral(first.venue.slug, first.until, first.detail)
        return Decision(Transition(events=[event], done=["book"], wake=[NewWakeUp("book", first.until)]))
    over = [Tried(each.venue.slug, each.venue.partner, Cause.PACING_DEFERRED, each.detail) for each in passed]
    return _end(case, with_passed(case.candidates, [*over, *tried], _closed(case), now, case.request), now)


def _closed(case: Case) -> dict[str, Cause]:
    """Where nothing new goes: what rests for a while, and what has not earned it."""
    return {slug: rest.cause for slug, rest in case.resting.items()} | dict.fromkeys(case.closed, Cause.TIER_TOO_LOW)


def tried_so_far(case: Case, now: datetime) -> list[Tried]:
    """What routing shall know; faults of our own only when they last too long, or longer than the guest waits."""
    row = list(takewhile(_is_our_fault, reversed(case.attempts)))  # since the last attempt that was not our fault
    lost_at = row[-1].started_at if row else now
    pardoned = now < min(filter(None, (lost_at + timedelta(seconds=OUR_FAULT_S), case.request.know_by)))
    tried = [
        Tried(
            venue=attempt.venue,
            partner=case.places[attempt.venue].venue.partner if attempt.venue in case.places else "",
            cause=attempt.cause or Cause.OUTCOME_UNKNOWN,
            detail=attempt.detail,
            widened=attempt.widened,
        )
        for attempt in case.attempts
        if not attempt.is_live and not (pardoned and _is_our_fault(attempt))
    ]
    if case.cancel_requested_at is not None:
        tried.append(Tried(venue="", partner="", cause=Cause.CANCEL_REQUESTED))
    return tried


def _is_our_fault(attempt: Attempt) -> bool:
    return attempt.cause is Cause.WORKER_LOST


def _context(case: Case, tried: Sequence[Tried], *, widened: bool, now: datetime) -> Mapping[str, object]:
    """The full context of one step: why here, what is still held elsewhere, the money and the time that are left."""
    request = case.request
    told: dict[str, object] = {
        "tried": [f"{t.venue}: {t.cause}" for t in tried],
        "holds": [
            {"venue": a.venue, "expires_at": a.hold.expires_at.isoformat()}
            for a in case.attempts
            if a.keeps_a_slot(now) and a.hold is not None and a.hold.expires_at is not None
        ],
        "price_cap": str(request.price_cap) if request.price_cap else None,
        "authorised": str(request.authorised) if request.authorised else None,
        "left_s": round((request.know_by - now).total_seconds()) if request.know_by else None,
        "widened_min": getattr(request.when, "widen_min", 0) if widened else None,
    }
    return {name: value for name, value in told.items() if value}


def _end(case: Case, stop: Stop, now: datetime) -> Decision:
    payload: dict[str, object] = {"cause": str(stop.cause), "sentence": stop.sentence}
    if case.unknown is not None:
        payload["detail"] = f"{NOT_KNOWN}: {case.unknown}"
    said = {slug: rest.sentence(slug) for slug, rest in case.resting.items()} | dict(case.closed)
    closed = [said[venue.slug] for venue in case.candidates if venue.slug in said]
    if closed:
        payload["closed"] = closed
    return Decision(
        Transition(
            booking=BookingChange(
                status=stop.status, cause=stop.cause, sentence=stop.sentence, venue=None, change=None
            ),
            events=[NewEvent(f"booking.{stop.status}", payload=payload)],
            wake=late_look(case, now),
            done=["book", "cancel", "change"],
        )
    )


def nothing_booked(case: Case, happened: NothingBooked, now: datetime) -> Decision:
    """Close the attempt and go on; after a fault of our own the booking goes back to the queue for a while."""
    attempt = case.attempt(happened.attempt_id)
    change = AttemptChange(
        id=attempt.id,
        state=AttemptState.NOT_BOOKED,
        cause=happened.cause,
        detail=happened.detail,
        stages=happened.stages,
    )
    event = about(attempt, "attempt.not_booked", cause=str(happened.cause), detail=happened.detail)
    if not happened.ours:
        return Decision(Transition(attempts=[change], events=[event]), GoOn())
    faults = sum(_is_our_fault(before) for before in case.attempts)
    again = now + timedelta(seconds=min(AGAIN_S * 2 ** min(faults, 10), SLOWEST_AGAIN_S))
    return Decision(Transition(attempts=[change], events=[event], done=["book"], wake=[NewWakeUp("book", again)]))


def record_appeared(case: Case, happened: RecordAppeared, now: datetime) -> Decision:
    """Adopt what appeared late: this attempt ends before its click, the earlier one is judged again."""
    attempt, earlier = case.attempt(happened.attempt_id), case.attempt(happened.earlier_id)
    detail = f"the record of attempt {earlier.number} appeared at {earlier.venue}: it is adopted"
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    state=AttemptState.NOT_BOOKED,
                    cause=Cause.OVERLAPPING_RESERVATION,
                    detail=detail,
                    stages=happened.stages,
                ),
                AttemptChange(id=earlier.id, state=AttemptState.IN_DOUBT, cause=None),
            ],
            booking=BookingChange(status=BookingStatus.VERIFYING, venue=earlier.venue),
            events=[
                about(attempt, "attempt.not_booked", cause=str(Cause.OVERLAPPING_RESERVATION), detail=detail),
                about(earlier, "attempt.adopted"),
            ],
            wake=[NewWakeUp("verify", now)],
            done=["book"],
        ),
        LookAt(earlier),
    )


def clicked(case: Case, happened: Clicked, now: datetime) -> Decision:
    """Write the end of the click. Somebody looks: this worker at once, or whoever the wake-up finds.

    ``refused`` leaves the attempt where it is, with its cause: only the look by our own reference closes it.
    """
    attempt = case.attempt(happened.attempt_id)
    place = case.places[attempt.venue]
    states = {"claimed": AttemptState.CLAIMED, "in_doubt": AttemptState.IN_DOUBT}
    change = AttemptChange(
        id=attempt.id,
        state=states.get(happened.kind, UNSET),
        cause=UNSET if happened.kind == "claimed" else happened.cause,
        detail=happened.detail or UNSET,
        claim=happened.claim or UNSET,
        sent=happened.sent,
        stages=happened.stages,
    )
    event = about(attempt, f"attempt.{happened.kind}", sent=happened.sent, detail=happened.detail)
    if not place.can_look:
        return _nobody_can_look(case, happened, change, event, now)
    wait_s = place.manifest.settle.first_look_s if happened.kind == "claimed" else 0.0
    return Decision(
        Transition(
            attempts=[change],
            booking=BookingChange(status=BookingStatus.VERIFYING, venue=attempt.venue),
            events=[event],
            wake=[NewWakeUp("verify", now + timedelta(seconds=wait_s or UNLOOKED_S))],
            done=["book"],
        ),
        None if wait_s else LookAt(attempt),
    )


def _nobody_can_look(
    case: Case, happened: Clicked, change: AttemptChange, event: NewEvent, now: datetime
) -> Decision:
    """A venue without look-up: what surely never left goes on by itself, everything else is a person's."""
    attempt = case.attempt(happened.attempt_id)
    if happened.sent == "no" and happened.claim is None and happened.cause is not Cause.CONTRACT_BROKEN:
        closed = replace(change, state=AttemptState.NOT_BOOKED)
        return Decision(Transition(attempts=[closed], events=[event]), GoOn())
    return doubting.ask_person_without_look(case, attempt, change, event, now)


def given_back(case: Case, happened: GivenBack) -> Decision:
    """The hold of a dead attempt is dealt with: the booking goes on."""
    attempt = case.attempt(happened.attempt_id)
    return Decision(
        Transition(
            attempts=[AttemptChange(id=attempt.id, given_back=happened.proven, stages=happened.stages)],
            events=[about(attempt, "attempt.hold_given_back", proven="yes" if happened.proven else "no")],
        ),
        GoOn(),
    )
