"""Waiting for a write to the ledger: anybody's, at once; and not longer than asked."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ledger.migrate import upgrade
from ledger.store import Ledger
from ledger.written import Written
from tests.ledger.lives import queued


@pytest.fixture
async def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    await upgrade(url)
    return url


async def test_a_write_of_another_connection_is_seen_once(url: str) -> None:
    async with await Ledger.open(url) as ledger:
        with Written(url) as written:
            assert written.wait(0)
            assert not written.wait(0.05)
            await queued(ledger)
            assert written.wait(0)
            assert not written.wait(0.05)


async def test_a_write_meanwhile_ends_the_waiting(url: str) -> None:
    async with await Ledger.open(url) as ledger:
        with Written(url) as written:
            written.wait(0)
            ended = threading.Event()
            waiting = threading.Thread(target=lambda: ended.set() if written.wait(20) else None)
            waiting.start()
            await queued(ledger)
            waiting.join(10)
            assert ended.is_set()


def test_where_the_database_cannot_tell_the_answer_is_yes_at_once() -> None:
    with Written("postgresql://nobody@127.0.0.1/none") as written:
        assert written.wait(0)
        assert written.wait(0)
