"""Log-ins that are kept, and who uses an account now: over all workers, one logs in at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from farm.entry import AccountAt, KeptLogIn
from farm.request import Clock
from ledger.engine import Database
from ledger.partner_tables import account_leases, log_ins

_KEPT = log_ins.c
_LEASE = account_leases.c
_AT = (
    _KEPT.partner == bindparam("at_partner"),
    _KEPT.role == bindparam("at_role"),
    _KEPT.venue == bindparam("at_venue"),
)
LOG_IN = 0
"""The place of who logs in; the visits' are counted from 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """The right to use an account, until its time runs out or it is given back."""

    partner: str
    role: str
    number: int
    holder: str


def _take(into: type[sqlite.Insert] | type[postgresql.Insert]) -> ReturningInsert[tuple[int]]:
    new = into(account_leases)
    return new.on_conflict_do_update(
        index_elements=[_LEASE.partner, _LEASE.role, _LEASE.place],
        set_={"holder": new.excluded.holder, "until": new.excluded.until},
        where=_LEASE.until <= bindparam("now", type_=_LEASE.until.type),
    ).returning(_LEASE.place)


def _keep(into: type[sqlite.Insert] | type[postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    new = into(log_ins)
    told = {name: new.excluded[name] for name in ("number", "sealed", "account", "since")}
    return new.on_conflict_do_update(index_elements=[_KEPT.partner, _KEPT.role, _KEPT.venue], set_=told)


_TAKES = {"sqlite": _take(sqlite.Insert), "postgresql": _take(postgresql.Insert)}
_KEEPS = {"sqlite": _keep(sqlite.Insert), "postgresql": _keep(postgresql.Insert)}
_GIVE_BACK = delete(account_leases).where(
    _LEASE.partner == bindparam("of_partner"),
    _LEASE.role == bindparam("of_role"),
    _LEASE.place == bindparam("of_place"),
    _LEASE.holder == bindparam("of_holder"),
)
_FIND = select(_KEPT.number, _KEPT.sealed, _KEPT.account, _KEPT.since).where(*_AT)
_DROP = update(log_ins).where(*_AT, _KEPT.number == bindparam("which")).values(sealed=None)


class Sessions:
    """What the ledger remembers of accounts: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def kept(self, at: AccountAt) -> KeptLogIn | None:
        """The last log-in there, unless it was dropped."""
        return await self._database.read(lambda c: _find(c, at))

    async def keep(self, at: AccountAt, account: str, seal: Callable[[int], bytes]) -> int:
        """Keep a log-in in place of the last one. ``seal`` gives its state, bound to the number that it gets here."""
        now = self._clock()
        return await self._database.write(lambda c: _keep_log_in(c, at, account, seal, now))

    async def drop(self, at: AccountAt, number: int) -> None:
        """Forget this log-in; a later one stays."""
        await self._database.write(lambda c: c.execute(_DROP, {**_named(at), "which": number}))

    async def take(self, partner: str, role: str, places: Iterable[int], lasts_s: float) -> Place | None:
        """The first free one of these places, for so long; None when others have them all."""
        now = self._clock()
        until, holder = now + timedelta(seconds=lasts_s), secrets.token_hex(16)
        return await self._database.write(lambda c: _first_free(c, partner, role, places, holder, now, until))

    async def give_back(self, place: Place) -> None:
        """Free a place; quietly nothing if its time ran out and somebody else has it."""
        which = {
            "of_partner": place.partner,
            "of_role": place.role,
            "of_place": place.number,
            "of_holder": place.holder,
        }
        await self._database.write(lambda c: c.execute(_GIVE_BACK, which))


def _named(at: AccountAt) -> dict[str, object]:
    return {"at_partner": at.partner, "at_role": at.role, "at_venue": at.venue}


def _find(connection: Connection, at: AccountAt) -> KeptLogIn | None:
    row = connection.execute(_FIND, _named(at)).one_or_none()
    return None if row is None or row.sealed is None else KeptLogIn(*row)


def _keep_log_in(
    connection: Connection, at: AccountAt, account: str, seal: Callable[[int], bytes], now: datetime
) -> int:
    last = connection.execute(_FIND, _named(at)).one_or_none()
    number = 1 if last is None else last.number + 1
    row = {"partner": at.partner, "role": at.role, "venue": at.venue, "number": number}
    values = row | {"sealed": seal(number), "account": account, "since": now}
    connection.execute(_KEEPS[connection.dialect.name], values)
    return int(number)


def _first_free(
    connection: Connection,
    partner: str,
    role: str,
    places: Iterable[int],
    holder: str,
    now: datetime,
    until: datetime,
) -> Place | None:
    for number in places:
        values = {"partner": partner, "role": role, "place": number, "holder": holder, "until": until, "now": now}
        if connection.execute(_TAKES[connection.dialect.name], values).one_or_none() is not None:
            return Place(partner, role, number, holder)
    return None
