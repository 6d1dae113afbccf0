"""Log-ins ahead of an opening. A row is the work; the message that a relay makes of it is a hint."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from farm.entry import AccountAt
from farm.request import Clock
from ledger.engine import Database
from ledger.names import new_id
from ledger.partner_tables import warm_ups

_ROW = warm_ups.c
_KEY = [_ROW.partner, _ROW.role, _ROW.venue, _ROW.opens_at]


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A log-in that shall be there when a venue opens its sale."""

    id: str
    partner: str
    role: str
    venue: str
    opens_at: datetime
    due_at: datetime
    done_at: datetime | None

    @property
    def at(self) -> AccountAt:
        """Which account, where."""
        return AccountAt(self.partner, self.role, self.venue)


_COLUMNS = [_ROW[field.name] for field in fields(WarmUp)]
_PLANS = {
    "sqlite": sqlite.insert(warm_ups).on_conflict_do_nothing(index_elements=_KEY),
    "postgresql": postgresql.insert(warm_ups).on_conflict_do_nothing(index_elements=_KEY),
}
_FIND = select(*_COLUMNS).where(_ROW.id == bindparam("which"))
_DONE = update(warm_ups).where(_ROW.id == bindparam("which"), _ROW.done_at.is_(None)).values(done_at=bindparam("now"))
_PICK = (
    update(warm_ups)
    .where(
        _ROW.done_at.is_(None),
        _ROW.due_at <= bindparam("now"),
        _ROW.opens_at > bindparam("now"),
        or_(_ROW.sent_at.is_(None), _ROW.sent_at <= bindparam("sent_before", type_=_ROW.sent_at.type)),
    )
    .values(sent_at=bindparam("now"))
    .returning(_ROW.id)
)


class WarmUps:
    """What the ledger remembers of openings: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def plan(self, openings: Sequence[tuple[AccountAt, datetime, datetime]]) -> None:
        """Plan a log-in for each account, opening and due time; what is planned already stays as it is."""
        now = self._clock()
        rows = [
            {
                "id": new_id("wu", now, secrets.token_bytes),
                "partner": at.partner,
                "role": at.role,
                "venue": at.venue,
                "opens_at": opens_at,
                "due_at": due_at,
            }
            for at, opens_at, due_at in openings
            if opens_at > now
        ]
        if rows:
            await self._database.write(lambda c: c.execute(_PLANS[c.dialect.name], rows))

    async def due(self, resend_after_s: float) -> list[str]:
        """Take what must be sent now: due, unsent or sent long ago, and the venue has not opened yet."""
        now = self._clock()
        asked = {"now": now, "sent_before": now - timedelta(seconds=resend_after_s)}
        return await self._database.write(lambda c: [row.id for row in c.execute(_PICK, asked)])

    async def find(self, warm_up_id: str) -> WarmUp | None:
        """The warm-up of this id."""
        return await self._database.read(lambda c: _find(c, warm_up_id))

    async def done(self, warm_up_id: str) -> None:
        """The log-in is there."""
        now = self._clock()
        await self._database.write(lambda c: c.execute(_DONE, {"which": warm_up_id, "now": now}))


def _find(connection: Connection, warm_up_id: str) -> WarmUp | None:
    row = connection.execute(_FIND, {"which": warm_up_id}).one_or_none()
    return None if row is None else WarmUp(*row)
