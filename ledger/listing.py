"""A reseller's own bookings, a page at a time, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from farm.status import BookingStatus
from ledger.bookings import COLUMNS, record
from ledger.names import first_id
from ledger.records import BookingRecord
from ledger.tables import bookings

_ROW = bookings.c


@dataclass(frozen=True, slots=True)
class Which:
    """Which bookings of a reseller.

    Attributes:
        statuses: Those in any of them; none given: in every one.
        venue: Where they are booked, or being booked.
        created_since: That moment is in.
        created_before: That moment is out.
    """

    reseller: str
    statuses: tuple[BookingStatus, ...] = ()
    venue: str | None = None
    reseller_reference: str | None = None
    created_since: datetime | None = None
    created_before: datetime | None = None


def page(connection: Connection, which: Which, limit: int, after: str | None) -> list[BookingRecord]:
    """The newest ones of these; ``after`` is the id of the last one that the caller has."""
    query = select(*COLUMNS).where(*_conditions(which)).order_by(_ROW.id.desc()).limit(limit)
    if after is not None:
        query = query.where(_ROW.id < after)
    return [record(row) for row in connection.execute(query)]


def _conditions(which: Which) -> Iterator[ColumnElement[bool]]:
    yield _ROW.reseller == which.reseller
    if which.statuses:
        yield _ROW.status.in_(which.statuses)
    if which.venue is not None:
        yield _ROW.venue == which.venue
    if which.reseller_reference is not None:
        yield _ROW.reseller_reference == which.reseller_reference
    # Ids sort by time, to the millisecond, and have an index; the moment itself is exact.
    if which.created_since is not None:
        yield _ROW.id >= first_id("bk", _ms(which.created_since))
        yield _ROW.created_at >= which.created_since
    if which.created_before is not None:
        yield _ROW.id < first_id("bk", _ms(which.created_before) + 1)
        yield _ROW.created_at < which.created_before


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
