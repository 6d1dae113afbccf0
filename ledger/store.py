"""The ledger: every method is one short transaction, and every write of a worker stands under its fence."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from farm.facts import Facts, Hold, Offer, Recap
from farm.identity import mint_code
from farm.life.transition import NewEvent, Transition, WakeUpKind
from farm.request import Clock, Request
from farm.status import BookingStatus
from ledger import attempts, bookings, conclusions, events, leases, slots, sweeping, wake_ups
from ledger.beside import Beside
from ledger.clock import ServerClock, wall_clock
from ledger.engine import Database, database_url
from ledger.names import new_id
from ledger.records import Accepted, AttemptRecord, BookingRecord, EventRecord, Lease, WakeUp
from ledger.surely import surely


class Ledger(Beside):
    """The farm's memory. One per process is enough, opened after the fork; it must have been migrated before.

    Attributes:
        clock: Tells ``now`` for every row that is written and every lease that is judged.
    """

    def __init__(
        self, url: str, clock: Clock = wall_clock, random_bytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self.clock = clock
        self._random_bytes = random_bytes
        self._database = Database(url)
        super().__init__(self._database, clock)

    @classmethod
    async def open(cls, url: str, clock: Clock | None = None) -> Self:
        """The ledger at ``sqlite:///path`` or ``postgresql://...``; close it, or use it with ``async with``.

        Without a clock of the caller's it has the one that all who work on it share (``ledger.clock``).
        """
        on_server = database_url(url).get_backend_name() == "postgresql"
        ledger = cls(url, clock or (ServerClock() if on_server else wall_clock))
        try:
            await ledger._sync()
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def _sync(self) -> None:
        if isinstance(self.clock, ServerClock) and self.clock.is_old:
            await self._database.read(self.clock.ask)

    async def close(self) -> None:
        """Let what has begun end and close all connections."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Bookings

    async def accept(
        self, request: Request, code: str, idempotency_key: str | None = None, patience_s: float | None = None
    ) -> Accepted:
        """Queue a request: booking, event and a wake-up that is due now. The same key gives the same booking.

        Raises:
            IdempotencyConflict: The key came before with another request.
            CodeTaken: Mint another code and call again.
            Busy: A booking with this key is being written, and was not after ``patience_s``.
        """
        now = self.clock()
        booking_id = new_id("bk", now, self._random_bytes)
        return await self._database.write(
            lambda c: bookings.accept(c, booking_id, request, code, idempotency_key, now), patience_s
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

    async def request_cancel(self, booking_id: str) -> BookingRecord:
        """Write down the guest's wish and wake ``cancel``; from now on no commit guard lets an attempt through.

        Raises:
            NoSuchBooking: There is none.
        """
        now = self.clock()
        return await self._database.write(lambda c: bookings.request_cancel(c, booking_id, now))

    async def request_change(self, booking_id: str, wish: Request) -> BookingRecord:
        """Write down what the booking shall become and wake ``change``; a newer wish takes the place of an older one.

        Raises:
            NoSuchBooking: There is none.
            NotChangeable: It has ended, is in doubt, or is being cancelled or replaced.
        """
        now = self.clock()
        return await self._database.write(lambda c: bookings.request_change(c, booking_id, wish, now))

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
    ) -> None:
        """Append progress to a booking's history. Needs no lease; never guest data.

        Raises:
            NoSuchBooking: There is none.
        """
        now = self.clock()
        event = NewEvent(kind, attempt, venue, payload or {})
        await self._database.write(lambda c: events.note(c, booking_id, now, event))

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
        await self._sync()
        return await self._database.read(lambda c: wake_ups.next_due(c, resend_after_s))

    # Leases

    async def take_lease(self, booking_id: str, owner: str, lease_s: float) -> Lease | None:
        """The right to work on a booking, if it is free or the last holder's time ran out; else None."""
        await self._sync()
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

    async def sweep(self) -> list[str]:
        """Free the bookings whose worker went away, and wake whatever nothing else would; any number may sweep."""
        now = self.clock()
        return await self._database.write(lambda c: sweeping.sweep(c, now))

    # Attempts

    async def attempts(self, booking_id: str) -> list[AttemptRecord]:
        """The attempts of a booking, in order."""
        return await self._database.read(lambda c: attempts.of_booking(c, booking_id))

    async def start_attempt(
        self,
        lease: Lease,
        venue: str,
        reference_for: Callable[[int], str],
        *,
        widened: bool = False,
        context: Mapping[str, object] | None = None,
    ) -> AttemptRecord:
        """Begin the next attempt; ``reference_for`` gives our reference for its number.

        ``widened``: it is tried with the window that the request lets grow. ``context`` goes into the history.

        Raises:
            LeaseLost: The booking is no longer ours.
            IllegalChange: The booking is in a status that allows no attempt.
        """
        now = self.clock()
        attempt_id = new_id("at", now, self._random_bytes)
        plan = attempts.Plan(venue, reference_for, widened, context or {})
        return await self._database.write(lambda c: attempts.start(c, lease, attempt_id, plan, now))

    async def keep_hold(self, lease: Lease, attempt_id: str, hold: Hold) -> None:
        """Write down what an attempt holds, before anything else is done with it."""
        await self._database.write(lambda c: attempts.keep_hold(c, lease, attempt_id, hold))

    async def note_release(self, lease: Lease, attempt_id: str) -> None:
        """The hold was given back."""
        await self._database.write(lambda c: attempts.note_release(c, lease, attempt_id))

    async def take_slot(self, lease: Lease, attempt: AttemptRecord, offer: Offer, held_s: float) -> None:
        """The right to commit on the offer's slot for so long, against every other booking of ours.

        Raises:
            SlotTaken: Another booking has it now; ask again.
        """
        now = self.clock()
        until = now + timedelta(seconds=held_s)
        await self._database.write(
            lambda c: slots.take(c, lease.booking_id, attempt.id, attempt.venue, offer, now, until)
        )

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
            SlotTaken: Another booking of ours is committing on the same slot; nothing was written, ask again.
            LeaseLost: The lease ran out or was taken, or the attempt is not prepared under it.
        """
        about = attempts.AboutToCommit(attempt_id, offer, hold, recap, expected, submit_deadline)
        await surely(
            self._database,
            lambda c: attempts.guard(c, lease, about, self.clock()),  # judged when it is written, not when asked
            lambda c: attempts.is_guarded(c, lease, attempt_id) or None,
        )

    async def conclude(self, lease: Lease, what: Transition) -> BookingRecord:
        """Write one transition whole: what becomes of the attempts and of the booking, and what happens next.

        Raises:
            LeaseLost: The booking is no longer ours; nothing was written.
            AnotherAttemptLive: The attempt would become live beside another one.
            IllegalChange: No such transition (a ``ValueError`` that names both states).
        """
        now = self.clock()
        new = None
        if what.successor is not None:
            new = bookings.NewBooking(new_id("bk", now, self._random_bytes), mint_code(self._random_bytes))
        return await surely(
            self._database,
            lambda c: conclusions.conclude(c, lease, what, now, new),
            lambda c: conclusions.has_landed(c, lease, now),
        )
