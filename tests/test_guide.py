"""docs/writing-an-integration.md, done: its venues are booked and called off for real."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from farm.identity import mint_code
from farm.request import Request
from farm.status import BookingStatus
from farm.tier import Tier
from fixtures.kit.process import TwinProcess
from ledger.store import Ledger
from tasks.embedded import EmbeddedFarm
from tasks.settings import Settings
from tests.guide import REQUEST, hire, moved, site

__all__ = ["hire", "site"]

SETTLED_S = 30.0


@pytest.mark.e2e
@pytest.mark.browser
def test_both_venues_are_booked_and_called_off(tmp_path, hire):
    book, host = hire
    with TwinProcess.start("fixtures.osteria_luna", tmp_path / "twin", name="Locanda Mare", city="Rimini") as twin:
        folders = [
            moved("locanda", tmp_path, twin.origin.removeprefix("http://")),
            moved("quayside", tmp_path, host),
        ]
        settings = Settings(
            home=tmp_path / "home",
            integrations=":".join(str(folder / "integrations") for folder in folders),
            partners=":".join(str(folder / "partners") for folder in folders),
            least_tier=Tier.BRONZE,
        )
        with EmbeddedFarm(settings):
            wishes = [Request.model_validate_json((folder / REQUEST).read_text()) for folder in folders]
            locanda, boats = asyncio.run(book_and_call_off(settings, wishes))
        (table,) = twin.records()
    assert (table.code, table.status, table.people) == (locanda.venue_reference, "cancelled", 2)
    (boat,) = book.hires
    assert (boat.number, boat.status, boat.time) == (boats.venue_reference, "Called off", "12:00")
    assert [json.loads(one.verdict)["channel"] for one in (locanda, boats)] == ["guest_lookup", "my_boats"]


async def book_and_call_off(settings, wishes):
    async with await Ledger.open(settings.ledger_url) as ledger:
        ids = [(await ledger.accept(wish, mint_code())).booking.id for wish in wishes]
        confirmed = [await until(ledger, booking_id, BookingStatus.CONFIRMED) for booking_id in ids]
        for booking_id in ids:
            await ledger.request_cancel(booking_id)
        for booking_id in ids:
            await until(ledger, booking_id, BookingStatus.CANCELLED)
        return confirmed


async def until(ledger, booking_id, status):
    ends_at = time.monotonic() + SETTLED_S
    while (booking := await ledger.booking(booking_id)).status is not status:
        assert time.monotonic() < ends_at, (booking.status, booking.sentence)
        await asyncio.sleep(0.05)
    return booking
