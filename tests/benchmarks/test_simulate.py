"""The simulator in a short form, and lives that once went wrong: each with the very luck that showed it."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest

from benchmarks.simulate.command import OURS, simulate
from benchmarks.simulate.fate import DAYS_LEFT_S, Click, Fate, Fortune, draw
from benchmarks.simulate.ours import Ours
from benchmarks.simulate.stock import WISHES
from benchmarks.simulate.told import Told, wrong
from benchmarks.simulate.world import World
from farm.status import AttemptState, BookingStatus
from tests.benchmarks.test_benchmarks import run
from tests.benchmarks.test_truth import KEYS

NEVER = ("false_confirmed", "double_booked", "lost", "unproven_cancels", "silent", "forgotten")
FINE = Fortune()


def wish(*venues: str, on_mismatch: str = "cancel_and_fall_back"):
    return next(w for w in WISHES if w.request.venues == venues and w.request.on_mismatch == on_mismatch)


def life(fate: Fate) -> tuple[Ours, Told, World]:
    world = World(fate)
    booking = Ours(world, history=True)
    told = booking.run()
    assert wrong(world, told) in ([], ["in_doubt_left"]), booking.row.history
    assert booking.memory.forgotten == []
    return booking, told, world


def at(first: Fortune, second: Fortune = FINE, third: Fortune = FINE, **more) -> Fate:
    places = ("nord", "luna", "sole")
    fortunes = dict(zip(places, (first, second, third), strict=True))
    return Fate(wish(*places), fortunes, **more)


LATE = Click("lost_after", lag_s=300)
"""A record that shows long after ``nord`` says that all have shown, at 90 s."""


def test_a_click_that_never_left_ends_its_attempt():
    booking, told, _ = life(at(Fortune(clicks=(Click("never_left"),))))
    assert [a.state for a in booking.row.case.attempts] == [AttemptState.NOT_BOOKED, AttemptState.CONFIRMED]
    assert (told.status, told.venue) == (BookingStatus.CONFIRMED, "luna")


@pytest.mark.parametrize("cancels", [("not_done",), ("no_reply",), ("not_done", "not_done", "no_reply")])
def test_a_late_record_is_cancelled_until_it_is_gone(cancels):
    _, told, world = life(at(Fortune(clicks=(LATE,), cancels=cancels)))
    assert (told.status, told.venue) == (BookingStatus.CONFIRMED, "luna")
    assert world.hits.count("cancel_not_done") + world.hits.count("cancel_no_reply") == len(cancels)


@pytest.mark.parametrize("kill", range(20, 40))
def test_a_late_record_is_cancelled_though_the_worker_dies(kill):
    _, told, world = life(at(Fortune(clicks=(LATE,)), kills=frozenset({kill})))
    assert world.kills == 1
    assert told.status is BookingStatus.CONFIRMED


def test_a_late_look_that_broke_is_done_again():
    plain, _, world = life(at(Fortune(clicks=(LATE,))))
    looks = world.houses["nord"].looks
    late_look = next(n for n in range(1, looks + 1) if _is_late_look(n))
    _, told, world = life(at(Fortune(clicks=(LATE,), blind=frozenset({late_look}))))
    assert "blind" in world.hits
    assert (told.status, told.venue) == (BookingStatus.CONFIRMED, "luna")
    assert plain.row.case.attempts[0].state is AttemptState.ABSENT


def _is_late_look(number: int) -> bool:
    """True when a look that fails leaves the first attempt absent all the same: it comes after the fall-back."""
    world = World(at(Fortune(clicks=(LATE,), blind=frozenset({number}))))
    booking = Ours(world, history=True)
    booking.run()
    kinds = [(e.kind, e.venue) for _, e in booking.row.history]
    confirmed = kinds.index(("booking.confirmed", "luna"))
    broken = [n for n, (_, e) in enumerate(booking.row.history) if e.payload.get("verdict") == "in_doubt"]
    return bool(broken) and broken[0] > confirmed


def test_a_late_record_that_cannot_be_cancelled_ends_no_plan():
    stubborn = Fortune(clicks=(LATE,), cancels=("not_done",) * 400)
    drops = Fortune(drops_s=DAYS_LEFT_S / 2, vanishes=True)
    world = World(at(stubborn, drops))
    booking = Ours(world, history=True)
    booking.run()
    kinds = [(event.kind, event.venue) for _, event in booking.row.history]
    given_up = kinds.index(("attempt.cancel_unproven", "nord"))
    lost = kinds.index(("booking.lost", "luna"))
    assert given_up < lost, "nobody looked any more"
    assert ("attempt.adopted", "nord") in kinds[lost:], "what cannot be cancelled is taken when it is needed"
    assert booking.row.case.attempts[0].state is AttemptState.CONFIRMED


def test_a_record_that_a_page_showed_and_lost_is_a_persons():
    places = ("faro", "nord", "luna")
    lost = Fortune(drops_s=3600, vanishes=True)
    _, told, _ = life(Fate(wish(*places), {"faro": lost, "nord": FINE, "luna": FINE}))
    assert told.status is BookingStatus.IN_DOUBT


def test_a_record_that_comes_after_the_guest_called_it_off_is_cancelled():
    _, told, world = life(at(Fortune(clicks=(LATE,)), called_off_s=20))
    assert told.status is BookingStatus.CANCELLED
    assert [r.cancelled_s is not None for r in world.houses["nord"].records] == [True]


def test_a_record_that_comes_while_a_person_is_asked_is_cancelled():
    shifted = Fortune(clicks=(Click("shifted"),))
    fate = replace(at(Fortune(clicks=(LATE,)), shifted), wish=wish("nord", "luna", "sole", on_mismatch="ask"))
    _, told, world = life(fate)
    assert (told.status, told.venue) == (BookingStatus.IN_DOUBT, "luna")
    assert [slug for slug, _ in world.standing(DAYS_LEFT_S)] == ["luna"]


def test_every_policy_has_the_same_luck():
    fate = draw(Random(4))
    before = repr(fate)
    life(fate)
    assert repr(fate) == before


def test_the_same_seed_gives_the_same_figures():
    once, again = (
        [{**t.line(), "bookings_per_s": 0} for t in simulate(200, 9)[0]],
        [{**t.line(), "bookings_per_s": 0} for t in simulate(200, 9)[0]],
    )
    assert once == again
    assert once != [{**t.line(), "bookings_per_s": 0} for t in simulate(200, 10)[0]]


def test_a_short_run():
    done = run("simulate", "--bookings", "1500", "--seed", "1")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["policy"] for line in lines] == ["trust_the_page", "retry_on_time_out", "ask_once", OURS]
    *others, ours = lines
    assert list(ours) == ["policy", *KEYS, "silent_failures", "bookings_per_s"]
    assert all(ours[name] == 0 for name in NEVER if name in ours)
    assert ours["silent_failures"] == 0
    assert all(ours["confirmation_rate"] > other["confirmation_rate"] for other in others)
    assert others[0]["silent_failures"] > 0.05, "luck that hurts nobody proves nothing"
    hits = ours["faults_hit"]
    for fault in (
        "lies",
        "lost_before",
        "lost_after",
        "late_record",
        "shifted",
        "doubled",
        "down",
        "refused",
        "blind",
    ):
        assert hits[fault] > 0, fault
    assert ours["kills"] > 0
    assert {line["feasible"] for line in lines} == {ours["feasible"]}
