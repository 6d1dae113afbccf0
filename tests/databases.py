"""Both databases for tests: a file, and a real PostgreSQL from a wheel that ends with the test run.

Use: ``from tests.databases import database_url, ledger_url, ...`` in a ``conftest.py`` (all five fixtures).
"""

from __future__ import annotations

import asyncio
import shutil

import pytest

from benchmarks.postgresql import PostgreSQL
from ledger.migrate import upgrade


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
