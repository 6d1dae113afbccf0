"""The ledger: every method is one short transaction, and every write of a worker stands under its fence."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random

from farm.facts import Facts, Hold, Offer, Recap
from farm.request import Clock, Request
from farm.status import BookingStatus
from ledger import attempts, bookings, conclusions, events, leases, wake_ups
from ledger.engine import Database
from ledger.names import new_id
from ledger.records import (
    Accepted,
    AttemptChange,
    AttemptRecord,
    BookingChange,
    BookingRecord,
    Counts,
    EventRecord,
    Lease,
    NewEvent,
    NewWakeUp,
    WakeUp,
    WakeUpKind,
)

T = TypeVar("T")

_RE_READ_S = 30.0
_RE_READ_EVERY_S = 0.25


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """The farm's memory. One per process is enough, opened after the fork; it must have been migrated before.

    Attributes:
        clock: Tells ``now`` for every row that is written and every lease that is judged.
    """

    def __init__(
        self, url: str, clock: Clock = _utc_now, random_bytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self.clock = clock
        self._random_bytes = random_bytes
        self._database = Database(url)

    @classmethod
    async def open(cls, url: str, clock: Clock = _utc_now) -> Self:
        """The ledger at ``sqlite:///path`` or ``postgresql://...``; close it, or use it with ``async with``."""
        return cls(url, clock)

    async def close(self) -> None:
        """Let what has begun end and close all connections."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # Bookings

    async def accept(self, request: Request, code: str, idempotency_key: str | None = None) -> Accepted:
        """Queue a request: booking, event and a wake-up that is due now. The same key gives the same booking.

        Raises:
            IdempotencyConflict: The key came before with another request.
            CodeTaken: Mint another code and call again.
        """
        now = self.clock()
        booking_id = new_id("bk", now, self._random_bytes)
        return await self._database.write(
            lambda c: bookings.accept(c, booking_id, request, code, idempotency_key, now)
        )

    async def made_by(self, request: Request, idempotency_key: str) -> BookingRecord | None:
        """The booking that this key made, or None: to be asked before what may have changed since is checked.

        Raises:
            IdempotencyConflict: The key came before with another request.
        """
        return await self._database.read(lambda c: bookings.made_by(c, request, idempotency_key))

    async def booking(self, booking_id: str) -> BookingRecord:
        """One booking.

        Raises:
            NoSuchBooking: There is none.
        """
        return await self._database.read(lambda c: bookings.find(c, booking_id))

    async def bookings(
        self,
        limit: int = 50,
        status: BookingStatus | None = None,
        reseller: str | None = None,
        before: str | None = None,
    ) -> list[BookingRecord]:
        """Bookings, newest first; page on with ``before``, the id of the last one."""
        return await self._database.read(lambda c: bookings.latest(c, limit, status, reseller, before))

    async def counts(self) -> Counts:
        """What the rates are computed from."""
        return await self._database.read(bookings.counts)

    async def request_cancel(self, booking_id: str) -> BookingRecord:
        """Write down the guest's wish and wake ``cancel``; from now on no commit guard lets an attempt through.

        Raises:
            NoSuchBooking: There is none.
        """
        now = self.clock()
        return await self._database.write(lambda c: bookings.request_cancel(c, booking_id, now))

    # History

    async def events(self, booking_id: str, after: int = 0) -> list[EventRecord]:
        """The history of a booking, from number ``after + 1`` on."""
        return await self._database.read(lambda c: events.after(c, booking_id, after))

    async def note(
        self,
        booking_id: str,
        kind: str,
        attempt: int | None = None,
        venue: str | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> EventRecord:
        """Append progress to a booking's history. Needs no lease; never guest data.

        Raises:
            NoSuchBooking: There is none.
        """
        now = self.clock()
        event = NewEvent(kind, attempt, venue, payload or {})
        return await self._database.write(lambda c: events.note(c, booking_id, now, event))

    # Wake-ups

    async def wake(self, booking_id: str, kind: WakeUpKind, due_at: datetime) -> None:
        """Set the open wake-up of this kind: the earlier time wins while unsent, after that the given one."""
        await self._database.write(lambda c: wake_ups.wake(c, booking_id, kind, due_at))

    async def wake_again(self, booking_id: str, kind: WakeUpKind, due_at: datetime) -> None:
        """Set the open wake-up of this kind anew if it was sent; quietly nothing if it was closed meanwhile."""
        await self._database.write(lambda c: wake_ups.wake_again(c, booking_id, kind, due_at))

    async def wake_ups(self, booking_id: str) -> list[WakeUp]:
        """The open wake-ups of a booking."""
        return await self._database.read(lambda c: wake_ups.still_open(c, booking_id))

    async def due_wake_ups(self, limit: int, resend_after_s: float) -> list[WakeUp]:
        """Take what must be sent now: due and unsent, or sent so long ago that the message must be lost.

        Each further sending waits twice as long, up to 16 times: a queue that is only long is not filled with copies.
        Marked as sent before it is returned: a relay that dies here costs ``resend_after_s``, not a booking.
        """
        now = self.clock()
        return await self._database.write(lambda c: wake_ups.pick_due(c, now, limit, resend_after_s))

    async def not_sent(self, picked: Sequence[WakeUp]) -> None:
        """Nobody took these after ``due_wake_ups``: they are due as before."""
        await self._database.write(lambda c: wake_ups.not_sent(c, picked))

    async def next_due(self, resend_after_s: float | None = None) -> datetime | None:
        """When ``due_wake_ups`` will next have something; resending counts if its time is given."""
        return await self._database.read(lambda c: wake_ups.next_due(c, resend_after_s))

    # Leases

    async def take_lease(self, booking_id: str, owner: str, lease_s: float) -> Lease | None:
        """The right to work on a booking, if it is free or the last holder's time ran out; else None."""
        now = self.clock()
        return await self._database.write(lambda c: leases.take(c, booking_id, owner, now, lease_s))

    async def extend_lease(self, lease: Lease, lease_s: float) -> Lease:
        """The heartbeat.

        Raises:
            LeaseLost: Stop at once; somebody else works on the booking.
        """
        now = self.clock()
        return await self._database.write(lambda c: leases.extend(c, lease, now, lease_s))

    async def release_lease(self, lease: Lease) -> None:
        """Give the lease back; quietly nothing if it was lost."""
        await self._database.write(lambda c: leases.release(c, lease))

    # Attempts

    async def attempts(self, booking_id: str) -> list[AttemptRecord]:
        """The attempts of a booking, in order."""
        return await self._database.read(lambda c: attempts.of_booking(c, booking_id))

    async def start_attempt(self, lease: Lease, venue: str, reference_for: Callable[[int], str]) -> AttemptRecord:
        """Begin the next attempt; ``reference_for`` gives our reference for its number.

        Raises:
            LeaseLost: The booking is no longer ours.
            IllegalChange: The booking is in a status that allows no attempt.
        """
        now = self.clock()
        attempt_id = new_id("at", now, self._random_bytes)
        return await self._database.write(lambda c: attempts.start(c, lease, attempt_id, venue, reference_for, now))

    async def guard(
        self,
        lease: Lease,
        attempt_id: str,
        *,
        offer: Offer,
        hold: Hold,
        recap: Recap,
        expected: Facts,
        submit_deadline: datetime,
    ) -> None:
        """The commit guard: returns only if this attempt alone may press the last button, and says so durably.

        A commit that broke is looked up before it is judged; a database that is away is asked again.

        Raises:
            CancelledByGuest: The guest called it off in time.
            AnotherAttemptLive: Another attempt of this booking is past its guard.
            LeaseLost: The lease ran out or was taken, or the attempt is not prepared under it.
        """
        about = attempts.AboutToCommit(attempt_id, offer, hold, recap, expected, submit_deadline)
        await self._surely(
            lambda c: attempts.guard(c, lease, about, self.clock()),  # judged when it is written, not when asked
            lambda c: attempts.is_guarded(c, lease, attempt_id) or None,
        )

    async def conclude(
        self,
        lease: Lease,
        *,
        attempt: AttemptChange | None = None,
        booking: BookingChange | None = None,
        events: Sequence[NewEvent] = (),
        wake: Sequence[NewWakeUp] = (),
        done: Sequence[WakeUpKind] = (),
    ) -> BookingRecord:
        """Write one transition whole: what becomes of the attempt and of the booking, and what happens next.

        ``done`` wake-ups are closed before those of ``wake`` are set.

        Raises:
            LeaseLost: The booking is no longer ours; nothing was written.
            AnotherAttemptLive: The attempt would become live beside another one.
            IllegalChange: No such transition (a ``ValueError`` that names both states).
        """
        now = self.clock()
        what = conclusions.Conclusion(attempt, booking, events, wake, done)
        return await self._surely(
            lambda c: conclusions.conclude(c, lease, what, now),
            lambda c: conclusions.has_landed(c, lease, now),
        )

    async def _surely(self, write: Callable[[Connection], T], landed: Callable[[Connection], T | None]) -> T:
        """Write; while the database is away look whether it was written, and write again only if it was not."""

        async def written() -> T:
            found = await self._database.read(landed)
            return await self._database.write(write) if found is None else found

        try:
            return await self._database.write(write)
        except DBAPIError as error:
            if not _is_away(error):
                raise
        until_it_answers = AsyncRetrying(
            retry=retry_if_exception(_is_away),
            stop=stop_after_delay(_RE_READ_S),
            wait=wait_random(_RE_READ_EVERY_S / 2, _RE_READ_EVERY_S),
            reraise=True,
        )
        return await until_it_answers(written)


def _is_away(error: BaseException) -> bool:
    """A connection that broke, was refused, or was kept waiting; what the database refuses is no such thing."""
    return isinstance(error, DBAPIError) and (error.connection_invalidated or isinstance(error, OperationalError))
