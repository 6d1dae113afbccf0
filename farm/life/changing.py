"""Changing a booking, new before old: in place where the venue has a way to, else by a booking that replaces it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from farm.life import doubting, looking, rechecking, words
from farm.life.case import Attempt, Case
from farm.life.decision import Decision, about
from farm.life.happened import Changed, Looked
from farm.life.schedule import (
    SLOWEST_S,
    after_the_verdict,
    change_again,
    lasting,
    next_recheck,
    out_of_patience,
    said_since,
)
from farm.life.settling import line_of
from farm.life.transition import UNSET, AttemptChange, BookingChange, NewEvent, NewWakeUp, Transition
from farm.life.work import ChangeAt
from farm.request import Request
from farm.status import AttemptState, BookingStatus

_TO_BE_BOOKED = frozenset({BookingStatus.QUEUED, BookingStatus.ATTEMPTING})


def woken(case: Case, now: datetime) -> Decision:
    """What the wish to change needs now. A booking that is not settled yet is settled first."""
    wish, live = case.change, case.live
    if wish is None or case.cancel_requested_at is not None:
        return Decision(Transition(done=["change"]))
    if live is None and case.status in _TO_BE_BOOKED:
        return Decision(
            Transition(
                booking=BookingChange(request=wish, change=None),
                events=[NewEvent("booking.changed", payload={"how": "before anything was booked"})],
                done=["change"],
            )
        )
    if live is None or case.status is BookingStatus.IN_DOUBT:
        return _given_up("nothing stands that could be changed" if live is None else "the booking is in doubt")
    if live.state is not AttemptState.CONFIRMED:
        again = NewWakeUp("change", after_the_verdict(live, now))
        return Decision(Transition(done=["change"], wake=[again]))
    place = case.places.get(live.venue)
    if place is None or not place.can_change:
        return _by_another_booking(case, live, wish, "the venue has no way to change it in place")
    return Decision(
        Transition(
            booking=BookingChange(status=BookingStatus.VERIFYING),
            events=[about(live, "booking.changing")],
            done=["change"],
            wake=[NewWakeUp("change", now + timedelta(seconds=SLOWEST_S))],
        ),
        ChangeAt(live, "guest", wish),
    )


def changed(case: Case, happened: Changed, now: datetime) -> Decision:
    """A change in place ended. Only a look calls it done."""
    attempt = case.attempt(happened.attempt_id)
    seen = Looked(attempt.id, "verify", happened.verdict, happened.stages)
    if happened.why == "amend":
        if happened.kind == "done":
            return looking.judged(case, attempt, seen, now)
        return _amend_later(attempt, happened, now)
    if happened.kind == "done":
        return _done(case, attempt, happened, now)
    if happened.kind == "unchanged" and case.change is not None:
        return _by_another_booking(case, attempt, case.change, happened.detail or "the venue refused the change")
    if happened.verdict.denies:  # there is nothing to change: the venue has lost it
        return rechecking.looked(case, replace(seen, why="recheck"), now)
    if out_of_patience(happened.verdict, attempt, now):
        return doubting.ask_person(case, attempt, seen)
    again = change_again(said_since(happened.verdict, attempt), now)
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id, verdict=lasting(happened.verdict, attempt), stages=happened.stages, looked=1
                )
            ],
            events=[about(attempt, "attempt.note", text=f"the change is tried again: {happened.detail}")],
            done=["change"],
            wake=[NewWakeUp("change", again)],
        )
    )


def _amend_later(attempt: Attempt, happened: Changed, now: datetime) -> Decision:
    """The look that comes next decides again: the difference lasts, and so does its row."""
    text = f"the record was not amended: {happened.detail}"
    since = attempt.verdict.at if attempt.verdict is not None else now
    return Decision(
        Transition(
            attempts=[AttemptChange(id=attempt.id, stages=happened.stages, looked=1)],
            events=[about(attempt, "attempt.note", text=text)],
            done=["verify"],
            wake=[NewWakeUp("verify", change_again(since, now))],
        )
    )


def _done(case: Case, attempt: Attempt, happened: Changed, now: datetime) -> Decision:
    reference = happened.verdict.venue_reference
    again = next_recheck(case, attempt, now, now)
    return Decision(
        Transition(
            attempts=[
                AttemptChange(
                    id=attempt.id,
                    state=AttemptState.CONFIRMED,
                    expected=happened.wanted if happened.wanted is not None else UNSET,
                    verdict=happened.verdict,
                    stages=happened.stages,
                    looked=1,
                )
            ],
            booking=BookingChange(
                status=BookingStatus.CONFIRMED,
                cause=None,
                verdict=happened.verdict,
                venue_reference=reference,
                request=case.change if case.change is not None else UNSET,
                change=None,
                sentence=words.changed(case, attempt, happened.wanted, reference),
            ),
            events=[
                line_of(attempt, happened.verdict),
                about(attempt, "booking.changed", how="in place", venue_reference=reference or ""),
            ],
            done=["change", "verify", "recheck"],
            wake=[NewWakeUp("recheck", again)] if again is not None else [],
        )
    )


def _by_another_booking(case: Case, live: Attempt, wish: Request, why: str) -> Decision:
    """This one stays as it is until the other is confirmed; if the other cannot be booked, it simply stays."""
    return Decision(
        Transition(
            booking=BookingChange(status=BookingStatus.CONFIRMED, change=None, verdict=case.verdict),
            events=[about(live, "booking.successor_queued", why=why)],
            done=["change"],
            successor=wish,
        )
    )


def _given_up(why: str) -> Decision:
    return Decision(
        Transition(
            booking=BookingChange(change=None),
            events=[NewEvent("booking.change_given_up", payload={"why": why})],
            done=["change"],
        )
    )
