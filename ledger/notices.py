"""What a partner's contact is told: written with the block that it is about, sent by whoever sends letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from farm.request import Clock
from ledger.engine import Database
from ledger.names import new_id
from ledger.partner_tables import notices

_ROW = notices.c
AGAIN_S = 300.0
"""When a letter that could not be sent is tried again, or one whose sender died; twice as long each further time."""
MOST_TRIES = 8


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What to tell, and whom.

    Attributes:
        venue: Where it happened.
        contact: As the partner's profile has it.
        evidence: The request, the answer, our identity. Never guest data.
    """

    venue: str
    contact: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """One notice.

    Attributes:
        until: How long the partner is left alone, unless it answers.
        tried_at, tries: Sending it.
        trouble: Why it was not sent.
    """

    id: str
    partner: str
    account: str
    venue: str
    at: datetime
    until: datetime
    contact: str
    evidence: Mapping[str, Any]
    tried_at: datetime | None
    tries: int
    sent_at: datetime | None
    trouble: str | None


_COLUMNS = [_ROW[field.name] for field in fields(NoticeRecord)]
_NEWEST = select(*_COLUMNS).order_by(_ROW.at.desc(), _ROW.id.desc()).limit(bindparam("most"))
_UNSENT = select(*_COLUMNS).where(_ROW.sent_at.is_(None), _ROW.tries < MOST_TRIES).order_by(_ROW.at)
_CLAIM = (
    update(notices)
    .where(_ROW.id == bindparam("which"), _ROW.sent_at.is_(None), _ROW.tries == bindparam("as_read"))
    .values(tries=_ROW.tries + 1, tried_at=bindparam("now"))
)
_SENT = update(notices).where(_ROW.id == bindparam("which")).values(sent_at=bindparam("now"), trouble=None)
_FAILED = update(notices).where(_ROW.id == bindparam("which")).values(trouble=bindparam("why"))


def put(
    connection: Connection,
    new: NewNotice,
    partner: str,
    account: str,
    now: datetime,
    until: datetime,
    random_bytes: Callable[[int], bytes],
) -> None:
    """Write a notice down, in the transaction of the block that it is about."""
    row = {
        "id": new_id("no", now, random_bytes),
        "partner": partner,
        "account": account,
        "venue": new.venue,
        "at": now,
        "until": until,
        "contact": new.contact,
        "evidence": new.evidence,
        "tries": 0,
    }
    connection.execute(insert(notices), row)


class Notices:
    """The notices of a ledger: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def newest(self, most: int = 50) -> list[NoticeRecord]:
        """The newest first."""
        return await self._database.read(lambda c: [NoticeRecord(*row) for row in c.execute(_NEWEST, {"most": most})])

    async def claim(self) -> NoticeRecord | None:
        """One that must be sent now, for this caller alone; None when there is none.

        One whose sender died after this is sent again, under the same id.
        """
        now = self._clock()
        return await self._database.write(lambda c: _claim(c, now))

    async def sent(self, notice_id: str) -> None:
        """Its letter was taken."""
        now = self._clock()
        await self._database.write(lambda c: c.execute(_SENT, {"which": notice_id, "now": now}))

    async def failed(self, notice_id: str, why: str) -> None:
        """Its letter was not taken; it is tried again later."""
        await self._database.write(lambda c: c.execute(_FAILED, {"which": notice_id, "why": why[:255]}))


def _claim(connection: Connection, now: datetime) -> NoticeRecord | None:
    for row in connection.execute(_UNSENT).all():
        notice = NoticeRecord(*row)
        wait = timedelta(seconds=AGAIN_S * 2 ** (notice.tries - 1)) if notice.tries else timedelta(0)
        due = notice.tried_at is None or now >= notice.tried_at + wait
        if due and connection.execute(_CLAIM, {"which": notice.id, "as_read": notice.tries, "now": now}).rowcount:
            return notice
    return None
