"""What is known of each partner's tolerance: read before each visit, told after each, by any number of workers.

Every row has a version, and a write counts only where nobody else wrote since it was read: else it is read again and
learned anew, so that no worker undoes what another has learned.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from farm.learning import learn
from farm.request import Clock
from farm.tolerance import Bounds, Breaker, Go, Met, Tolerance, Wait, ask, fitted, fresh, go_on
from ledger import notices
from ledger.engine import Database
from ledger.notices import NewNotice
from ledger.partner_tables import tolerances

A = TypeVar("A")

WHOLE = ""
"""The account of a partner's own row: every visit counts there, whoever makes it."""
_MOST_READINGS = 200
"""Each that was in vain let somebody else write: more than this is no crowd, but a bug."""
_ROW = tolerances.c
_KNOWN = TypeAdapter(Tolerance)
_ALL = select(tolerances).order_by(_ROW.partner, _ROW.account)
_OF = _ALL.where(_ROW.partner == bindparam("whose"))
_FORGET = delete(tolerances).where(_ROW.partner == bindparam("whose"))
_INSERTS = {
    "sqlite": sqlite.insert(tolerances).on_conflict_do_nothing().returning(_ROW.version),
    "postgresql": postgresql.insert(tolerances).on_conflict_do_nothing().returning(_ROW.version),
}
_CHANGE = (
    update(tolerances)
    .where(
        _ROW.partner == bindparam("whose"),
        _ROW.account == bindparam("which"),
        _ROW.version == bindparam("as_read"),
    )
    .values(known=bindparam("new"), version=_ROW.version + 1, updated_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class ToleranceRecord:
    """What is known of a partner, or of one account there.

    Attributes:
        account: The account's role; empty for the partner as a whole.
    """

    partner: str
    account: str
    version: int
    known: Tolerance
    updated_at: datetime


class Tolerances:
    """What the ledger remembers of tolerance: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> list[ToleranceRecord]:
        """Everything that is known."""
        return await self._database.read(lambda c: [_record(row) for row in c.execute(_ALL)])

    async def of(self, partner: str) -> dict[str, Tolerance]:
        """What is known of a partner, by account."""
        return await self._database.read(lambda c: _known(c, partner))

    async def per_min(self, partner: str, account: str | None, bounds: Bounds) -> float:
        """The most requests in a minute that the partner puts up with now, and the account at it; reads only."""
        known = await self.of(partner)
        return min(_as_known(known, row, bounds).rate_per_min for row in _rows(account))

    async def ask(self, partner: str, account: str | None, bounds: Bounds, token: str) -> Go | Wait:
        """Whether a visit may begin now; a visit that is told to try is the only one, whoever else asks.

        Args:
            partner: Where it goes.
            account: The role that it acts under; None for a guest.
            bounds: What the partner agreed to.
            token: Of this visit.
        """
        now, rows = self._clock(), _rows(account)

        def answer(known: dict[str, Tolerance]) -> tuple[dict[str, Tolerance], Go | Wait]:
            asked = {row: ask(_as_known(known, row, bounds), token, now) for row in rows}
            waits = [said for _, said in asked.values() if isinstance(said, Wait)]
            if waits:
                return {}, max(waits, key=lambda wait: wait.until)
            goes = [said for _, said in asked.values() if isinstance(said, Go)]
            probe = token if any(said.probe for said in goes) else None
            new = {row: after for row, (after, said) in asked.items() if isinstance(said, Go) and said.probe}
            return new, Go(min(said.per_min for said in goes), probe)

        changed, said = answer(await self.of(partner))
        if not changed:
            return said  # nothing to write: nearly always
        return await self._database.write(lambda c: _written(c, partner, now, answer))

    async def tell(
        self, partner: str, account: str | None, bounds: Bounds, met: Met, notice: NewNotice | None = None
    ) -> bool:
        """Learn from what a visit met.

        Args:
            partner: Where it went.
            account: The role that it acted under; None for a guest.
            bounds: What the partner agreed to.
            met: What it met.
            notice: What the partner's contact is told, in the same transaction, if this begins a block.

        Returns:
            Whether a block began.
        """
        now, rows = self._clock(), _rows(account)

        def learned(known: dict[str, Tolerance]) -> tuple[dict[str, Tolerance], bool]:
            before = {row: known.get(row) or fresh(bounds) for row in rows}
            after = {row: learn(before[row], bounds, met, now) for row in rows}
            begins = _is_challenged(after[WHOLE], now) and not _is_challenged(before[WHOLE], now)
            return after, begins

        def write(connection: Connection) -> bool:
            begins = _written(connection, partner, now, learned)
            if begins and notice is not None:
                until = _known(connection, partner)[WHOLE].until or now
                notices.put(connection, notice, partner, account or WHOLE, now, until, secrets.token_bytes)
            return begins

        return await self._database.write(write)

    async def forget(self, partner: str) -> int:
        """Forget what was learned of a partner, blocks too; returns how many rows there were."""
        return await self._database.write(lambda c: c.execute(_FORGET, {"whose": partner}).rowcount)

    async def go_on(self, partner: str) -> int:
        """A person says that visits may go on, at what was learned; returns how many rows were blocked."""
        now = self._clock()

        def freed(known: dict[str, Tolerance]) -> tuple[dict[str, Tolerance], int]:
            blocked = {row: go_on(one) for row, one in known.items() if go_on(one) != one}
            return blocked, len(blocked)

        return await self._database.write(lambda c: _written(c, partner, now, freed))


def _rows(account: str | None) -> tuple[str, ...]:
    return (WHOLE,) if account is None else (WHOLE, account)


def _as_known(known: dict[str, Tolerance], row: str, bounds: Bounds) -> Tolerance:
    return fitted(known.get(row) or fresh(bounds), bounds)


def _is_challenged(known: Tolerance, now: datetime) -> bool:
    return known.state is Breaker.OPEN and known.why == "challenged" and known.waits_until(now) is not None


def _record(row: Row[Any]) -> ToleranceRecord:
    return ToleranceRecord(row.partner, row.account, row.version, _KNOWN.validate_json(row.known), row.updated_at)


def _known(connection: Connection, partner: str) -> dict[str, Tolerance]:
    return {one.account: one.known for one in _read(connection, partner)}


def _read(connection: Connection, partner: str) -> Sequence[ToleranceRecord]:
    return [_record(row) for row in connection.execute(_OF, {"whose": partner})]


def _written(
    connection: Connection,
    partner: str,
    now: datetime,
    change: Callable[[dict[str, Tolerance]], tuple[dict[str, Tolerance], A]],
) -> A:
    """Change what is known and return the answer, which was given to the very rows that were changed."""
    for _ in range(_MOST_READINGS):
        with connection.begin_nested() as attempt:
            rows = {one.account: one for one in _read(connection, partner)}
            new, answer = change({account: one.known for account, one in rows.items()})
            if all(_put(connection, partner, account, known, rows, now) for account, known in new.items()):
                return answer
            attempt.rollback()
    raise RuntimeError(f"{partner}: others were quicker in {_MOST_READINGS} readings of what is known")


def _put(
    connection: Connection,
    partner: str,
    account: str,
    known: Tolerance,
    rows: dict[str, ToleranceRecord],
    now: datetime,
) -> bool:
    """False when somebody else wrote the row since it was read."""
    text = _KNOWN.dump_json(known).decode()
    if account in rows:
        told = {"whose": partner, "which": account, "as_read": rows[account].version, "new": text, "now": now}
        return connection.execute(_CHANGE, told).rowcount == 1
    row = {"partner": partner, "account": account, "version": 1, "known": text, "updated_at": now}
    return connection.execute(_INSERTS[connection.dialect.name], row).first() is not None
