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
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from ledger import events
from ledger.errors import Busy

T = TypeVar("T")

_BUSY_S = 15.0
_REST_S = 3.0
"""How long to wait for a moment in which nobody uses the file."""
_POSTGRESQL_CONNECTIONS = 8
_CONNECT_S = 5
_ANSWER_S = 10
"""A server that says nothing for so long is away: half a lease, so that the heart can still try again."""
_LOCK_NOT_AVAILABLE = "55P03"
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
    """An engine for this address (``sqlite:///path`` or ``postgresql://...``). Its errors show no values."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            _bounded(parsed),
            pool_size=connections or _POSTGRESQL_CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
            pool_use_lifo=True,  # the server process that was asked last has everything at hand
            hide_parameters=True,
        )
        event.listen(engine, "handle_error", _on_error)
        event.listen(engine, "begin", _on_postgresql_begin)
        return engine
    Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        pool_size=connections or 1,
        max_overflow=0,
        connect_args={"timeout": _BUSY_S},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _bounded(url: URL) -> URL:
    """The address with a limit on everything that a server, or the way to it, may keep us waiting for.

    What the address itself sets stays as it is.
    """
    answer_ms = _ANSWER_S * 1000
    limits = {
        "connect_timeout": str(_CONNECT_S),
        "keepalives_idle": str(_ANSWER_S // 2),
        "keepalives_interval": "2",
        "keepalives_count": "3",
        "tcp_user_timeout": str(answer_ms),
        "options": f"-c statement_timeout={answer_ms} -c idle_in_transaction_session_timeout={answer_ms}",
    }
    return url.update_query_dict({**limits, **url.query})


def _on_error(context: ExceptionContext) -> None:
    """Cut PostgreSQL's words after their first line: the next ones show the row that it refused."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0],)


def _on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - tells the type checker what it is
    connection.isolation_level = None  # or Python's module begins transactions by itself, and DEFERRED ones
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _on_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("writes", True):
        return
    patience_s = options.get("patience_s")
    if patience_s is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={patience_s * 1000:.0f}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_S * 1000:.0f}")


def _on_postgresql_begin(connection: Connection) -> None:
    patience_s = connection.get_execution_options().get("patience_s")
    if patience_s is not None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience_s * 1000:.0f}")


def _is_locked(error: OperationalError) -> bool:
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def whole(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Do all that one transaction does: the work, and last the events that it has appended."""
    events.begin(connection)
    answer = work(connection)
    events.write(connection)
    return answer


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

    async def write(self, work: Callable[[Connection], T], patience_s: float | None = None) -> T:
        """Run ``work`` in one transaction: all of it is written, or (when it raises) nothing.

        A cancelled caller does not stop a transaction that has begun.

        Args:
            work: Reads and writes.
            patience_s: How long to wait for what another transaction has locked; None: as long as for any answer.

        Raises:
            Busy: The lock was not free in time.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work, patience_s)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, which only reads. Each of its statements sees its own moment."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, work)

    async def compact(self) -> bool:
        """Let the database's files keep nothing that was overwritten; False when others were in the way."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._compact)

    async def close(self) -> None:
        """Let what has begun end, then close every connection."""
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._engine.dispose)

    def _transact(self, work: Callable[[Connection], T], patience_s: float | None) -> T:
        if patience_s is None:
            return self._begun(self._engine, work)
        try:
            return self._begun(self._engine.execution_options(patience_s=patience_s), work)
        except OperationalError as error:
            if _is_locked(error):
                raise Busy from error
            raise

    def _begun(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        with engine.begin() as connection:
            return whole(connection, work)

    def _look(self, work: Callable[[Connection], T]) -> T:
        with self._reader.connect() as connection:
            return work(connection)

    def _compact(self) -> bool:
        if self.dialect == "postgresql":
            try:
                with self._reader.connect() as connection:
                    connection.exec_driver_sql("VACUUM bookings, attempts")
            except DBAPIError:  # it takes longer than any answer may
                return False
            return True
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_REST_S * 1000:.0f}")
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            said = cursor.fetchone()
            cursor.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000:.0f}")
            cursor.close()
        except sqlite3.OperationalError:  # somebody else is reading or writing
            return False
        finally:
            raw.close()
        return said is not None and said[0] == 0
