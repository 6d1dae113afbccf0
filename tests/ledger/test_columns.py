"""Moments stay aware, and SQLite is set up to keep what it was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import StatementError

from ledger.engine import make_engine
from tests.ledger.lives import queued


async def test_moments_come_back_in_utc_whatever_zone_they_came_in(ledger):
    booking_id = await queued(ledger)
    rome = datetime(2026, 12, 4, 20, 0, 0, 123456, tzinfo=ZoneInfo("Europe/Rome"))
    await ledger.wake(booking_id, "verify", rome)
    (found,) = [w for w in await ledger.wake_ups(booking_id) if w.kind == "verify"]
    assert found.due_at == rome
    assert found.due_at.utcoffset() == timedelta(0)
    assert found.due_at.tzinfo is UTC


async def test_naive_moments_are_refused(ledger):
    booking_id = await queued(ledger)
    with pytest.raises(StatementError, match="naive"):
        await ledger.wake(booking_id, "verify", datetime(2026, 12, 4, 20))  # noqa: DTZ001 - that is the point


async def test_sqlite_writes_through_and_waits_for_its_turn(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'ledger.sqlite3'}")
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000}
