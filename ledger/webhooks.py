"""Where resellers want to be told what happened: their endpoints, with what is known of each one's health."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from farm.delivering import BOTH_SECRETS, DeliveryState, WhyDisabled
from farm.request import Clock
from ledger.door_tables import deliveries, feeds, webhooks
from ledger.engine import Database
from ledger.errors import NoSuchWebhook, TooManyWebhooks

_ROW = webhooks.c
MOST = 16
"""So many endpoints a reseller may have."""


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """One endpoint.

    Attributes:
        url: It may hold a credential of theirs in its path: not for logs.
        types: The public types that it gets; None: all but progress.
        secret: What deliveries are signed with, encrypted; bound to the id.
        previous_secret: That of before the last rotation, signed with until ``previous_until``.
        position: Up to where in the reseller's feed it has its deliveries.
        failures: How many tries in a row have failed, the first of them at ``failing_since``.
    """

    id: str
    reseller: str
    url: str = field(repr=False)
    types: tuple[str, ...] | None
    secret: bytes = field(repr=False)
    previous_secret: bytes | None = field(repr=False)
    previous_until: datetime | None
    created_at: datetime
    position: int
    disabled_at: datetime | None
    disabled_why: WhyDisabled | None
    failures: int
    failing_since: datetime | None
    last_try_at: datetime | None
    last_status: int | None
    last_trouble: str | None
    last_success_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """An endpoint to be; ``secret`` is encrypted already."""

    id: str
    reseller: str
    url: str = field(repr=False)
    types: Sequence[str] | None
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What shall be otherwise; None stays as it is.

    Attributes:
        types: An empty list: all but progress.
    """

    url: str | None = field(default=None, repr=False)
    types: Sequence[str] | None = None
    enabled: bool | None = None


COLUMNS = [_ROW[field.name] for field in fields(WebhookRecord)]
ENABLED: Mapping[str, Any] = {
    "disabled_at": None,
    "disabled_why": None,
    "failures": 0,
    "failing_since": None,
    "told_at": None,
    "busy_until": None,
}
_OF = select(*COLUMNS).where(_ROW.reseller == bindparam("whose")).order_by(_ROW.id)
_ALL = select(*COLUMNS).order_by(_ROW.reseller, _ROW.id)
_FIND = select(*COLUMNS).where(_ROW.id == bindparam("which"))
_HOW_MANY = select(func.count()).select_from(webhooks).where(_ROW.reseller == bindparam("whose"))
_HEAD = select(feeds.c.last).where(feeds.c.reseller == bindparam("whose"))
_WAITING = (
    select(deliveries.c.webhook, func.count())
    .where(deliveries.c.webhook.in_(bindparam("ids", expanding=True)), deliveries.c.done_at.is_(None))
    .group_by(deliveries.c.webhook)
)
_GIVEN_UP = (
    select(deliveries.c.webhook, func.count())
    .where(
        deliveries.c.webhook.in_(bindparam("ids", expanding=True)),
        deliveries.c.state == DeliveryState.GIVEN_UP,
    )
    .group_by(deliveries.c.webhook)
)


