"""``decide`` through lives at random, on the real ledgers: see ``tests/farm/living.py``."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from benchmarks.simulate.stock import BEGINS, NO_HOLD, OFFER, PLACES
from farm.facts import Recap
from farm.life.case import Case
from farm.request import Request
from farm.verdict import Verdict
from ledger.errors import NotChangeable
from ledger.store import Ledger
from tasks.known import attempt_of
from tests.farm.hands import CLICKS
from tests.farm.living import Life
from tests.ledger.lives import code

HITS = {"broken": 0, "bookings": 0}


class OnDisk:
    """The ledger, as the machine wants one."""

    def __init__(self, url: str) -> None:
        self.now = BEGINS
        self._loop = asyncio.Runner()
        self._ledger = self._loop.run(Ledger.open(url, lambda: self.now))
        self._first = ""
        self._commit: Any = None

    def _does(self, work: Any, now: datetime | None = None) -> Any:
        self.now = now or self.now
        return self._loop.run(work)

    def accept(self, wish: Any, now: datetime) -> str:
        HITS["bookings"] += 1
        self._first = self._does(self._ledger.accept(wish.request, code()), now).booking.id
        return self._first

    def bookings(self) -> list[str]:
        found = [self._first]
        while (after := self._does(self._ledger.booking(found[-1])).replaced_by) is not None:
            found.append(after)
        return found

    def case(self, booking: str) -> Case:
        row = self._does(self._ledger.booking(booking))
        rows = self._does(self._ledger.attempts(booking))
        request = row.wanted()
        return Case(
            id=row.id,
            request=request,
            status=row.status,
            attempts=tuple(map(attempt_of, rows)),
            candidates=tuple(PLACES[slug].venue for slug in request.venues),
            places=PLACES,
            verdict=Verdict.model_validate_json(row.verdict) if row.verdict else None,
            created_at=row.created_at,
            settled_at=row.settled_at,
            cancel_requested_at=row.cancel_requested_at,
            change=Request.model_validate_json(row.change) if row.change else None,
            replaces=row.replaces,
        )

    def next_wake(self, booking: str) -> Any:
        open_now = self._does(self._ledger.wake_ups(booking))
        return (open_now[0].kind, open_now[0].due_at) if open_now else None

    def is_leased(self, booking: str) -> bool:
        return self._does(self._ledger.booking(booking)).lease_owner is not None

    def holds(self, lease: Any) -> bool:
        row = self._does(self._ledger.booking(lease.booking_id))
        return row.fence == lease.fence and row.lease_owner is not None

    def take_lease(self, booking: str, now: datetime, lease_s: float) -> Any:
        return self._does(self._ledger.take_lease(booking, "worker", lease_s), now)

    def extend(self, lease: Any, now: datetime, lease_s: float) -> None:
        if self.holds(lease):
            self._does(self._ledger.extend_lease(lease, lease_s), now)

    def release(self, lease: Any) -> None:
        self._does(self._ledger.release_lease(lease))

    def start(self, lease: Any, venue: str, now: datetime, *, widened: bool) -> Any:
        mark = lease.booking_id[-10:].upper()
        begun = self._ledger.start_attempt(lease, venue, lambda number: f"RB-{mark}-{number}", widened=widened)
        return self._does(begun, now)

    def guard(self, lease: Any, begun: Any, expected: Any, until: datetime, now: datetime) -> None:
        offer = OFFER.model_copy(update={"resource": lease.booking_id})  # each booking has a table of its own
        guard = self._ledger.guard(
            lease,
            begun.id,
            offer=offer,
            hold=NO_HOLD,
            recap=Recap(when=OFFER.when),
            expected=expected,
            submit_deadline=until,
        )
        self._does(guard, now)

    def conclude(self, lease: Any, what: Any, now: datetime) -> None:
        try:
            self._does(self._ledger.conclude(lease, what), now)
        finally:
            self._mend()

    def breaks_next(self) -> None:
        """The next commit is written, and its connection is lost before it says so."""
        dialect: Any = self._ledger._database._engine.dialect
        self._commit = dialect.do_commit

        def broken(connection: Any) -> None:
            commit = self._commit
            self._mend()
            HITS["broken"] += 1
            commit(connection)
            connection.dbapi_connection.close()
            commit(connection)

        dialect.do_commit = broken

    def _mend(self) -> None:
        if self._commit is not None:
            self._ledger._database._engine.dialect.do_commit = self._commit  # type: ignore[method-assign]
            self._commit = None

    def sweep(self, now: datetime) -> None:
        self._does(self._ledger.sweep(), now)

    def request_cancel(self, booking: str, now: datetime) -> None:
        self._does(self._ledger.request_cancel(booking), now)

    def request_change(self, booking: str, wish: Any, now: datetime) -> None:
        with contextlib.suppress(NotChangeable):
            self._does(self._ledger.request_change(booking, wish), now)

    def close(self) -> None:
        self._mend()
        self._does(self._ledger.close())
        self._loop.close()


def test_lives_at_random(ledger_url):
    class OnLedger(Life):
        clicks = (*CLICKS, "doubled", "surprise", "lies")

        def opens(self) -> OnDisk:
            return OnDisk(ledger_url)

    before = dict(HITS)
    run_state_machine_as_test(
        OnLedger,
        settings=settings(
            max_examples=15,
            stateful_step_count=18,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert HITS["bookings"] - before["bookings"] >= 8
    assert HITS["broken"] > before["broken"], "no commit broke"
