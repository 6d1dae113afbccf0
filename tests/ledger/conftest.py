"""A ledger on both databases, with a clock in the test's hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.store import Ledger
from tests.databases import database_url, ledger_url, migrated_database, migrated_file, postgresql

__all__ = ["database_url", "ledger_url", "migrated_database", "migrated_file", "postgresql"]


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def ledger(ledger_url, clock):
    async with await Ledger.open(ledger_url, clock) as ledger:
        yield ledger


@pytest.fixture
async def others(ledger_url, clock):
    """Five more workers' connections to the same ledger."""
    opened = [await Ledger.open(ledger_url, clock) for _ in range(5)]
    yield opened
    for other in opened:
        await other.close()
