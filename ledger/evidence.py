"""What is kept of attempts: the rows; the bytes are in the store of evidence, under each row's key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, bindparam, delete, insert, select

from farm.evidence import Evidence
from ledger.door_tables import evidence
from ledger.engine import Database

_ROW = evidence.c
_OF_BOOKING = select(evidence).where(_ROW.booking_id == bindparam("booking")).order_by(_ROW.at, _ROW.id)
_BY_ID = select(evidence).where(_ROW.id == bindparam("item"))


class Kept:
    """The evidence of a ledger: each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, items: Sequence[Evidence]) -> None:
        """Write down what was seen, or why it was not."""
        rows = [item.model_dump() for item in items]
        await self._database.write(lambda c: c.execute(insert(evidence), rows))

    async def of_booking(self, booking_id: str) -> list[Evidence]:
        """All of a booking's, in the order in which it was seen."""
        return await self._database.read(
            lambda c: [_read(row) for row in c.execute(_OF_BOOKING, {"booking": booking_id})]
        )

    async def find(self, item_id: str) -> Evidence | None:
        """One item; None when there is none."""
        row = await self._database.read(lambda c: c.execute(_BY_ID, {"item": item_id}).one_or_none())
        return None if row is None else _read(row)

    async def forget(self, booking_ids: Sequence[str]) -> None:
        """Delete the rows of these bookings, once their bytes are gone."""
        await self._database.write(
            lambda c: c.execute(delete(evidence).where(_ROW.booking_id.in_(list(booking_ids))))
        )

    async def clear(self, before: datetime) -> int:
        """Delete the rows of what was seen before; how many went."""
        return await self._database.write(lambda c: c.execute(delete(evidence).where(_ROW.at < before)).rowcount)


def _read(row: Row[tuple[object, ...]]) -> Evidence:
    return Evidence.model_validate(row._asdict())
