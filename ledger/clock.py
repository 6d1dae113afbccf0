"""One clock for everybody who works on a ledger: leases and deadlines are judged by it, whatever a host's clock does.

On PostgreSQL it is the server's, asked at the start and now and then, and carried on by this process's monotonic
clock in between: a host whose clock is wrong, or jumps, is as right as the others. A SQLite ledger has one host, so
its wall clock is the same for all of them, also when it jumps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

_NOW = text("SELECT clock_timestamp()")
ASK_AGAIN_S = 60.0
"""Quartz drifts by less than a hundredth of a second in so long."""


class ServerClock:
    """The time of a database server, carried on by this process's monotonic clock.

    Args:
        steady_s: This process's monotonic clock.
    """

    def __init__(self, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._steady_s = steady_s
        self._asked: tuple[datetime, float] | None = None

    @property
    def is_old(self) -> bool:
        """True when the server should be asked again."""
        return self._asked is None or self._steady_s() - self._asked[1] >= ASK_AGAIN_S

    def ask(self, connection: Connection) -> None:
        """Ask the server. Its answer is half a round trip old when it comes."""
        began_s = self._steady_s()
        answer: datetime = connection.execute(_NOW).scalar_one()
        ended_s = self._steady_s()
        self._asked = answer + timedelta(seconds=(ended_s - began_s) / 2), ended_s

    def __call__(self) -> datetime:
        if self._asked is None:
            raise RuntimeError("the server was never asked for its time")
        answer, at_s = self._asked
        return (answer + timedelta(seconds=self._steady_s() - at_s)).astimezone(UTC)


def wall_clock() -> datetime:
    """This host's own clock."""
    return datetime.now(UTC)
