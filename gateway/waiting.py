"""Waiting for one booking, with what happens shown: live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from gateway.deployment import open_ledger
from gateway.presence import Service
from gateway.terminal import speaker
from ledger.store import Ledger
from tasks.settings import Settings
from tools.watching import Progress, follow, what_happens

LOOK_S = 2.0
"""How often it is made sure that somebody still works on the booking."""


class Screen(Protocol):
    """What shows the progress."""

    def show(self, progress: Progress) -> None:
        """Show this from now on."""
        ...


def wait(
    settings: Settings, booking_id: str, names: Mapping[str, str], service: Service, timeout_s: float
) -> Progress:
    """Follow a booking until it is settled or time is up (the progress says which); a farm that goes is replaced.

    Raises:
        Complaint: No farm works on it, and none can be started.
    """
    service.ensure()
    ends_at = time.monotonic() + timeout_s
    with _screen() as screen:
        while True:
            progress = asyncio.run(_watch(settings, booking_id, names, service, screen, ends_at))
            if progress.settled or time.monotonic() >= ends_at:
                return progress
            service.ensure()


async def _watch(
    settings: Settings,
    booking_id: str,
    names: Mapping[str, str],
    service: Service,
    screen: Screen,
    ends_at: float,
) -> Progress:
    """Until it is settled, time is up, or nobody works on it any more."""
    async with open_ledger(settings) as ledger:
        while True:
            patience_s = max(0.0, min(LOOK_S, ends_at - time.monotonic()))
            progress = await _for_a_while(ledger, booking_id, names, screen, patience_s)
            if progress.settled or time.monotonic() >= ends_at or not service.is_there():
                return progress


async def _for_a_while(
    ledger: Ledger, booking_id: str, names: Mapping[str, str], screen: Screen, timeout_s: float
) -> Progress:
    latest: Progress | None = None
    async for (progress,) in follow(ledger, [booking_id], names, timeout_s=timeout_s):
        latest = progress
        screen.show(progress)
    assert latest is not None  # noqa: S101 - it yields at once
    return latest


@contextmanager
def _screen() -> Iterator[Screen]:
    console = speaker()
    if not console.is_terminal:
        yield Lines(console)
        return
    moving = Moving()
    with Live(moving, console=console, refresh_per_second=8, transient=True):
        yield moving


class Moving:
    """One booking on a terminal: a spinner, the venue and the step, the venues it came by, the seconds."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._spinner = Spinner("dots", style="cyan")

    def show(self, progress: Progress) -> None:
        self._progress = progress

    def __rich__(self) -> Group | Table:
        if self._progress is None:
            return Group()
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=1)
        grid.add_column(ratio=1)
        grid.add_column(justify="right", style="dim", no_wrap=True)
        seconds = f"{self._progress.seconds(datetime.now(UTC)):.0f} s"
        grid.add_row(self._spinner, what_happens(self._progress), seconds)
        return grid


class Lines:
    """One booking where nothing can move: a line for every venue and step."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""

    def show(self, progress: Progress) -> None:
        line = what_happens(progress).plain.replace("\n", " · came by ")
        if line != self._last and not progress.settled:
            now = datetime.now(UTC)
            self._console.print(Text(f"{progress.seconds(now):5.1f} s  {line}"), soft_wrap=True)
        self._last = line
