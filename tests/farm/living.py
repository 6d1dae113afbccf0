"""A booking's life at random: the real ``decide``, any ledger, two venues that keep a book. Rules and invariants.

The invariants are those of facts on reliability, I1 to I5; each ledger has a test of its own that runs this machine.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from benchmarks.simulate.stock import EVENING, WISHES
from farm.life.awaiting import awaited
from farm.life.by_person import waiting
from farm.life.decide import decide
from farm.life.decision import NotNow
from farm.life.happened import Deferred, NothingBooked, Resolved
from farm.life.sentence import sentence
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus
from tests.farm.hands import CLICKS, LEASE_S, Work, said

NOTHING_STANDS = {BookingStatus.CANCELLED, BookingStatus.UNAVAILABLE, BookingStatus.FAILED, BookingStatus.EXPIRED}
LAST_LOOK = EVENING - timedelta(hours=2)
MOST_MESSAGES = 3000
CLAIMS = re.compile(r"^Confirmed|^Changed|is booked|is confirmed")


class Life(Work, RuleBasedStateMachine):
    """Rules of one booking and those that take its place."""

    clicks: tuple[str, ...] = CLICKS

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Work.__init__(self)

    @initialize(wish=st.sampled_from(range(len(WISHES))))
    def create(self, wish: int) -> None:
        self.bookings = [self.ledger.accept(WISHES[wish], self.now)]

    @precondition(lambda self: any(self.ledger.next_wake(b) for b in self.bookings))
    @rule(data=st.data())
    def wake(self, data: Any) -> None:
        self.message(data.draw(st.sampled_from([b for b in self.bookings if self.ledger.next_wake(b)])))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def goes_on(self, data: Any) -> None:
        """One worker takes its next step, with whatever comes of it."""
        hand = data.draw(st.sampled_from(self.hands))
        waits_s = data.draw(st.sampled_from([0] * 12 + [3, 90, 1000] + [20_000] * (self.phase(hand) == "begin")))
        if waits_s and self.phase(hand) in {"begin", "work"}:
            until = self.now + timedelta(seconds=waits_s)
            self.decides(hand, Deferred(hand.then, until, "the agreed pace is used up"))
            return
        match self.phase(hand):
            case "begin":
                ends = data.draw(st.sampled_from([None, None, None, None, Cause.SLOT_UNAVAILABLE, "ours"]))
                self.begins(hand)
                if ends is not None and hand.begun is not None:
                    cause = Cause.WORKER_LOST if ends == "ours" else ends
                    self.decides(hand, NothingBooked(hand.begun.id, cause, "", ours=ends == "ours"))
            case "guard":
                self.guards(hand)
            case "click":
                self.clicks_now(hand, data.draw(st.sampled_from(self.clicks)))
            case _:
                how = data.draw(st.sampled_from(["well", "well", "well", "no answer", "failover"]))
                self.does(hand, well=how != "no answer", breaks=how == "failover")

    @precondition(lambda self: self.hands or any(self.ledger.next_wake(b) for b in self.bookings))
    @rule(data=st.data(), steps=st.integers(2, 14))
    def serve(self, data: Any, steps: int) -> None:
        """Several steps, one after the other: what comes first is done first."""
        for _ in range(steps):
            if self.hands:
                self.goes_on(data)
            elif due := [b for b in self.bookings if self.ledger.next_wake(b)]:
                self.message(due[0])

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def crash(self, data: Any) -> None:
        self.hands.remove(data.draw(st.sampled_from(self.hands)))

    @rule(seconds=st.sampled_from([1, 8, LEASE_S + 1, 70, 700, 7200]))
    def clock_jump(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def outage(self) -> None:
        """No look or cancellation is answered from now on, or again."""
        self.dark = not self.dark

    @rule()
    def sweep(self) -> None:
        self.ledger.sweep(self.now)

    @precondition(lambda self: self.bookings)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        self.ledger.request_cancel(data.draw(st.sampled_from(self.bookings)), self.now)

    @precondition(lambda self: self.bookings)
    @rule(data=st.data())
    def change(self, data: Any) -> None:
        booking = data.draw(st.sampled_from(self.bookings))
        wish = self.case(booking).request
        self.ledger.request_change(booking, wish.model_copy(update={"note": "A window, please."}), self.now)

    @precondition(lambda self: any(r.status is VenueStatus.PENDING for r in self.books))
    @rule(accepts=st.booleans())
    def venue_answers(self, accepts: bool) -> None:
        record = next(r for r in self.books if r.status is VenueStatus.PENDING)
        record.status = VenueStatus.CONFIRMED if accepts else VenueStatus.REJECTED

    @precondition(lambda self: self.now < LAST_LOOK and any(r.status is VenueStatus.CONFIRMED for r in self.books))
    @rule(data=st.data(), vanishes=st.booleans())
    def venue_drops(self, data: Any, vanishes: bool) -> None:
        """Before the last look of the plan: what a venue drops after it, nobody can know."""
        record = data.draw(st.sampled_from([r for r in self.books if r.status is VenueStatus.CONFIRMED]))
        record.status = VenueStatus.CANCELLED
        if vanishes:
            self.books.remove(record)

    @precondition(lambda self: not self.hands and any(waiting(self.case(b)) for b in self.bookings))
    @rule()
    def person(self) -> None:
        """A person sees the whole book, and says what stands; what is one too many they put right by themselves."""
        booking = next(b for b in self.bookings if waiting(self.case(b)))
        attempt = waiting(self.case(booking))
        assert attempt is not None
        there = [r for r in self.standing(booking) if r.venue == attempt.venue]
        found = there[0].reference if there and attempt.is_live else None
        lease = self.ledger.take_lease(booking, self.now, LEASE_S)
        if lease is None:
            return
        try:
            word = Resolved(found, "ada", "asked there", self.now)
            decision = decide(self.case(booking), word, self.now)
        except NotNow:
            self.ledger.release(lease)
            return
        for record in there[0 if found is None else 1 :]:
            record.status = VenueStatus.CANCELLED
        self.ledger.conclude(lease, decision.transition, self.now)
        self.by_person.add(booking)
        self.bookings = self.ledger.bookings()
        self.ledger.release(lease)

    # Invariants

    @invariant()
    def i1_one_record_stands(self) -> None:
        """But where a venue writes twice, or too late: the farm puts it right, and ``teardown`` looks."""
        if not self.surprised:
            for booking in self.bookings:
                assert len(self.standing(booking)) <= 1, self.books

    @invariant()
    def i2_confirmed_only_after_a_look_that_proves_it(self) -> None:
        for booking in self.bookings:
            case = self.case(booking)
            if case.status is BookingStatus.CONFIRMED:
                assert case.verdict is not None
                assert said(case.verdict) in self.seen or booking in self.by_person, case.verdict
                assert case.live is not None
                assert case.live.state is AttemptState.CONFIRMED

    @invariant()
    def i3_nothing_vanishes(self) -> None:
        for booking in self.bookings:
            case = self.case(booking)
            if self.ledger.next_wake(booking) or self.ledger.is_leased(booking):
                continue
            assert case.status.settled, f"nobody will ever come to a booking that is {case.status}"
            ended = case.status in NOTHING_STANDS | {BookingStatus.IN_DOUBT}
            assert case.cancel_requested_at is None or ended, "a wish to cancel is forgotten"
            assert case.change is None or ended, "a wish to change is forgotten"

    @invariant()
    def i4_the_guest_is_told_what_is_so(self) -> None:
        """Whatever is under way says what it waits for and until when; only what is confirmed is called so."""
        for booking in self.bookings:
            case, wake = self.case(booking), self.ledger.next_wake(booking)
            due = {} if wake is None else dict([wake])
            waits = awaited(case, due, self.now, at_work=self.ledger.is_leased(booking))
            assert case.status.settled or (waits is not None and waits.until is not None), case.status
            told = sentence(case, None, waits, self.now)
            assert case.status is BookingStatus.CONFIRMED or not CLAIMS.search(told), told
            assert "Ada" not in told

    def teardown(self) -> None:
        """Everything works from now on, but for one commit: in the end each guest has what they were told."""
        self.hands.clear()
        self.dark = False
        self.now += timedelta(seconds=LEASE_S + 1)
        for record in self.books:
            if record.status is VenueStatus.PENDING:
                record.status = VenueStatus.CONFIRMED
        for _ in range(MOST_MESSAGES):
            self.ledger.sweep(self.now)
            due = [(wake[1], booking) for booking in self.bookings if (wake := self.ledger.next_wake(booking))]
            if not due:
                break
            self.message(min(due)[1])
            while self.hands:
                self.goes_well(self.hands[0])
        else:
            raise AssertionError("it has no end")
        for booking in self.bookings:
            self.is_true(booking)
        self.ledger.close()

    def is_true(self, booking: str) -> None:
        case, standing = self.case(booking), self.standing(booking)
        assert case.status.settled
        if case.status is BookingStatus.CONFIRMED:
            assert len(standing) == 1, standing
            assert not standing[0].shifted or booking in self.by_person
            assert case.live is not None
            assert standing[0].venue == case.live.venue
            assert case.cancel_requested_at is None
        if case.status in NOTHING_STANDS:
            assert not standing, f"it says {case.status}, and {standing}"
