"""A ledger in memory: what ``ledger/`` writes and refuses, for one thread, without a database.

The simulator runs on it, and so does the state machine of ``tests/farm/test_life.py``, which holds it against
invariants;
``tests/ledger/test_life_on_ledger.py`` holds the real ledger against the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from operator import attrgetter

from benchmarks.simulate.refusals import check_attempt, check_booking, check_status
from benchmarks.simulate.wakes import Wakes
from farm.errors import CancelledByGuest
from farm.facts import Facts
from farm.life.case import Attempt, Case
from farm.life.states import ENDED_WITHOUT
from farm.life.transition import UNSET, AttemptChange, BookingChange, NewEvent, Transition, WakeUpKind
from farm.phases import Step
from farm.request import Request
from farm.status import SETTLED, AttemptState, BookingStatus, Cause
from ledger.errors import AnotherAttemptLive, IllegalChange, LeaseLost
from ledger.records import Lease

_KIND: dict[BookingStatus, WakeUpKind] = {
    BookingStatus.QUEUED: "book",
    BookingStatus.ATTEMPTING: "book",
    BookingStatus.VERIFYING: "verify",
    BookingStatus.PENDING_VENUE: "verify",
    BookingStatus.CANCELLING: "cancel",
}
_CHANGEABLE = frozenset(BookingStatus) - ENDED_WITHOUT - {BookingStatus.IN_DOUBT, BookingStatus.CANCELLING}


@dataclass(slots=True)
class Row:
    """One booking. What a ``Case`` has no room for stands beside it.

    Attributes:
        history: Every event and when it was written; kept only where somebody wants to read it.
        submit_s: How long the click of an attempt took, by its id: tells when the page answered.
    """

    case: Case
    fence: int = 0
    lease_until: datetime | None = None
    cause: Cause | None = None
    sentence: str | None = None
    venue: str | None = None
    venue_reference: str | None = None
    replaced_by: str | None = None
    wakes: Wakes = field(default_factory=Wakes)
    history: list[tuple[datetime, NewEvent]] = field(default_factory=list)
    submit_s: dict[str, float] = field(default_factory=dict)


class Memory:
    """Bookings by id; every method is one transaction: it writes it all, or raises and writes nothing.

    Attributes:
        forgotten: Bookings that only the sweep has found again: nothing else would ever have woken them.
    """

    def __init__(self, *, history: bool = False) -> None:
        self.rows: dict[str, Row] = {}
        self.forgotten: list[str] = []
        self._keeps_history = history

    def accept(self, case: Case, now: datetime) -> Row:
        """Queue a booking, with a wake-up that is due now."""
        row = self.rows[case.id] = Row(case)
        row.wakes.set("book", now)
        return row

    def request_cancel(self, booking_id: str, now: datetime) -> None:
        """The guest's wish, once; what was to take the booking's place goes with it."""
        self._call_off(booking_id, now)
        successor = self.rows[booking_id].replaced_by
        if successor is not None:
            self._call_off(successor, now)

    def _call_off(self, booking_id: str, now: datetime) -> None:
        row = self.rows[booking_id]
        if row.case.cancel_requested_at is None:
            row.case = _case(row.case, {"cancel_requested_at": now})
            row.wakes.set("cancel", now)

    def request_change(self, booking_id: str, wish: Request, now: datetime) -> bool:
        """The guest's wish to have something else; False where the booking cannot be changed (any more)."""
        row = self.rows[booking_id]
        case = row.case
        if case.cancel_requested_at is not None or row.replaced_by is not None or case.status not in _CHANGEABLE:
            return False
        row.case = _case(case, {"change": wish})
        row.wakes.set("change", now)
        return True

    def take_lease(self, booking_id: str, now: datetime, lease_s: float) -> Lease | None:
        """The lease if it is free or has run out, else None."""
        row = self.rows[booking_id]
        if row.lease_until is not None and row.lease_until > now:
            return None
        row.fence += 1
        row.lease_until = now + timedelta(seconds=lease_s)
        return Lease(booking_id, "worker", row.fence, row.lease_until)

    def extend_lease(self, lease: Lease, now: datetime, lease_s: float) -> None:
        """The heartbeat, or ``LeaseLost``."""
        self._held(lease).lease_until = now + timedelta(seconds=lease_s)

    def release_lease(self, lease: Lease) -> None:
        """Give it back; a lease that was lost has nothing to give."""
        row = self.rows[lease.booking_id]
        if row.fence == lease.fence:
            row.lease_until = None

    def sweep(self, now: datetime) -> None:
        """Free what ran out, and wake it; wake, too, what is not settled and that nothing would ever wake."""
        for row in self.rows.values():
            kind = _KIND.get(row.case.status)
            if row.lease_until is not None and row.lease_until <= now:
                row.fence += 1
                row.lease_until = None
                if kind is not None:
                    row.wakes.set(kind, now)
            elif row.case.status not in SETTLED and row.lease_until is None and not row.wakes.open:
                self.forgotten.append(row.case.id)
                row.wakes.set(_KIND[row.case.status], now)

    def start_attempt(self, lease: Lease, venue: str, now: datetime, *, widened: bool = False) -> Attempt:
        """A prepared attempt with the next number; the booking is ``attempting``."""
        row = self._held(lease)
        case = row.case
        check_status(case, BookingStatus.ATTEMPTING)
        number = len(case.attempts) + 1
        begun = Attempt(f"{case.id}-{number}", number, venue, AttemptState.PREPARED, now, widened=widened)
        row.venue = venue
        changes = {"status": BookingStatus.ATTEMPTING, "settled_at": None, "attempts": (*case.attempts, begun)}
        row.case = _case(case, changes)
        return begun

    def guard(self, lease: Lease, attempt_id: str, expected: Facts, submit_deadline: datetime, now: datetime) -> None:
        """Prepared becomes committing if nothing at all speaks against it."""
        row = self._held(lease)
        if row.case.cancel_requested_at is not None:
            raise CancelledByGuest
        if row.lease_until is None or row.lease_until <= now:
            raise LeaseLost
        attempt = row.case.attempt(attempt_id)
        if attempt.state is not AttemptState.PREPARED:
            raise LeaseLost("the attempt is not prepared under this lease (any more)")
        if row.case.live is not None:
            raise AnotherAttemptLive
        guarded = {
            "state": AttemptState.COMMITTING,
            "committed_at": now,
            "expected": expected,
            "submit_deadline": submit_deadline,
        }
        self._put(row, _attempt(attempt, guarded))

    def conclude(self, lease: Lease, what: Transition, now: datetime) -> None:
        """Write one transition whole."""
        row = self._held(lease)
        attempts = self._after(row, what) if what.attempts else row.case.attempts
        given: dict[str, object] = {"attempts": attempts}
        if what.booking is not None:
            check_booking(row.case, what.booking, attempts)
            given |= _given(what.booking, now)
            _beside(row, what.booking)
        row.case = _case(row.case, given)
        for kind in what.done:
            row.wakes.done(kind)
        for wake in what.wake:
            row.wakes.set(wake.kind, wake.due_at)
        if what.successor is not None:
            self._succeed(row, what.successor, now)
        if what.calls_off is not None:
            self._call_off(what.calls_off, now)
        if self._keeps_history:
            row.history += [(now, event) for event in what.events]

    def _after(self, row: Row, what: Transition) -> tuple[Attempt, ...]:
        attempts = {attempt.id: attempt for attempt in row.case.attempts}
        for change in what.attempts:
            if change.id not in attempts:
                raise IllegalChange("the booking has no such attempt")
            attempts[change.id] = self._changed(row, attempts[change.id], change)
        if sum(attempt.is_live for attempt in attempts.values()) > 1:
            raise AnotherAttemptLive
        return tuple(attempts.values())

    def _succeed(self, row: Row, wish: Request, now: datetime) -> None:
        old = row.case
        row.replaced_by = f"{old.id}+"
        self.accept(
            Case(
                row.replaced_by,
                wish,
                BookingStatus.QUEUED,
                candidates=old.candidates,
                places=old.places,
                created_at=now,
                replaces=old.id,
            ),
            now,
        )

    def _held(self, lease: Lease) -> Row:
        row = self.rows[lease.booking_id]
        if row.fence != lease.fence or row.lease_until is None:
            raise LeaseLost
        return row

    def _put(self, row: Row, attempt: Attempt) -> None:
        others = row.case.attempts
        row.case = _case(row.case, {"attempts": tuple(attempt if a.id == attempt.id else a for a in others)})

    def _changed(self, row: Row, before: Attempt, change: AttemptChange) -> Attempt:
        check_attempt(before, change)
        changed = zip(_CHANGED, _of_change(change), strict=True)
        given: dict[str, object] = {name: value for name, value in changed if value is not UNSET}
        if given.get("detail", "") is None:
            given["detail"] = ""
        if change.looked:
            given["read_backs"] = before.read_backs + change.looked
        for stage in change.stages:
            if stage.stage == Step.SUBMIT:
                row.submit_s[before.id] = row.submit_s.get(before.id, 0.0) + stage.seconds
        if given.get("claim") is not None and before.committed_at is not None:
            given["answered_at"] = before.committed_at + timedelta(seconds=row.submit_s.get(before.id, 0.0))
        return _attempt(before, given)


