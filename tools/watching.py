"""Following bookings for a person: what the ledger's events mean in words, and a table that shows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text

from farm.phases import Step
from farm.status import BookingStatus, Cause, VerdictKind
from ledger.records import BookingRecord, EventRecord
from ledger.store import Ledger
from tools.words import CAUSES, STEPS, in_words

ANSWER_LOST = "answer lost after the click"
SAID_NO = "said no"
KEPT_NOTHING = CAUSES[Cause.RECORD_MISSING]
WAITING = "waiting for a worker"

_LOOKS = {
    VerdictKind.MATCHED: "the record matches",
    VerdictKind.MISMATCHED: "the record differs",
    VerdictKind.NOT_FOUND: "no record yet, looking again",
    VerdictKind.DUPLICATED: "there are two records",
}
_STYLES = {
    BookingStatus.CONFIRMED: "green",
    BookingStatus.CANCELLED: "green",
    BookingStatus.IN_DOUBT: "bold yellow",
    BookingStatus.PENDING_VENUE: "yellow",
    BookingStatus.UNAVAILABLE: "red",
    BookingStatus.FAILED: "red",
    BookingStatus.EXPIRED: "red",
}
_MARKS = {"green": "✓", "red": "✗", "bold yellow": "?", "yellow": "…"}


@dataclass(frozen=True, slots=True)
class Left:
    """A venue that the booking did not end at, and why in a few words."""

    venue: str
    why: str

    def __str__(self) -> str:
        return f"{self.venue}: {self.why}"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where one booking stands, in words for a person. No guest data.

    Attributes:
        label: The reseller's own name for the booking, else its id.
        names: What venues are called, by slug.
        venue: The name of the venue that is being tried or that has the booking.
        step: What happens right now; empty once the booking is settled.
        trouble: What went wrong at this venue so far, where that did not end the attempt.
        left: The venues that it fell back from, in order.
        channel: Where the venue's record was last read.
        cancel_pending: A cancellation was asked for and is not through.
    """

    booking_id: str
    label: str
    created_at: datetime
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    status: BookingStatus = BookingStatus.QUEUED
    cause: Cause | None = None
    venue: str | None = None
    venue_reference: str | None = None
    attempt: int = 0
    step: str = WAITING
    trouble: str | None = None
    left: tuple[Left, ...] = ()
    channel: str | None = None
    sentence: str | None = None
    cancel_pending: bool = False
    last_event: int = 0
    changed_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """True when nobody needs to wait any longer."""
        return self.status.settled and not self.cancel_pending

    def seconds(self, now: datetime) -> float:
        """How long it has taken so far, or took."""
        until = self.changed_at if self.settled and self.changed_at is not None else now
        return max(0.0, (until - self.created_at).total_seconds())

    @property
    def way(self) -> str:
        """The venues it came by: ``Osteria Luna: full → Trattoria Sole``."""
        steps = [str(left) for left in self.left]
        if self.venue is not None:
            steps.append(f"{self.venue}: {self.trouble}" if self.trouble else self.venue)
        return " → ".join(steps)


def begun(booking: BookingRecord, names: Mapping[str, str] | None = None) -> Progress:
    """A booking before any of its events was looked at."""
    label = booking.reseller_reference or booking.id
    return Progress(booking_id=booking.id, label=label, created_at=booking.created_at, names=names or {})


def fold(progress: Progress, event: EventRecord) -> Progress:
    """The progress after one more event. Pure; events that it does not know change nothing but the number."""
    seen = replace(progress, last_event=event.number, changed_at=event.at)
    group, _, kind = event.kind.partition(".")
    if group == "attempt":
        return _attempt(seen, kind, event)
    if event.kind == "verify.looked":
        return _looked(seen, event)
    if event.kind == "booking.cancel_requested":
        return replace(seen, cancel_pending=True, step="called off")
    if group == "booking" and kind in set(BookingStatus):
        return _status(seen, BookingStatus(kind))
    return seen


def told(progress: Progress, booking: BookingRecord, *, cancel_pending: bool) -> Progress:
    """The progress with what only the booking's row says: its status, sentence and reference."""
    return replace(
        progress,
        status=booking.status,
        cause=booking.cause,
        sentence=booking.sentence,
        venue_reference=booking.venue_reference,
        cancel_pending=cancel_pending,
        step="" if booking.status.settled and not cancel_pending else progress.step,
    )


def _attempt(seen: Progress, kind: str, event: EventRecord) -> Progress:
    said = event.payload
    match kind:
        case "started":
            name = seen.names.get(event.venue or "", event.venue)
            fresh = replace(_moved_on(seen), venue=name, attempt=event.attempt or 0, step="opening a visit")
            return replace(fresh, status=BookingStatus.ATTEMPTING)
        case "step":
            return replace(seen, step=STEPS.get(said.get("step", ""), said.get("step", "")))
        case "not_booked":
            return _moved_on(replace(seen, trouble=in_words(said.get("cause"))))
        case "claimed" | "refused" | "in_doubt":
            trouble = {"refused": SAID_NO, "in_doubt": ANSWER_LOST}.get(kind)
            return replace(seen, status=BookingStatus.VERIFYING, step=STEPS[Step.READ_BACK], trouble=trouble)
        case _:
            return seen


