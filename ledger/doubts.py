"""A reseller's bookings that wait for a person: those in doubt, and those with a record that is one too many."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, select

from farm.status import LIVE_STATES, BookingStatus
from ledger.bookings import COLUMNS, record
from ledger.records import BookingRecord
from ledger.tables import UNPROVEN, attempts, bookings

_ROW = bookings.c
LATE = select(attempts.c.booking_id).where(UNPROVEN, attempts.c.state.not_in(sorted(LIVE_STATES)))
"""The bookings with a late record that nobody could cancel."""


def page(connection: Connection, reseller: str, limit: int, after: str | None) -> list[BookingRecord]:
    """The oldest ones; ``after`` is the id of the last one that the caller has.

    Two queries, each from its own index: one with an ``OR`` would look at every booking of the reseller.
    """
    found: dict[str, BookingRecord] = {}
    kinds: tuple[ColumnElement[bool], ...] = (_ROW.status == BookingStatus.IN_DOUBT, _ROW.id.in_(LATE))
    for kind in kinds:
        query = select(*COLUMNS).where(_ROW.reseller == reseller, kind).order_by(_ROW.id).limit(limit)
        if after is not None:
            query = query.where(_ROW.id > after)
        rows = [record(row) for row in connection.execute(query)]
        found |= {row.id: row for row in rows}
    return [found[each] for each in sorted(found)][:limit]
