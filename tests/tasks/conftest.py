"""A farm without a browser, with a clock in the test's hand."""

from __future__ import annotations

import shutil

import pytest

from farm.rules import ChangeRule
from ledger.store import Ledger
from tasks.settings import Settings
from tests.databases import migrated_file
from tests.tasks.house import VENUES, HandClock, House, farm_at

__all__ = ["migrated_file"]

CHANGE = ChangeRule(url="{origin}/la-mia-prenotazione/modifica", kind="document", deadline_s=10)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def house_farm(tmp_path, migrated_file, clock):
    """One worker at the house without pages."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    settings = Settings(home=tmp_path, lease_s=20)
    async with await Ledger.open(settings.ledger_url, clock) as ledger:
        farm = farm_at(House(), ledger, settings)
        yield farm
        await farm.afterwards.drain()


@pytest.fixture
def two(house_farm):
    """Two houses, each with a book of its own."""
    house_farm.house.elsewhere = {slug: House() for slug in VENUES}
    house_farm.declares(change=CHANGE)
    return house_farm
