"""Integrations that broke in their last check. A row stands until a check passes."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from farm.demotion import Demotion
from farm.request import Clock
from farm.tier import Tier
from ledger.engine import Database
from ledger.partner_tables import demotions

_ROW = demotions.c


def _upsert(into: type[sqlite.Insert] | type[postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    new = into(demotions)
    told = {name: new.excluded[name] for name in ("venue", "tier", "reason", "report")}
    return new.on_conflict_do_update(index_elements=[_ROW.integration], set_=told)


_DEMOTE = {"sqlite": _upsert(sqlite.Insert), "postgresql": _upsert(postgresql.Insert)}
_RESTORE = delete(demotions).where(_ROW.integration == bindparam("which"))
_ALL = select(demotions).order_by(_ROW.integration)


class Demotions:
    """What the ledger remembers of integrations: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> dict[str, Demotion]:
        """Every demotion, by integration."""
        return await self._database.read(_read)

    async def demote(
        self, integration: str, tier: Tier, reason: str, venue: str = "", report: str | None = None
    ) -> None:
        """An integration broke: it counts as ``tier`` until it passes. One that was demoted keeps its first day."""
        told = {"tier": tier, "reason": reason, "venue": venue, "report": report}
        row = told | {"integration": integration, "since": self._clock()}
        await self._database.write(lambda c: _write(c, row))

    async def restore(self, integration: str) -> bool:
        """An integration passed its check; False when it was not demoted."""
        return await self._database.write(lambda c: c.execute(_RESTORE, {"which": integration}).rowcount > 0)


def _write(connection: Connection, row: Mapping[str, object]) -> None:
    connection.execute(_DEMOTE[connection.dialect.name], row)


def _read(connection: Connection) -> dict[str, Demotion]:
    return {row.integration: Demotion(**row._asdict()) for row in connection.execute(_ALL)}