class Webhooks:
    """The endpoints of a ledger: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, new: NewWebhook) -> WebhookRecord:
        """Write an endpoint down; it is told what happens from now on.

        Raises:
            TooManyWebhooks: The reseller has ``MOST`` of them.
        """
        now = self._clock()
        return await self._database.write(lambda c: _add(c, new, now))

    async def of_reseller(self, reseller: str) -> list[WebhookRecord]:
        """Those of a reseller, oldest first."""
        return await self._database.read(lambda c: [record(row) for row in c.execute(_OF, {"whose": reseller})])

    async def all(self) -> list[WebhookRecord]:
        """Those of all resellers."""
        return await self._database.read(lambda c: [record(row) for row in c.execute(_ALL)])

    async def find(self, webhook_id: str) -> WebhookRecord:
        """One endpoint.

        Raises:
            NoSuchWebhook: There is none.
        """
        return await self._database.read(lambda c: find(c, webhook_id))

    async def change(self, webhook_id: str, wish: WebhookChange) -> WebhookRecord:
        """Let an endpoint be otherwise. One that is enabled goes on where it had stopped, with nothing left out.

        Raises:
            NoSuchWebhook: There is none.
        """
        now = self._clock()
        return await self._database.write(lambda c: _change(c, webhook_id, wish, now))

    async def rotate(self, webhook_id: str, secret: bytes) -> WebhookRecord:
        """Give it a new secret; that of now is signed with for a day more.

        Raises:
            NoSuchWebhook: There is none.
        """
        until = self._clock() + BOTH_SECRETS
        values = {"previous_secret": _ROW.secret, "previous_until": until, "secret": secret}
        return await self._database.write(lambda c: _update(c, webhook_id, values))

    async def remove(self, webhook_id: str) -> None:
        """Forget an endpoint and all of its deliveries."""
        await self._database.write(lambda c: _remove(c, webhook_id))

    async def waiting(self, webhook_ids: Sequence[str]) -> Mapping[str, int]:
        """How many deliveries wait to be sent (again), by endpoint; one without is not there."""
        return await self._database.read(lambda c: dict(c.execute(_WAITING, {"ids": list(webhook_ids)}).all()))

    async def given_up(self, webhook_ids: Sequence[str]) -> Mapping[str, int]:
        """How many deliveries never arrived, by endpoint; one without is not there."""
        return await self._database.read(lambda c: dict(c.execute(_GIVEN_UP, {"ids": list(webhook_ids)}).all()))


def find(connection: Connection, webhook_id: str) -> WebhookRecord:
    """The endpoint with this id.

    Raises:
        NoSuchWebhook: There is none.
    """
    row = connection.execute(_FIND, {"which": webhook_id}).one_or_none()
    if row is None:
        raise NoSuchWebhook
    return record(row)


def record(row: Sequence[Any]) -> WebhookRecord:
    """The endpoint in a row of ``COLUMNS``."""
    known = dict(zip((field.name for field in fields(WebhookRecord)), row, strict=True))
    types = known["types"]
    return WebhookRecord(**known | {"types": None if types is None else tuple(json.loads(types))})


def _add(connection: Connection, new: NewWebhook, now: datetime) -> WebhookRecord:
    if connection.execute(_HOW_MANY, {"whose": new.reseller}).scalar_one() >= MOST:
        raise TooManyWebhooks
    row = {
        "id": new.id,
        "reseller": new.reseller,
        "url": new.url,
        "types": _written(new.types),
        "secret": new.secret,
        "created_at": now,
        "position": connection.execute(_HEAD, {"whose": new.reseller}).scalar_one_or_none() or 0,
        "failures": 0,
    }
    connection.execute(insert(webhooks), row)
    return find(connection, new.id)


def _change(connection: Connection, webhook_id: str, wish: WebhookChange, now: datetime) -> WebhookRecord:
    values: dict[str, Any] = {}
    if wish.url is not None:
        values["url"] = wish.url
    if wish.types is not None:
        values["types"] = _written(wish.types)
    if wish.enabled is False and find(connection, webhook_id).disabled_at is None:
        values |= {"disabled_at": now, "disabled_why": WhyDisabled.ASKED}
    if wish.enabled is True and find(connection, webhook_id).disabled_at is not None:
        values |= ENABLED
    return _update(connection, webhook_id, values)


def _update(connection: Connection, webhook_id: str, values: Mapping[str, Any]) -> WebhookRecord:
    if values:
        connection.execute(update(webhooks).where(_ROW.id == webhook_id).values(values))
    return find(connection, webhook_id)


def _remove(connection: Connection, webhook_id: str) -> None:
    connection.execute(delete(webhooks).where(_ROW.id == webhook_id))


def _written(types: Sequence[str] | None) -> str | None:
    return json.dumps(list(types)) if types else None
