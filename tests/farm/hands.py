"""What workers and venues do in ``tests/farm/living.py``: ``decide`` and ``judge`` are real, books are few lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from benchmarks.simulate.stock import BEGINS, PLACES, measure, sighting, wanted
from farm.errors import CancelledByGuest
from farm.facts import Claim
from farm.life.case import Case
from farm.life.decide import decide
from farm.life.happened import (
    Cancelled,
    Changed,
    Clicked,
    GivenBack,
    Looked,
    NotCancelled,
    NothingBooked,
    RecordAppeared,
    Woken,
)
from farm.life.transition import NOTHING, NewWakeUp, Stage, Transition
from farm.life.work import CancelAt, ChangeAt, GiveBack, GoOn, LookAt, Try
from farm.status import Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict, judge
from ledger.errors import LeaseLost

LEASE_S = 20.0
CLICKS = ("claimed", "claimed", "refused", "lost before", "lost after", "never left", "late", "shifted", "pending")


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


class Work:
    """One booking, and those that take its place: their workers, their venues' books, and the hour."""

    def __init__(self) -> None:
        self.now = BEGINS
        self.ledger = self.opens()
        self.books: list[Record] = []
        self.hands: list[Hand] = []
        self.bookings: list[str] = []
        self.seen: set[object] = set()
        self.by_person: set[str] = set()
        self.surprised = False
        self.dark = False
        self.whole = True

    def opens(self) -> Any:
        """The ledger of this machine's kind."""
        raise NotImplementedError  # no ABC: the state machine that is mixed in has a metaclass of its own

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
        well = well and not self.dark
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
            venue = work.venue.slug
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
        deadline_s = PLACES[hand.begun.venue].manifest.commit.deadline_s
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

    def phase(self, hand: Hand) -> str:
        if not isinstance(hand.then, Try):
            return "work"
        if hand.begun is None:
            return "begin"
        return "guard" if hand.until is None else "click"

    def goes_well(self, hand: Hand) -> None:
        match self.phase(hand):
            case "begin":
                self.begins(hand)
            case "guard":
                self.guards(hand)
            case "click":
                self.clicks_now(hand, "claimed")
            case _:
                breaks, self.whole = self.whole, False
                self.does(hand, well=True, breaks=breaks)
