"""`python -m benchmarks ledger`: transactions whole on the ledger's own threads, against SQLAlchemy's AsyncEngine."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import TypeVar

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from farm.identity import mint_code
from farm.request import Request
from ledger.engine import Database, database_url, whole
from ledger.migrate import upgrade
from ledger.store import Ledger

T = TypeVar("T")

PURPOSE = "what a transaction of the ledger costs beside the same one through SQLAlchemy's AsyncEngine"
HELP = """\
The transactions of a booking's life (accepted, leased, ten events, two heartbeats, given back) on one database, two
ways in turn:

  threads  as the ledger does it: each transaction is run whole on a thread of the ledger's own
  async    the same statements through AsyncEngine (aiosqlite, or psycopg's asynchronous connections)

CPU is this process's. Ratios are medians over the rounds; trust those of one run. The last line is JSON.
"""
EVENTS = 10
HEARTBEATS = 2
TRANSACTIONS = 1 + 1 + EVENTS + HEARTBEATS + 1
REQUEST = Request.model_validate(
    {
        "guest": {"name": "Ada Rossi", "email": "ada@example.com"},
        "party": {"adults": 2},
        "when": {"date": date(2030, 6, 14).isoformat(), "earliest": "19:00", "latest": "21:00"},
        "venues": ["osteria_luna"],
    }
)


class AsyncDatabase(Database):
    """The same port, on an AsyncEngine."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        parsed = database_url(url)
        if parsed.get_backend_name() == "sqlite":
            parsed = parsed.set(drivername="sqlite+aiosqlite")
        self._async = create_async_engine(parsed)
        if self.dialect == "sqlite":
            event.listen(self._async.sync_engine, "connect", _as_the_ledger_has_it)
            event.listen(self._async.sync_engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))

    async def write(self, work: Callable[[Connection], T], patience_s: float | None = None) -> T:  # noqa: ARG002
        async with self._async.begin() as connection:
            return await connection.run_sync(lambda held: whole(held, work))

    async def close(self) -> None:
        await self._async.dispose()
        await super().close()


class AsyncLedger(Ledger):
    """The ledger on an AsyncEngine."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._database = AsyncDatabase(url)


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks ledger", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="of 20 bookings each (20)")
    parser.add_argument("--database", metavar="URL", help="an empty PostgreSQL database; else a SQLite file")
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error("--rounds must be at least 1")
    with tempfile.TemporaryDirectory(prefix="readback-bench-") as folder:
        url = given.database or f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        try:
            print(json.dumps(asyncio.run(_measure(url, given.rounds))))
        except (ArgumentError, SQLAlchemyError, ValueError, OSError) as error:
            print(f"failed: --database cannot be used: {error}", file=sys.stderr)
            return 1
    return 0


async def _measure(url: str, rounds: int) -> dict[str, object]:
    await upgrade(url)
    threads, through_async = Ledger(url), AsyncLedger(url)
    taken = []
    for number in range(rounds + 1):
        one = {"threads": await _sample(threads), "async": await _sample(through_async)}
        said = "   ".join(f"{name} {cpu:.2f} ms CPU, {wall:.2f} ms" for name, (cpu, wall) in one.items())
        print(f"round {number or 'of warming up'}: a transaction takes {said}", file=sys.stderr, flush=True)
        taken += [one] if number else []
    await threads.close()
    await through_async.close()
    return {
        "async_over_threads_cpu": round(median(r["async"][0] / r["threads"][0] for r in taken), 2),
        "async_over_threads_wall": round(median(r["async"][1] / r["threads"][1] for r in taken), 2),
        **{f"{name}_cpu_ms": round(median(r[name][0] for r in taken), 3) for name in ("threads", "async")},
        **{f"{name}_ms": round(median(r[name][1] for r in taken), 3) for name in ("threads", "async")},
        "database": make_url(url).get_backend_name(),
        "rounds": rounds,
    }


async def _sample(ledger: Ledger, bookings: int = 20) -> tuple[float, float]:
    """Milliseconds of CPU and of wall per transaction."""
    cpu_s, began = time.process_time(), time.monotonic()
    for _ in range(bookings):
        await _life(ledger)
    done = bookings * TRANSACTIONS / 1000
    return (time.process_time() - cpu_s) / done, (time.monotonic() - began) / done


async def _life(ledger: Ledger) -> None:
    booking = (await ledger.accept(REQUEST, mint_code())).booking
    lease = await ledger.take_lease(booking.id, "benchmark", 20.0)
    assert lease is not None
    for number in range(EVENTS):
        await ledger.note(booking.id, "attempt.step", 1, "osteria_luna", {"step": str(number)})
    for _ in range(HEARTBEATS):
        await ledger.extend_lease(lease, 20.0)
    await ledger.release_lease(lease)


def _as_the_ledger_has_it(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
