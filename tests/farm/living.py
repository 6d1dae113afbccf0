"""A booking's life at random: the real ``decide``, any ledger, two venues that keep a book. Rules and invariants.

The invariants are those of facts on reliability, I1 to I5; each ledger has a test of its own that runs this machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from benchmarks.simulate.stock import BEGINS, EVENING, PLACES, WISHES, measure, sighting, wanted
from farm.errors import CancelledByGuest
from farm.facts import Claim
from farm.life.by_person import waiting
from farm.life.case import Case
from farm.life.decide import decide
from farm.life.decision import NotNow
from farm.life.happened import (
    Cancelled,
    Changed,
    Clicked,
    GivenBack,
    Looked,
    NotCancelled,
    NothingBooked,
    RecordAppeared,
    Resolved,
    Woken,
)
from farm.life.transition import NOTHING, NewWakeUp, Stage, Transition
from farm.life.work import CancelAt, ChangeAt, GiveBack, GoOn, LookAt, Try
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict, judge
from ledger.errors import LeaseLost

NOTHING_STANDS = {BookingStatus.CANCELLED, BookingStatus.UNAVAILABLE, BookingStatus.FAILED, BookingStatus.EXPIRED}
LEASE_S = 20.0
CLICKS = ("claimed", "claimed", "refused", "lost before", "lost after", "never left", "late", "shifted", "pending")
LAST_LOOK = EVENING - timedelta(hours=2)
MOST_MESSAGES = 3000


@dataclass
class Record:
    """One line of a venue's book."""

    booking: str
    venue: str
    number: int
    reference: str
    shows_at: datetime
    status: VenueStatus
    shifted: bool = False


@dataclass
class Hand:
    """One worker: what it does next, and how far it is with an attempt."""

    booking: str
    lease: Any
    kind: Any
    then: Any = None
    begun: Any = None
    until: datetime | None = None


def said(verdict: Verdict) -> object:
    """What tells one verdict from another, in memory or out of a database."""
    return verdict.kind, verdict.at, verdict.venue_reference, verdict.venue_status


