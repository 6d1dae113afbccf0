"""A farm without a browser, with a clock in the test's hand."""

from __future__ import annotations

import shutil

import pytest

from ledger.store import Ledger
from tasks.settings import Settings
from tests.databases import migrated_file
from tests.tasks.house import HandClock, House, farm_at

__all__ = ["migrated_file"]


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def house_farm(tmp_path, migrated_file, clock):
    """One worker at the house without pages."""
    shutil.copy(migrated_file, tmp_path / "ledger.sqlite3")
    settings = Settings(home=tmp_path, lease_s=20)
    async with await Ledger.open(settings.ledger_url, clock) as ledger:
        yield farm_at(House(), ledger, settings)
