"""Brings a database up to the tables of this version, before anything else uses it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from ledger.engine import make_engine

HEAD = "0011"
"""The newest revision in ``migrations/versions``; known here so that a start-up need not load Alembic."""

_LOCK = 4_733_201_906_118  # any number, the same in every version of this code


async def upgrade(url: str) -> None:
    """Bring the ledger at ``url`` to this version. Call it at every start: it is quick when all is done.

    Several processes may call it at once; one does the work and the others wait for it.
    """
    await asyncio.to_thread(_upgrade, url)


def revision(connection: Connection) -> str | None:
    """The revision that the database is at, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(url: str) -> None:
    engine = make_engine(url, connections=1)
    try:
        with engine.execution_options(writes=False).connect() as connection:
            if revision(connection) == HEAD:
                return
        _run_migrations(engine)
    finally:
        engine.dispose()


def _run_migrations(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - takes longer to load than an upgrade with nothing to do
    from alembic.config import Config  # noqa: PLC0415 - as above

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # another's migration may take its time
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
