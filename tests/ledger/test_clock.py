"""One clock for everybody who works on a ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.clock import ASK_AGAIN_S, ServerClock
from ledger.store import Ledger

NOON = datetime(2029, 1, 1, 12, tzinfo=UTC)


class Server:
    """A server that says the time it is told to, and how long the answer takes."""

    def __init__(self) -> None:
        self.now, self.steady_s, self.takes_s, self.asked = NOON, 1000.0, 0.0, 0

    def execute(self, _statement):
        self.asked += 1
        self.steady_s += self.takes_s
        return self

    def scalar_one(self):
        return self.now


def test_it_is_the_servers_whatever_this_host_believes():
    server: Any = Server()
    clock = ServerClock(lambda: server.steady_s)
    with pytest.raises(RuntimeError):
        clock()
    clock.ask(server)
    assert clock() == NOON
    server.steady_s += 30
    assert clock() == NOON + timedelta(seconds=30)
    assert not clock.is_old
    server.steady_s += ASK_AGAIN_S
    assert clock.is_old


def test_a_slow_answer_is_half_its_way_old():
    server: Any = Server()
    server.takes_s = 2.0
    clock = ServerClock(lambda: server.steady_s)
    clock.ask(server)
    assert clock() == NOON + timedelta(seconds=1)


async def test_a_ledger_on_a_server_has_the_servers_clock(ledger_url, monkeypatch):
    async with await Ledger.open(ledger_url) as ledger:
        if not ledger_url.startswith("postgresql"):
            assert abs(ledger.clock() - datetime.now(UTC)) < timedelta(seconds=5)
            return
        assert isinstance(ledger.clock, ServerClock)
        before = ledger.clock()

        class Jumped(datetime):
            @classmethod
            def now(cls, tz=None):
                return NOON + timedelta(days=9999)

        monkeypatch.setattr("ledger.clock.datetime", Jumped)
        assert timedelta(0) <= ledger.clock() - before < timedelta(seconds=30)
