"""One way to a database, and one way to run a transaction on it.

A transaction is a plain function of a connection, run whole on a thread of the ledger's own: one hand-over per
transaction, and a cancelled caller cannot leave one half done. SQLAlchemy's AsyncEngine takes 2.7 times the CPU on
SQLite and 1.5 times on PostgreSQL for the same statements (``python -m benchmarks ledger``).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")

_BUSY_S = 15.0
_POSTGRESQL_CONNECTIONS = 8
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def database_url(url: str) -> URL:
    """The address with the driver that the ledger uses.

    Raises:
        ValueError: It is neither SQLite nor PostgreSQL.
    """
    parsed = make_url(url)
    driver = _DRIVERS.get(parsed.drivername.partition("+")[0])
    if driver is None:
        raise ValueError(f"the ledger lives in sqlite or postgresql, not in {parsed.drivername!r}")
    if driver.startswith("sqlite") and parsed.database in {None, "", ":memory:"}:
        raise ValueError("the ledger needs a file: `sqlite:///path/to/ledger.sqlite3`")
    return parsed.set(drivername=driver)


def make_engine(url: str, connections: int | None = None) -> Engine:
    """An engine for this address (``sqlite:///path`` or ``postgresql://...``)."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed, pool_size=connections or _POSTGRESQL_CONNECTIONS, max_overflow=0, pool_pre_ping=True
        )
    Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_size=connections or 1, max_overflow=0, connect_args={"timeout": _BUSY_S})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - tells the type checker what it is
    connection.isolation_level = None  # or Python's module begins transactions by itself, and DEFERRED ones
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _on_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """An engine with the threads that its transactions run on. Belongs to whoever opened it; close it."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self.dialect = self._engine.dialect.name
        if self.dialect == "sqlite":
            self._reader = self._engine.execution_options(writes=False)
        else:
            self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        threads = 1 if self.dialect == "sqlite" else _POSTGRESQL_CONNECTIONS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="ledger")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction: all of it is written, or (when it raises) nothing.

        A cancelled caller does not stop a transaction that has begun.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, which only reads. Each of its statements sees its own moment."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, work)

    async def close(self) -> None:
        """Let what has begun end, then close every connection."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._engine.dispose)

    def _transact(self, work: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    def _look(self, work: Callable[[Connection], T]) -> T:
        with self._reader.connect() as connection:
            return work(connection)
