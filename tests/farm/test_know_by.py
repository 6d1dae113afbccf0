"""The time to know by, as decisions honour it: nothing new after it, and a click before it is seen through."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from farm.life.decide import decide
from farm.life.happened import Deferred, Looked, NothingBooked, Woken
from farm.life.schedule import PATIENCE_S
from farm.life.work import Try
from farm.status import AttemptState, BookingStatus, Cause, VerdictKind
from tests.farm.test_awaiting import CASE, KNOW_BY, NOW, WISH, at, tried, verdict

_B, _A = BookingStatus, AttemptState
BEFORE, AFTER = KNOW_BY - timedelta(seconds=1), KNOW_BY + timedelta(seconds=1)
FIRST = WISH.places[0].venue


def test_nothing_is_begun_any_more():
    assert isinstance(decide(CASE, Woken("book"), BEFORE).then, Try)
    over = decide(CASE, Woken("book"), AFTER)
    assert over.transition.booking is not None
    assert over.transition.booking.status is _B.EXPIRED
    assert (over.then, list(over.transition.wake)) == (None, [])


def test_nobody_waits_for_a_turn_that_comes_too_late():
    case = replace(CASE, candidates=(FIRST,))
    work = decide(case, Woken("book"), BEFORE).then
    assert isinstance(work, Try)
    turn = Deferred(work, BEFORE, "the pace is used up")
    assert [wake.due_at for wake in decide(case, turn, NOW).transition.wake] == [BEFORE]
    over = decide(case, replace(turn, until=AFTER), NOW).transition
    assert (over.booking and over.booking.cause, list(over.wake)) == (Cause.PACING_DEFERRED, [])


def test_what_ends_without_a_booking_after_it_goes_nowhere_else():
    case = at(_B.ATTEMPTING, tried(_A.PREPARED))
    ended = decide(case, NothingBooked("at_1", Cause.SLOT_UNAVAILABLE, ""), AFTER)
    assert ended.then is not None
    full = at(_B.ATTEMPTING, tried(_A.NOT_BOOKED, cause=Cause.SLOT_UNAVAILABLE))
    over = decide(full, Woken("book"), AFTER).transition.booking
    assert over is not None
    assert (over.status, over.sentence) == (_B.EXPIRED, f"Time ran out: {FIRST.name} was full.")


def test_a_click_before_it_is_read_back_until_a_person_has_it():
    """The guest may be told late, and is never told that nothing stands where something may."""
    doubt = verdict(VerdictKind.IN_DOUBT)
    case = at(_B.VERIFYING, tried(_A.CLAIMED, verdict=doubt))
    looks_on = decide(case, Looked("at_1", "verify", doubt), doubt.at + timedelta(seconds=PATIENCE_S - 1))
    assert [wake.kind for wake in looks_on.transition.wake] == ["verify"]
    asks = decide(case, Looked("at_1", "verify", doubt), AFTER)
    assert asks.transition.booking is not None
    assert asks.transition.booking.status is _B.IN_DOUBT


def test_what_a_venue_drops_after_it_is_looked_for_all_the_same():
    dropped = at(_B.ATTEMPTING, tried(_A.ABSENT, cause=Cause.VENUE_CANCELLED))
    assert isinstance(decide(dropped, Woken("book"), AFTER).then, Try)
