"""Any number of processes may bring an empty database up at once, and the tables are those of the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import ledger
from ledger.engine import database_url as with_driver
from ledger.engine import make_engine
from ledger.migrate import HEAD, revision, upgrade
from ledger.schema import metadata

UPGRADE = "import asyncio, sys; from ledger.migrate import upgrade; asyncio.run(upgrade(sys.argv[1]))"
AGAIN = f"{UPGRADE}; sys.exit('alembic' in sys.modules)"


def test_processes_that_start_at_once_make_one_ledger_in_silence(database_url):
    command = [sys.executable, "-c", UPGRADE, database_url]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(4)
    ]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert said == [""] * 4
    assert [process.returncode for process in running] == [0] * 4
    _is_at_head(database_url)


def test_an_upgrade_with_nothing_to_do_does_not_even_load_alembic(ledger_url):
    _is_at_head(ledger_url)
    done = subprocess.run([sys.executable, "-c", AGAIN, ledger_url], check=False, timeout=60)
    assert done.returncode == 0


async def test_the_migrations_make_the_tables_of_the_code(ledger_url):
    engine = make_engine(ledger_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_known_head_is_the_newest_migration():
    folder = Path(ledger.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD


async def test_a_migration_that_fails_leaves_nothing(database_url, monkeypatch):
    from alembic import command

    def half(config, _revision):
        connection = config.attributes["connection"]
        connection.exec_driver_sql("CREATE TABLE half_done (id INTEGER)")
        raise RuntimeError("the machine went away")

    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", half)
        with pytest.raises(RuntimeError, match="went away"):
            await upgrade(database_url)
    await upgrade(database_url)
    engine = make_engine(database_url)
    assert not engine.dialect.has_table(engine.connect(), "half_done")
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://somewhere/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url):
    with pytest.raises(ValueError, match="ledger"):
        with_driver(url)


def _is_at_head(url):
    engine = make_engine(url)
    with engine.connect() as connection:
        assert revision(connection) == HEAD
    engine.dispose()
