"""Queues a demo's requests, shows what becomes of them while it happens, and brings the rows back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from farm.identity import mint_code
from farm.status import BookingStatus
from ledger.records import BookingRecord
from ledger.store import Ledger
from tools.demo.scene import Row, Scenario, Stage
from tools.watching import LiveTable, Progress, follow, status_text, what_happens

REFRESH_PER_S = 5


class Screen(Protocol):
    """Where progress is shown."""

    def show(self, bookings: Sequence[Progress]) -> None:
        """Show all bookings as they are now."""
        ...


async def play(stage: Stage, ledger_url: str, console: Console, limit_s: float) -> list[Row]:
    """Queue every scenario at once, see them to their ends, and call off what is to be called off.

    What is not over after ``limit_s`` comes back as it is then: a lost request, for the check to find.
    """
    async with await Ledger.open(ledger_url) as ledger:
        accepted = [(await ledger.accept(scenario.request, mint_code())).booking for scenario in stage.scenarios]
        played = dict(zip([booking.id for booking in accepted], stage.scenarios, strict=True))
        with _screen(console) as screen:
            await _see_through(ledger, played, stage.names, screen, limit_s)
        return [await _row(ledger, booking, played[booking.id]) for booking in accepted]


async def _see_through(
    ledger: Ledger, played: Mapping[str, Scenario], names: Mapping[str, str], screen: Screen, limit_s: float
) -> None:
    called_off: set[str] = set()
    ends_at = asyncio.get_running_loop().time() + limit_s
    while True:
        wished = len(called_off)
        left_s = max(0.0, ends_at - asyncio.get_running_loop().time())
        async for bookings in follow(ledger, list(played), names, timeout_s=left_s):
            screen.show(bookings)
            for booking in bookings:
                due = played[booking.booking_id].cancel and booking.status is BookingStatus.CONFIRMED
                if due and booking.booking_id not in called_off:
                    called_off.add(booking.booking_id)
                    await ledger.request_cancel(booking.booking_id)
        if len(called_off) == wished:  # else the last thing that happened was a wish to cancel, and it goes on
            return


async def _row(ledger: Ledger, booking: BookingRecord, scenario: Scenario) -> Row:
    return Row(
        scenario=scenario,
        booking=await ledger.booking(booking.id),
        attempts=await ledger.attempts(booking.id),
        events=await ledger.events(booking.id),
    )


@contextmanager
def _screen(console: Console) -> Iterator[Screen]:
    if not console.is_terminal:
        yield PlainLines(console)
        return
    table = LiveTable()
    with Live(table, console=console, refresh_per_second=REFRESH_PER_S, transient=True):
        yield OnTable(table)


class OnTable:
    """A live table, where there is a terminal."""

    def __init__(self, table: LiveTable) -> None:
        self._table = table

    def show(self, bookings: Sequence[Progress]) -> None:
        self._table.bookings = bookings


class PlainLines:
    """One line whenever a booking comes to a venue, leaves it, or ends; for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[str, tuple[object, ...]] = {}

    def show(self, bookings: Sequence[Progress]) -> None:
        for booking in bookings:
            now = (booking.status, booking.venue, booking.trouble, booking.left, booking.settled)
            if booking.attempt and self._last.get(booking.booking_id) != now:
                self._last[booking.booking_id] = now
                line = Text(f"{booking.seconds(datetime.now(UTC)):5.1f} s  {booking.label:<26}  ")
                line.append(status_text(booking.status))
                line.append("  " + " · ".join(reversed(what_happens(booking).plain.splitlines())), style="dim")
                self._console.print(line, soft_wrap=True)
