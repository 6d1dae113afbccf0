"""Where the farm's time goes: the moments between the events of its bookings."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from statistics import median

from farm.status import BookingStatus
from ledger.records import EventRecord
from ledger.store import Ledger


async def timeline(ledger_url: str, newest: int) -> list[str]:
    """The median milliseconds from each event to the next one, over the newest confirmed bookings."""
    spans: dict[str, list[float]] = defaultdict(list)
    async with await Ledger.open(ledger_url) as ledger:
        for booking in await ledger.bookings(limit=newest, status=BookingStatus.CONFIRMED):
            for earlier, later in pairwise(await ledger.events(booking.id)):
                took_s = (later.at - earlier.at).total_seconds()
                spans[f"{_named(earlier)} to {_named(later)}"].append(took_s * 1000)
    lines = ["the farm's bookings, ms from event to event"]
    return lines + [f"  {name:44}{median(took):8.0f}" for name, took in spans.items()]


def _named(event: EventRecord) -> str:
    return str(event.payload["step"]) if event.kind == "attempt.step" else event.kind.partition(".")[2]
