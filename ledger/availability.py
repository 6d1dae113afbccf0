"""What venues listed when a visit last searched them; a newer look takes the place of an older one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from farm.listing import Listing
from ledger.door_tables import availability
from ledger.engine import Database

MOST_A_DAY = 12
"""So many different questions are remembered of a venue's day, the newest ones."""

_ROW = availability.c


def _upsert(into: type[sqlite.Insert] | type[postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    new = into(availability)
    given = new.excluded
    return new.on_conflict_do_update(
        index_elements=[_ROW.venue, _ROW.day, _ROW.asked],
        set_={"listing": given.listing, "seen_at": given.seen_at},
        where=given.seen_at >= _ROW.seen_at,
    )


_KEEP = {"sqlite": _upsert(sqlite.Insert), "postgresql": _upsert(postgresql.Insert)}
_THERE = (_ROW.venue == bindparam("of_venue"), _ROW.day == bindparam("of_day"))
_NEWEST_FIRST = (_ROW.seen_at.desc(), _ROW.asked)
_TOO_MANY = delete(availability).where(
    *_THERE,
    _ROW.asked.not_in(select(_ROW.asked).where(*_THERE).order_by(*_NEWEST_FIRST).limit(MOST_A_DAY)),
)
_OF_DAY = select(_ROW.listing, _ROW.seen_at).where(*_THERE).order_by(*_NEWEST_FIRST)


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A list, and when it was looked at."""

    listing: Listing
    seen_at: datetime


class Availability:
    """Availability as last seen: each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, seen: Sequence[LastSeen]) -> None:
        """Write down what was listed, in the place of what was seen before."""
        await self._database.write(lambda c: _keep(c, seen))

    async def of_day(self, venue: str, day: date) -> list[LastSeen]:
        """What was last seen of a venue's day, newest first; one for each question that was asked."""
        return await self._database.read(lambda c: _of_day(c, venue, day))

    async def clear(self, before: date) -> int:
        """Forget the days that are over; how many lists went."""
        return await self._database.write(lambda c: c.execute(delete(availability).where(_ROW.day < before)).rowcount)


def _keep(connection: Connection, seen: Sequence[LastSeen]) -> None:
    for each in seen:
        listing = each.listing
        values = {
            "venue": listing.venue,
            "day": listing.day,
            "asked": _asked(listing),
            "listing": listing.model_dump_json(),
            "seen_at": each.seen_at,
        }
        connection.execute(_KEEP[connection.dialect.name], values)
        connection.execute(_TOO_MANY, {"of_venue": listing.venue, "of_day": listing.day})


def _of_day(connection: Connection, venue: str, day: date) -> list[LastSeen]:
    rows = connection.execute(_OF_DAY, {"of_venue": venue, "of_day": day})
    return [LastSeen(Listing.model_validate_json(row.listing), row.seen_at) for row in rows]


def _asked(listing: Listing) -> str:
    """The same for the same question, whatever was the answer and whichever hours were wanted."""
    question = listing.model_dump_json(include={"party", "nights", "service", "resource"})
    return hashlib.sha256(question.encode()).hexdigest()