def _given(change: BookingChange, now: datetime) -> dict[str, object]:
    """What of a ``Case`` it changes."""
    given: dict[str, object] = {
        name: value
        for name in ("status", "verdict", "request", "change")
        if (value := getattr(change, name)) is not UNSET
    }
    if change.status is not UNSET:
        given["settled_at"] = now if change.status.settled else None
    return given


def _beside(row: Row, change: BookingChange) -> None:
    if change.cause is not UNSET:
        row.cause = change.cause
    if change.sentence is not UNSET:
        row.sentence = change.sentence
    if change.venue is not UNSET:
        row.venue = change.venue
    if change.venue_reference is not UNSET:
        row.venue_reference = change.venue_reference


_CHANGED = ("state", "cause", "detail", "claim", "sent", "expected", "verdict", "given_back")
_of_change = attrgetter(*_CHANGED)
_CASE = {f.name: n for n, f in enumerate(fields(Case))}
_ATTEMPT = {f.name: n for n, f in enumerate(fields(Attempt))}
_of_case, _of_attempt = attrgetter(*_CASE), attrgetter(*_ATTEMPT)


def _case(case: Case, changes: Mapping[str, object]) -> Case:
    """As ``dataclasses.replace``, which asks each field anew and costs the simulator a quarter of its time."""
    values = list(_of_case(case))
    for name, value in changes.items():
        values[_CASE[name]] = value
    return Case(*values)


def _attempt(attempt: Attempt, changes: Mapping[str, object]) -> Attempt:
    values = list(_of_attempt(attempt))
    for name, value in changes.items():
        values[_ATTEMPT[name]] = value
    return Attempt(*values)
