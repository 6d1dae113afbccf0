"""API keys: a secret is shown once, when it is made; here is only what tells whether one is right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from farm.request import Clock
from ledger.door_tables import api_keys
from ledger.engine import Database
from ledger.errors import KeyIsOver, NoSuchKey

_ROW = api_keys.c


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key of a reseller.

    Attributes:
        secret_hash: SHA-256 of the secret, which has 256 random bits: nothing slower is needed.
        scopes: What it may be used for.
        replaced_by: The key that took its place; until it expires both are valid.
    """

    id: str
    reseller: str
    name: str
    secret_hash: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: str | None

    def is_valid(self, now: datetime) -> bool:
        """False once it was revoked or has expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_COLUMNS = [_ROW[field.name] for field in fields(KeyRecord)]
_USED = (
    update(api_keys)
    .where(_ROW.id == bindparam("key"), or_(_ROW.last_used_at.is_(None), _ROW.last_used_at < bindparam("at")))
    .values(last_used_at=bindparam("at"))
)
_BY_ID = select(*_COLUMNS).where(_ROW.id == bindparam("key"))
_NEWEST_FIRST = select(*_COLUMNS).order_by(_ROW.created_at.desc(), _ROW.id)


def hash_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Keys:
    """The keys of a ledger: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self,
        key_id: str,
        secret: str,
        reseller: str,
        name: str,
        scopes: Sequence[str],
        expires_at: datetime | None = None,
    ) -> None:
        """Write a new key down; its secret is not."""
        row = {
            "id": key_id,
            "reseller": reseller,
            "name": name,
            "secret_hash": hash_of(secret),
            "scopes": json.dumps(sorted(scopes)),
            "created_at": self._clock(),
            "expires_at": expires_at,
        }
        await self._database.write(lambda c: c.execute(insert(api_keys), row))

    async def find(self, key_id: str) -> KeyRecord | None:
        """The key with this id, whatever its state."""
        return await self._database.read(lambda c: _find(c, key_id))

    async def listed(self, reseller: str | None = None) -> list[KeyRecord]:
        """All keys, or those of a reseller, newest first; also those that are valid no more."""
        query = _NEWEST_FIRST if reseller is None else _NEWEST_FIRST.where(_ROW.reseller == reseller)
        return await self._database.read(lambda c: [_record(row) for row in c.execute(query)])

    async def rotate(self, key_id: str, new_id: str, new_secret: str, both_until: datetime) -> KeyRecord:
        """Put a new key in the place of one: for the same things, for as long a time.

        Args:
            key_id: The old one, which expires then at the latest.
            new_id: The id of the new one.
            new_secret: Its secret, which is not written down.
            both_until: Until then both are valid.

        Returns:
            The new one.

        Raises:
            NoSuchKey: There is none.
            KeyIsOver: It was revoked or replaced, or has expired.
        """
        now = self._clock()
        return await self._database.write(lambda c: _rotate(c, key_id, (new_id, new_secret), both_until, now))

    async def revoke(self, key_id: str) -> KeyRecord:
        """From now on it opens nothing; one that was revoked before stays as it is.

        Raises:
            NoSuchKey: There is none.
        """
        now = self._clock()
        return await self._database.write(lambda c: _revoke(c, key_id, now))

    async def used(self, moments: Mapping[str, datetime]) -> None:
        """Write down when keys were used last; a later moment that stands already stays."""
        rows = [{"key": key_id, "at": at} for key_id, at in sorted(moments.items())]
        await self._database.write(lambda c: c.execute(_USED, rows))

    async def gone(self, ids: Collection[str]) -> set[str]:
        """Those of these keys that are revoked, have expired, or never were."""
        hold = select(_ROW.id).where(
            _ROW.id.in_(ids),
            _ROW.revoked_at.is_(None),
            or_(_ROW.expires_at.is_(None), _ROW.expires_at > self._clock()),
        )
        return set(ids) - set(await self._database.read(lambda c: c.execute(hold).scalars().all()))


def _find(connection: Connection, key_id: str) -> KeyRecord | None:
    row = connection.execute(_BY_ID, {"key": key_id}).one_or_none()
    return None if row is None else _record(row)


def _rotate(
    connection: Connection, key_id: str, new: tuple[str, str], both_until: datetime, now: datetime
) -> KeyRecord:
    row = connection.execute(_BY_ID.with_for_update(), {"key": key_id}).one_or_none()
    if row is None:
        raise NoSuchKey
    old, (new_id, secret) = _record(row), new
    if old.replaced_by is not None or not old.is_valid(now):
        raise KeyIsOver
    made = {
        "id": new_id,
        "reseller": old.reseller,
        "name": old.name,
        "secret_hash": hash_of(secret),
        "scopes": json.dumps(sorted(old.scopes)),
        "created_at": now,
        "expires_at": None if old.expires_at is None else now + (old.expires_at - old.created_at),
    }
    ends = {"expires_at": min(both_until, old.expires_at or both_until), "replaced_by": new_id}
    connection.execute(insert(api_keys), made)
    connection.execute(update(api_keys).where(_ROW.id == key_id).values(ends))
    return _record(connection.execute(_BY_ID, {"key": new_id}).one())


def _revoke(connection: Connection, key_id: str, now: datetime) -> KeyRecord:
    connection.execute(
        update(api_keys).where(_ROW.id == key_id, _ROW.revoked_at.is_(None)).values(revoked_at=now),
    )
    row = connection.execute(_BY_ID, {"key": key_id}).one_or_none()
    if row is None:
        raise NoSuchKey
    return _record(row)


def _record(row: Sequence[Any]) -> KeyRecord:
    known = dict(zip((field.name for field in fields(KeyRecord)), row, strict=True))
    return KeyRecord(**known | {"scopes": frozenset(json.loads(known["scopes"]))})
