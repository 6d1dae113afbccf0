"""A ledger that is away for a moment decides nothing: no attempt is given up, and no lease before its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from farm.phases import Step
from farm.status import BookingStatus
from ledger.errors import LeaseLost
from tasks import working
from tasks.driving import drive
from tasks.working import LedgerJournal, lease_on

AWAY = OperationalError("UPDATE", {}, Exception("the database is away"))


@pytest.fixture
def farm(house_farm):
    return replace(house_farm, settings=house_farm.settings.model_copy(update={"lease_s": 1.2}))


def away(monkeypatch, farm, method, for_calls=10**6):
    """The ledger's method fails so many times, then works again; the calls that came are counted."""
    works, calls = getattr(farm.ledger, method), []

    async def fails(*arguments, **named):
        calls.append(method)
        if len(calls) <= for_calls:
            raise AWAY
        return await works(*arguments, **named)

    monkeypatch.setattr(farm.ledger, method, fails)
    return calls


async def test_the_heart_outlives_a_ledger_that_is_away_for_less_than_the_lease(farm, monkeypatch):
    booking_id = await farm.queue()
    calls = away(monkeypatch, farm, "extend_lease", for_calls=2)
    async with lease_on(farm, booking_id) as lease:
        assert lease is not None
        await asyncio.sleep(1.5 * farm.settings.lease_s)
    assert len(calls) >= 4
    assert (await farm.ledger.booking(booking_id)).lease_owner is None


@pytest.mark.parametrize("hangs", [False, True])
async def test_work_ends_with_a_lease_that_could_not_be_extended(farm, monkeypatch, hangs):
    booking_id = await farm.queue()
    away(monkeypatch, farm, "extend_lease")
    if hangs:
        monkeypatch.setattr(farm.ledger, "extend_lease", lambda lease, lease_s: asyncio.Event().wait())
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with lease_on(farm, booking_id):
        await asyncio.sleep(30)
    assert loop.time() - began == pytest.approx(farm.settings.lease_s, abs=0.5)


async def test_a_lease_that_cannot_be_given_back_hides_nothing(farm, monkeypatch):
    booking_id = await farm.queue()
    away(monkeypatch, farm, "release_lease")
    async with lease_on(farm, booking_id):
        pass
    with pytest.raises(ZeroDivisionError):
        async with lease_on(replace(farm, owner="other"), await farm.queue()):
            raise ZeroDivisionError


@pytest.mark.parametrize("hangs", [False, True])
async def test_progress_that_cannot_be_written_costs_no_booking(farm, monkeypatch, hangs):
    booking_id = await farm.queue()
    monkeypatch.setattr(working, "SIDE_WRITE_S", 0.05)
    away(monkeypatch, farm, "note")
    if hangs:
        monkeypatch.setattr(farm.ledger, "note", lambda *_: asyncio.Event().wait())
    await drive(farm, booking_id, "book")
    assert (await farm.ledger.booking(booking_id)).status is BookingStatus.CONFIRMED
    (attempt,) = await farm.ledger.attempts(booking_id)
    assert "submit" in [stage.stage for stage in attempt.stages]


async def test_what_goes_wrong_in_a_step_is_not_hidden_by_its_journal(farm, monkeypatch):
    away(monkeypatch, farm, "note")
    booking_id = await farm.queue()
    lease = await farm.ledger.take_lease(booking_id, "test", 30)
    begun = await farm.ledger.start_attempt(lease, "osteria_luna", lambda number: f"RB-0000000000-{number}")
    journal = LedgerJournal(farm.ledger, lease, begun)
    with pytest.raises(LeaseLost):
        async with journal.stage(Step.SEARCH):
            raise LeaseLost
