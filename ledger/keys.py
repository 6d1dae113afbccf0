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

_ROW = api_keys.c


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key of a reseller.

    Attributes:
        secret_hash: SHA-256 of the secret, which has 256 random bits: nothing slower is needed.
        scopes: What it may be used for.
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


_COLUMNS = [_ROW[field.name] for field in fields(KeyRecord)]
_USED = (
    update(api_keys)
    .where(_ROW.id == bindparam("key"), or_(_ROW.last_used_at.is_(None), _ROW.last_used_at < bindparam("at")))
    .values(last_used_at=bindparam("at"))
)
_BY_ID = select(*_COLUMNS).where(_ROW.id == bindparam("key"))


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


def _record(row: Sequence[Any]) -> KeyRecord:
    known = dict(zip((field.name for field in fields(KeyRecord)), row, strict=True))
    return KeyRecord(**known | {"scopes": frozenset(json.loads(known["scopes"]))})