def _moved_on(seen: Progress) -> Progress:
    """The venue in hand becomes one that was left, if there is one."""
    if seen.venue is None:
        return seen
    this = Left(seen.venue, seen.trouble or "not booked")
    left = seen.left if this in seen.left[-1:] else (*seen.left, this)  # tried again and again: said once
    return replace(seen, venue=None, trouble=None, left=left, step="choosing the next venue")


def _looked(seen: Progress, event: EventRecord) -> Progress:
    verdict, trouble = event.payload.get("verdict", ""), seen.trouble
    if verdict == VerdictKind.NOT_FOUND and trouble is None:
        trouble = KEPT_NOTHING
    elif verdict == VerdictKind.MATCHED and trouble == KEPT_NOTHING:
        trouble = None
    step = _LOOKS.get(verdict, "its record cannot be read yet, looking again")
    return replace(seen, channel=event.payload.get("channel"), step=step, trouble=trouble)


def _status(seen: Progress, status: BookingStatus) -> Progress:
    ended_without = status in {BookingStatus.UNAVAILABLE, BookingStatus.FAILED, BookingStatus.EXPIRED}
    after = _moved_on(seen) if ended_without else seen
    pending = seen.cancel_pending and status is not BookingStatus.CANCELLED
    return replace(after, status=status, cancel_pending=pending, step="" if status.settled else after.step)


async def follow(
    ledger: Ledger,
    ids: Sequence[str],
    names: Mapping[str, str] | None = None,
    *,
    poll_s: float = 0.1,
    timeout_s: float | None = None,
) -> AsyncIterator[tuple[Progress, ...]]:
    """Yield all bookings, in the given order, now and after each change; end when all are settled or time is up.

    Whether time was up shows in the last value: not everything in it is settled.

    Args:
        ledger: Where they are.
        ids: The bookings.
        names: What venues are called, by slug (see ``venue_names``).
        poll_s: How often the ledger is asked.
        timeout_s: None waits as long as it takes.

    Raises:
        NoSuchBooking: One of the ids names nothing.
    """
    ends_at = None if timeout_s is None else time.monotonic() + timeout_s
    known: dict[str, Progress] = {}
    while True:
        before = dict(known)
        for booking_id in dict.fromkeys(ids):
            known[booking_id] = await _caught_up(ledger, booking_id, known.get(booking_id), names)
        if known != before:
            yield tuple(known[booking_id] for booking_id in ids)
        if all(progress.settled for progress in known.values()):
            return
        if ends_at is not None and time.monotonic() >= ends_at:
            return
        await asyncio.sleep(poll_s)


async def _caught_up(
    ledger: Ledger, booking_id: str, progress: Progress | None, names: Mapping[str, str] | None
) -> Progress:
    booking = await ledger.booking(booking_id)
    if progress is None:
        progress = begun(booking, names)
    if booking.last_event > progress.last_event:
        for event in await ledger.events(booking_id, after=progress.last_event):
            progress = fold(progress, event)
    pending = booking.cancel_requested_at is not None and any(
        wake_up.kind == "cancel" for wake_up in await ledger.wake_ups(booking_id)
    )
    return told(progress, booking, cancel_pending=pending)


def status_text(status: BookingStatus) -> Text:
    """A booking's status with a mark and a colour, the same everywhere."""
    style = _STYLES.get(status, "cyan")
    return Text(f"{_MARKS.get(style, '·')} {status.replace('_', ' ')}", style=style)


def live_table(bookings: Sequence[Progress], now: datetime | None = None) -> Table:
    """One row per booking: where it is, which step, why it fell back, how long so far. Reads well at 80 columns."""
    now = now or datetime.now(UTC)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", expand=True)
    table.add_column("booking", max_width=23, overflow="ellipsis", no_wrap=True)  # an id has 23
    table.add_column("status", no_wrap=True, min_width=15)  # the longest status, so that nothing moves
    table.add_column("where and what", ratio=1, overflow="fold")
    table.add_column("s", justify="right", no_wrap=True)
    for progress in bookings:
        table.add_row(
            Text(progress.label),
            status_text(progress.status),
            what_happens(progress),
            Text(f"{progress.seconds(now):.1f}", style="dim" if progress.settled else ""),
        )
    return table


def what_happens(progress: Progress) -> Text:
    """The venue and the step, or how it ended; under it, dim, the venues that it came by."""
    lines: list[Text] = []
    if progress.settled:
        lines.append(Text(progress.sentence or progress.status))
    elif progress.venue is not None:
        lines.append(Text(f"{progress.venue} · {progress.step}"))
    else:
        lines.append(Text(progress.step))
    came_by = [str(left) for left in progress.left]
    if progress.venue is not None and progress.trouble:
        came_by.append(f"{progress.venue}: {progress.trouble}")
    if progress.status is BookingStatus.CONFIRMED and progress.trouble:
        came_by.append("found by reading back")
    if came_by and not (progress.settled and progress.venue is None):
        lines.append(Text(" → ".join(came_by), style="dim"))
    return Text("\n").join(lines)


class LiveTable:
    """What a Rich ``Live`` shows: the last progress, with seconds that go on between two changes."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.bookings: Sequence[Progress] = ()
        self._clock = clock

    def __rich__(self) -> Table:
        return live_table(self.bookings, self._clock())
