"""A reseller's side of a running farm: queue requests, wait for what becomes of them, read the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar

from farm.identity import mint_code
from farm.request import Request
from ledger.records import AttemptRecord, BookingRecord
from ledger.store import Ledger
from tasks.settings import Settings

T = TypeVar("T")
WAIT_S = 60.0


class Platform:
    """Queues requests into the ledger of a deployment and follows them there."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.ledger_url

    def queue(self, day: date, *venues: str, guest: str = "ada", **changes: Any) -> str:
        """Queue a table for two on that day; the guest's e-mail is ``<guest>@example.com``."""
        written = {
            "guest": {"name": "Ada Rossi", "email": f"{guest}@example.com", "phone": "+39 051 123456"},
            "party": {"adults": 2},
            "when": {"date": day.isoformat(), "earliest": "19:00", "latest": "21:00"},
            "venues": venues,
        }
        request = Request.model_validate(written | changes)
        return self._ask(lambda ledger: ledger.accept(request, mint_code())).booking.id

    def cancel(self, booking_id: str) -> None:
        """Ask for the booking to be cancelled."""
        self._ask(lambda ledger: ledger.request_cancel(booking_id))

    def booking(self, booking_id: str) -> BookingRecord:
        """The booking as it is now."""
        return self._ask(lambda ledger: ledger.booking(booking_id))

    def attempts(self, booking_id: str) -> list[AttemptRecord]:
        """Its attempts."""
        return self._ask(lambda ledger: ledger.attempts(booking_id))

    def kinds(self, booking_id: str) -> list[str]:
        """The kinds of its events, in order."""
        return [event.kind for event in self._ask(lambda ledger: ledger.events(booking_id))]

    def steps(self, booking_id: str) -> list[str]:
        """The steps that its attempts have begun."""
        return [
            str(event.payload["step"])
            for event in self._ask(lambda ledger: ledger.events(booking_id))
            if event.kind == "attempt.step"
        ]

    def history(self) -> str:
        """All that the ledger tells of all bookings beside the requests themselves: events, causes, details."""

        async def tell(ledger: Ledger) -> list[object]:
            told: list[object] = []
            for booking in await ledger.bookings(limit=500):
                told += [booking.sentence, booking.verdict]
                told += [(event.kind, dict(event.payload)) for event in await ledger.events(booking.id)]
                told += [(a.detail, a.verdict, a.stages) for a in await ledger.attempts(booking.id)]
            return told

        return repr(self._ask(tell))

    def settled(self, booking_id: str) -> BookingRecord:
        """The booking once it is settled."""
        return self.until(booking_id, lambda booking: booking.status.settled)

    def until(self, booking_id: str, reached: Callable[[BookingRecord], bool]) -> BookingRecord:
        """The booking once it has reached something.

        Raises:
            TimeoutError: It does not; with its history.
        """
        ends_at = time.monotonic() + WAIT_S
        while not reached(booking := self.booking(booking_id)):
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{booking.status} after {WAIT_S} s: {self.kinds(booking_id)}")
            time.sleep(0.05)
        return booking

    def _ask(self, question: Callable[[Ledger], Awaitable[T]]) -> T:
        async def ask() -> T:
            async with await Ledger.open(self._url) as ledger:
                return await question(ledger)

        return asyncio.run(ask())
