"""A reseller's feed: every event of its bookings, in one order, numbered from 1 without a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from ledger.door_tables import feeds
from ledger.engine import Database
from ledger.events import COLUMNS
from ledger.records import EventRecord
from ledger.tables import events

_ROW = events.c


class Feed:
    """The feeds of a ledger; reads only.

    A position that was read once stays what it is, and none below it can appear later (``ledger.events``): whoever
    remembers the last one that it has seen loses nothing and sees nothing twice.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heads(self) -> Mapping[str, int]:
        """The position of the newest event, by reseller; one without events is not there."""
        return await self._database.read(lambda c: dict(c.execute(select(feeds.c.reseller, feeds.c.last)).all()))

    async def head(self, reseller: str) -> int:
        """The position of the reseller's newest event; 0 before the first."""
        return await self._database.read(lambda c: _head(c, reseller))

    async def page(
        self, reseller: str, after: int, limit: int, kinds: Sequence[str] | None = None
    ) -> list[EventRecord]:
        """The reseller's events after a position, in order; of these kinds only, where some are given."""
        return await self._database.read(lambda c: _page(c, reseller, after, limit, kinds))


def _head(connection: Connection, reseller: str) -> int:
    return connection.execute(select(feeds.c.last).where(feeds.c.reseller == reseller)).scalar_one_or_none() or 0


def _page(
    connection: Connection, reseller: str, after: int, limit: int, kinds: Sequence[str] | None
) -> list[EventRecord]:
    query = (
        select(*COLUMNS).where(_ROW.reseller == reseller, _ROW.position > after).order_by(_ROW.position).limit(limit)
    )
    if kinds is not None:
        query = query.where(_ROW.kind.in_(kinds))
    return [EventRecord(*row) for row in connection.execute(query)]