class Life(RuleBasedStateMachine):
    """Rules of one booking and those that take its place."""

    clicks: tuple[str, ...] = CLICKS

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGINS
        self.ledger = self.opens()
        self.books: list[Record] = []
        self.hands: list[Hand] = []
        self.bookings: list[str] = []
        self.seen: set[object] = set()
        self.by_person: set[str] = set()
        self.surprised = False

    def opens(self) -> Any:
        raise NotImplementedError

    def case(self, booking: str) -> Case:
        case: Case = self.ledger.case(booking)
        return case

    # What a worker does

    def decides(self, hand: Hand, happened: Any) -> None:
        """Decide, write, and go on until there is something to do at a venue, or nothing at all."""
        while happened is not None:
            case = self.case(hand.booking)
            decision = decide(case, happened, self.now)
            if decision.transition is not NOTHING and not self.writes(hand, decision.transition):
                return
            work = decision.then
            if hand.kind != "book" and (isinstance(work, Try) or work == GoOn("book")):
                if self.writes(hand, Transition(done=["book"], wake=[NewWakeUp("book", self.now)])):
                    self.ends(hand)
                return
            happened = Woken(work.kind) if isinstance(work, GoOn) else None
            hand.then, hand.begun, hand.until = work, None, None
        if hand.then is None:
            self.ends(hand)

    def writes(self, hand: Hand, what: Transition) -> bool:
        """I4: a worker that lost its booking writes nothing, and stops."""
        stale = not self.ledger.holds(hand.lease)
        before = self.case(hand.booking) if stale else None
        try:
            self.ledger.conclude(hand.lease, what, self.now)
        except LeaseLost:
            assert stale
            assert self.case(hand.booking) == before
            self.hands.remove(hand)
            return False
        assert not stale, "a stale fence has written"
        self.bookings = self.ledger.bookings()
        return True

    def ends(self, hand: Hand) -> None:
        self.ledger.release(hand.lease)
        self.hands.remove(hand)

    def message(self, booking: str) -> None:
        kind, due_at = self.ledger.next_wake(booking)
        self.now = max(self.now, due_at)
        lease = self.ledger.take_lease(booking, self.now, LEASE_S)
        if lease is None:
            self.now += timedelta(seconds=5)
            return
        hand = Hand(booking, lease, kind)
        self.hands.append(hand)
        self.decides(hand, Woken(kind))

    def standing(self, booking: str) -> list[Record]:
        return [r for r in self.books if r.booking == booking and r.status.stands]

    def shown(self, booking: str, venue: str) -> list[Record]:
        of = (r for r in self.books if (r.booking, r.venue) == (booking, venue))
        return [r for r in of if r.shows_at <= self.now]

    def look(self, booking: str, attempt: Any) -> Verdict:
        """The real verdict on what the venue shows now."""
        claimed = attempt.claim.reference if attempt.claim else None
        seen = [
            sighting(r.venue, r.number, r.reference, r.status, shifted=r.shifted)
            for r in self.shown(booking, attempt.venue)
        ]
        channel = PLACES[attempt.venue].manifest.read_back[0]
        verdict = judge(seen, measure(attempt.venue, attempt.number, claimed), channel, self.now)
        self.seen.add(said(verdict))
        return verdict

    def does(self, hand: Hand, *, well: bool, breaks: bool = False) -> None:
        """Do the work at the venue that is no booking; not ``well``: it brings no answer.

        ``breaks``: the commit of what follows raises, and has landed all the same.
        """
        self.ledger.extend(hand.lease, self.now, LEASE_S)
        if breaks:
            self.ledger.breaks_next()
        work, self.now = hand.then, self.now + timedelta(seconds=2)
        attempt = work.attempt
        happened: Any
        match work:
            case LookAt():
                verdict = self.look(hand.booking, attempt) if well else self.doubt()
                happened = Looked(attempt.id, work.why, verdict)
            case CancelAt():
                happened = self.cancels(hand, work, well=well)
            case ChangeAt():
                verdict = self.look(hand.booking, attempt) if well else self.doubt()
                kind: Any = "done" if verdict.proves else "unknown"
                happened = Changed(attempt.id, work.why, kind, verdict, attempt.expected)
            case GiveBack():
                happened = GivenBack(attempt.id, proven=well)
        self.decides(hand, happened)

    def doubt(self) -> Verdict:
        return Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=self.now, reason="broken")

    def cancels(self, hand: Hand, work: CancelAt, *, well: bool) -> Any:
        before = self.look(hand.booking, work.attempt)
        there = [r for r in self.shown(hand.booking, work.attempt.venue) if r.status.stands]
        surplus = [r for r in there if r.reference != work.keep]
        kept = [r.reference for r in there if r.reference == work.keep]
        sees = before.kind is not VerdictKind.NOT_FOUND or before.complete
        if not well or not (surplus or sees) or (work.keep is not None and not kept):
            return NotCancelled(work.attempt.id, work.why, "not seen")
        for record in surplus:
            record.status = VenueStatus.CANCELLED
        return Cancelled(work.attempt.id, work.why, self.look(hand.booking, work.attempt))

    def begins(self, hand: Hand) -> None:
        try:
            work = hand.then
            venue = work.place.venue.slug
            hand.begun = self.ledger.start(hand.lease, venue, self.now, widened=work.widened)
        except LeaseLost:
            assert not self.ledger.holds(hand.lease)
            self.hands.remove(hand)

    def guards(self, hand: Hand) -> None:
        """Adopt first, then the guard. I5: none gets through beside another live attempt."""
        for before in hand.then.earlier:
            if any(r.status.stands for r in self.shown(hand.booking, before.venue) if r.number == before.number):
                self.decides(hand, RecordAppeared(hand.begun.id, before.id))
                return
        deadline_s = hand.then.place.manifest.commit.deadline_s
        until = self.now + timedelta(seconds=deadline_s)
        live = self.case(hand.booking).live
        try:
            self.ledger.guard(hand.lease, hand.begun, wanted(hand.begun.venue, hand.begun.number), until, self.now)
        except CancelledByGuest:
            self.decides(hand, NothingBooked(hand.begun.id, Cause.CANCEL_REQUESTED, "called off"))
        except LeaseLost:
            self.hands.remove(hand)
        else:
            assert live is None, "a guard let an attempt through beside a live one"
            hand.until = until

    def clicks_now(self, hand: Hand, how: str) -> None:
        """The last click, which the gate lets out until its deadline; a worker that lost its booking clicks too."""
        attempt, slug = hand.begun, hand.begun.venue
        if hand.until is None or self.now >= hand.until:
            how = "never left"
        else:
            now = self.case(hand.booking).attempt(attempt.id)
            assert now.is_live, f"a click left for an attempt that is {now.state}"
        until, settle_s = hand.until or self.now, PLACES[slug].manifest.settle.settle_s
        self.now += timedelta(seconds=1)
        reference = f"{slug}-{len(self.books) + 1}"
        if how not in {"refused", "lost before", "never left", "lies"}:
            lag_s = {"late": settle_s * 0.8, "surprise": settle_s + 300}.get(how, 0.0)
            shows_at = (until if how == "surprise" else self.now) + timedelta(seconds=lag_s)
            status = VenueStatus.PENDING if how == "pending" else VenueStatus.CONFIRMED
            record = Record(hand.booking, slug, attempt.number, reference, shows_at, status, how == "shifted")
            self.books.append(record)
            if how == "doubled":
                self.books.append(replace(record, reference=f"{reference}b"))
            self.surprised |= how in {"doubled", "surprise"}
        stages = (Stage("submit", 1.0),)
        happened = Clicked(attempt.id, "claimed", "yes", Claim(reference=reference), stages=stages)
        if how == "refused":
            happened = Clicked(attempt.id, "refused", "yes", cause=Cause.SLOT_UNAVAILABLE, stages=stages)
        if how in {"lost before", "lost after", "never left"}:
            sent: Any = "no" if how == "never left" else "unknown"
            happened = Clicked(attempt.id, "in_doubt", sent, cause=Cause.OUTCOME_UNKNOWN, stages=stages)
        self.decides(hand, happened)

    # Rules

    @initialize(wish=st.sampled_from(range(len(WISHES))))
    def create(self, wish: int) -> None:
        self.bookings = [self.ledger.accept(WISHES[wish], self.now)]

    def phase(self, hand: Hand) -> str:
        if not isinstance(hand.then, Try):
            return "work"
        if hand.begun is None:
            return "begin"
        return "guard" if hand.until is None else "click"

    @precondition(lambda self: any(self.ledger.next_wake(b) for b in self.bookings))
    @rule(data=st.data())
    def wake(self, data: Any) -> None:
        self.message(data.draw(st.sampled_from([b for b in self.bookings if self.ledger.next_wake(b)])))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def goes_on(self, data: Any) -> None:
        """One worker takes its next step, with whatever comes of it."""
        hand = data.draw(st.sampled_from(self.hands))
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

    def teardown(self) -> None:
        """Everything works from now on: in the end each guest has what they were told."""
        self.hands.clear()
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

    def goes_well(self, hand: Hand) -> None:
        match self.phase(hand):
            case "begin":
                self.begins(hand)
            case "guard":
                self.guards(hand)
            case "click":
                self.clicks_now(hand, "claimed")
            case _:
                self.does(hand, well=True)

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
