"""How many bookings and attempts of a stretch of time stand where: what rates are computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, true

from farm.status import AttemptState, BookingStatus, Cause
from ledger.engine import Database
from ledger.names import first_id
from ledger.tables import attempts, bookings

_ROW = bookings.c
_TRIED = attempts.c


@dataclass(frozen=True, slots=True)
class Window:
    """The bookings that were accepted in a stretch of time.

    Attributes:
        since: That moment is in.
        until: That moment is out.
        reseller: Those of this one; None: everybody's.
    """

    since: datetime
    until: datetime
    reseller: str | None = None


@dataclass(frozen=True, slots=True)
class BookingTally:
    """So many bookings of a reseller stand so."""

    reseller: str
    status: BookingStatus
    cause: Cause | None
    count: int


@dataclass(frozen=True, slots=True)
class AttemptTally:
    """So many attempts at a venue stand so."""

    venue: str
    state: AttemptState
    cause: Cause | None
    count: int


class Tallies:
    """Counts over a window; reads only, and no more rows than the window has."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bookings(self, window: Window) -> list[BookingTally]:
        """The bookings of the window, by reseller, status and cause."""
        return await self._database.read(lambda c: _bookings(c, window))

    async def attempts(self, window: Window) -> list[AttemptTally]:
        """The attempts of the bookings of the window, by venue, state and cause."""
        return await self._database.read(lambda c: _attempts(c, window))


def _bookings(connection: Connection, window: Window) -> list[BookingTally]:
    place = (_ROW.reseller, _ROW.status, _ROW.cause)
    query = select(*place, func.count()).where(*_inside(window)).group_by(*place)
    return [BookingTally(*row) for row in connection.execute(query)]


def _attempts(connection: Connection, window: Window) -> list[AttemptTally]:
    query = _joined(*_inside(window)) if connection.dialect.name == "sqlite" else _looked_up(*_inside(window))
    return [AttemptTally(*row) for row in connection.execute(query)]


def _joined(*inside: ColumnElement[bool]) -> Select[Any]:
    """SQLite goes from each booking to its attempts, for it knows no other way."""
    place = (_TRIED.venue, _TRIED.state, _TRIED.cause)
    from_booking = select(*place, func.count()).join_from(bookings, attempts, _TRIED.booking_id == _ROW.id)
    return from_booking.where(*inside).group_by(*place)


def _looked_up(*inside: ColumnElement[bool]) -> Select[Any]:
    """The same way for PostgreSQL, which would read all attempts there are; the OFFSET keeps it from doing so."""
    of_one = select(_TRIED.venue, _TRIED.state, _TRIED.cause).where(_TRIED.booking_id == _ROW.id)
    tried = of_one.correlate(bookings).offset(0).lateral("tried")
    place = (tried.c.venue, tried.c.state, tried.c.cause)
    return select(*place, func.count()).select_from(bookings.join(tried, true())).where(*inside).group_by(*place)


def _inside(window: Window) -> Iterator[ColumnElement[bool]]:
    yield _ROW.created_at >= window.since
    yield _ROW.created_at < window.until
    if window.reseller is not None:
        yield _ROW.reseller == window.reseller
        return
    # Ids sort by time, to the millisecond, and have an index; the moment itself is exact.
    yield _ROW.id >= first_id("bk", _ms(window.since))
    yield _ROW.id < first_id("bk", _ms(window.until) + 1)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
