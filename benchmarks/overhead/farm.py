"""`farm`: the embedded farm; an order is accepted by the ledger and answered when the ledger says confirmed."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import time as wall_clock
from pathlib import Path

from benchmarks.overhead.answering import Booker, answer_orders
from benchmarks.overhead.order import AT, COVERS, GUEST, PHONE, Order
from farm.facts import Guest, Party
from farm.identity import mint_code
from farm.request import Request, WantedSlot
from farm.status import BookingStatus
from ledger.store import Ledger
from tasks.embedded import EmbeddedFarm
from tasks.settings import Settings
from tools.overlay import Overlay, Standing

VENUE = "osteria_luna_here"
WATCH_S = 0.01
STATUS = "SELECT status, sentence, venue_reference FROM bookings WHERE id = ?"  # cheaper than the ledger's own way


def settings(folder: Path, origin: str, broker_url: str, *, load_all: bool) -> Settings:
    """A farm in this folder that knows one venue.

    Args:
        folder: Its state folder.
        origin: Where the venue stands.
        broker_url: Its broker.
        load_all: Leave nothing out of the pages, whatever the partner's profile says.
    """
    overlay = Overlay(folder / "overlay")
    overlay.add(Standing("osteria_luna/osteria_luna", VENUE, origin, "benchmark"))
    if load_all:
        (agreement,) = (folder / "overlay" / "partners").glob("*.toml")
        agreement.write_text(re.sub(r"^skip = .*$", "skip = []", agreement.read_text(), flags=re.MULTILINE))
    return overlay.settings(Settings(home=folder, broker_url=broker_url))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Booker]:
    """A booker that queues and waits."""
    farm = await asyncio.to_thread(EmbeddedFarm(settings).start)
    try:
        async with await Ledger.open(settings.ledger_url) as ledger:
            with closing(sqlite3.connect(settings.ledger_url.removeprefix("sqlite:///"))) as watch:

                async def book(order: Order) -> str:
                    return await _book(ledger, watch, order)

                yield book
    finally:
        await asyncio.to_thread(farm.stop)


async def _book(ledger: Ledger, watch: sqlite3.Connection, order: Order) -> str:
    """The venue's reference of the confirmed booking."""
    return _confirmed(watch, (await ledger.accept(request(order), mint_code())).booking.id)


def _confirmed(watch: sqlite3.Connection, booking_id: str) -> str:
    """Wait for the end of a booking. Blocks: nothing else runs here, and a loop's own waking up would be counted."""
    while True:
        status, sentence, code = watch.execute(STATUS, (booking_id,)).fetchone()
        if status == BookingStatus.CONFIRMED:
            return str(code)
        if BookingStatus(status).settled:
            raise AssertionError(f"{booking_id} is {status}: {sentence}")
        time.sleep(WATCH_S)


def request(order: Order) -> Request:
    """The order as a reseller's request."""
    at = wall_clock.fromisoformat(AT)
    return Request(
        guest=Guest(name=GUEST, email=order.email, phone=PHONE),
        party=Party(adults=COVERS),
        when=WantedSlot(date=order.day, earliest=wall_clock(19), latest=wall_clock(21, 30), preferred=at),
        venues=(VENUE,),
        note=order.note,
    )


if __name__ == "__main__":
    _, origin, folder, broker, *options = sys.argv
    answer_orders(lambda: opened(settings(Path(folder), origin, broker, load_all="load_all" in options)))
