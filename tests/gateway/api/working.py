"""A worker behind the door: it takes what is due of a booking, at a house without pages."""

from __future__ import annotations

from datetime import timedelta

from ledger.store import Ledger
from tasks.driving import drive
from tasks.settings import Settings
from tests.tasks.house import House, farm_at


async def worked_off(ledger: Ledger, settings: Settings, house: House, booking: str, within_s: float = 0) -> None:
    """Everything of it that is due within so long, as if its time had come."""
    farm = farm_at(house, ledger, settings)
    by = ledger.clock() + timedelta(seconds=within_s)
    for _ in range(20):
        due = [each for each in await ledger.wake_ups(booking) if each.due_at <= by]
        if not due:
            return
        await drive(farm, booking, due[0].kind)
    raise AssertionError("it has no end")
