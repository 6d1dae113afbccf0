"""Events on their way to endpoints: planned along the feed, sent by whoever has the endpoint, kept for a while.

A row is the work, and the message that a relay makes of it is a hint. An endpoint has one sender at a time, so that
what is new goes out in the feed's order; what has failed is tried again in between, when it is due.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from farm.delivering import TEST, DeliveryState, Judgement, Outcome, default_types
from farm.feed import TYPES, kinds_of
from farm.request import Clock
from ledger import webhooks as endpoints
from ledger.door_tables import deliveries, feeds, webhooks
from ledger.engine import Database
from ledger.errors import NoSuchWebhook
from ledger.names import new_id
from ledger.tables import events
from ledger.webhooks import WebhookRecord

BATCH = 200
KEPT = timedelta(days=30)
"""How long what is done can still be looked at, and asked for again."""
_ROW, _HOOK = deliveries.c, webhooks.c
_OPEN = _ROW.done_at.is_(None)
_ENABLED = _HOOK.disabled_at.is_(None)
_TYPE_OF = {each.kind: each.type for each in TYPES.values()}


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One event (or a test, without a position) on its way to one endpoint.

    Attributes:
        id: The ``webhook-id`` of every try.
        position: The event's place in the reseller's feed.
        tries: Since it was last asked for.
    """

    id: str
    webhook: str
    position: int | None
    type: str
    state: DeliveryState
    made_at: datetime
    due_at: datetime
    tries: int
    last_try_at: datetime | None
    last_status: int | None
    last_trouble: str | None
    done_at: datetime | None


_COLUMNS = [_ROW[field.name] for field in fields(DeliveryRecord)]
_has_due = exists().where(_ROW.webhook == _HOOK.id, _OPEN, _ROW.due_at <= bindparam("now", type_=_ROW.due_at.type))
_is_free = or_(_HOOK.busy_until.is_(None), _HOOK.busy_until <= bindparam("now", type_=_HOOK.busy_until.type))
_was_not_told = or_(_HOOK.told_at.is_(None), _HOOK.told_at <= bindparam("told_before", type_=_HOOK.told_at.type))
_TO_TELL = and_(_ENABLED, _is_free, _was_not_told, _has_due)
_BEHIND = (
    select(_HOOK.id)
    .join(feeds, feeds.c.reseller == _HOOK.reseller)
    .where(_ENABLED, _HOOK.position < feeds.c.last)
    .order_by(_HOOK.id)
)
_LOCKED = (
    select(*endpoints.COLUMNS)
    .where(_HOOK.id == bindparam("which"), _ENABLED)
    .with_for_update(skip_locked=True)  # SQLite has one writer at a time anyway and is told nothing
)
_HEAD = select(feeds.c.last).where(feeds.c.reseller == bindparam("whose"))
_NEW = (
    select(events.c.position, events.c.kind)
    .where(
        events.c.reseller == bindparam("whose"),
        events.c.position > bindparam("after"),
        events.c.position <= bindparam("head"),
        events.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(events.c.position)
    .limit(BATCH)
)
_ANY_TO_TELL = select(exists(select(_HOOK.id).where(_TO_TELL)))
_pick = (
    select(_HOOK.id)
    .where(_TO_TELL)
    .order_by(_HOOK.told_at.is_not(None), _HOOK.told_at, _HOOK.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("to_tell")
)
_TELL = update(webhooks).where(_HOOK.id.in_(select(_pick.c.id))).values(told_at=bindparam("now")).returning(_HOOK.id)
_TAKE = (
    update(webhooks)
    .where(_HOOK.id == bindparam("which"), _ENABLED, _is_free)
    .values(holder=bindparam("who"), busy_until=bindparam("until"))
    .returning(_HOOK.id)
)
_MINE = (_HOOK.id == bindparam("which"), _HOOK.holder == bindparam("who"))
_STAY = update(webhooks).where(*_MINE, _ENABLED).values(busy_until=bindparam("until"))
_GIVE_BACK = update(webhooks).where(*_MINE).values(holder=None, told_at=None, busy_until=bindparam("until"))
_due = select(*_COLUMNS).where(_ROW.webhook == bindparam("which"), _OPEN, _ROW.due_at <= bindparam("now")).limit(1)
_NEXT_NEW = _due.where(_ROW.tries == 0).order_by(func.coalesce(_ROW.position, 0), _ROW.id)
_NEXT_AGAIN = _due.where(_ROW.tries > 0).order_by(_ROW.due_at, _ROW.id)
_FIND = select(*_COLUMNS).where(_ROW.id == bindparam("which"), _ROW.webhook == bindparam("of"))


@dataclass(frozen=True, slots=True)
class ToSend:
    """One delivery, and where it goes."""

    webhook: WebhookRecord
    delivery: DeliveryRecord


class Deliveries:
    """The deliveries of a ledger: each method is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # Planned and told, by relays

    async def plan(self) -> int:
        """Make deliveries of what is new in the feeds; how many. Any number of relays may plan at once."""
        now, made = self._clock(), 0
        for webhook_id in await self._database.read(lambda c: list(c.execute(_BEHIND).scalars())):
            made += await self._database.write(partial(_plan, webhook_id=webhook_id, now=now))
        return made

    async def to_tell(self, limit: int, again_after_s: float) -> list[str]:
        """Take the endpoints for which a sender is wanted now: something is due, and nobody was told lately."""
        now = self._clock()
        asked = {"now": now, "told_before": now - timedelta(seconds=again_after_s)}
        if not await self._database.read(lambda c: c.execute(_ANY_TO_TELL, asked).scalar_one()):
            return []
        return await self._database.write(lambda c: list(c.execute(_TELL, {**asked, "most": limit}).scalars()))

    async def not_told(self, webhook_ids: Sequence[str]) -> None:
        """Nobody took these after ``to_tell``."""
        values = update(webhooks).where(_HOOK.id.in_(webhook_ids)).values(told_at=None)
        await self._database.write(lambda c: c.execute(values))

    async def forget_old(self) -> None:
        """Forget what was done long ago."""
        before = self._clock() - KEPT
        await self._database.write(lambda c: c.execute(delete(deliveries).where(_ROW.done_at < before)))

    # Sent, by workers

    async def take(self, webhook_id: str, holder: str, lasts_s: float) -> bool:
        """The right to send to an endpoint, for so long; False while somebody else has it, or it rests."""
        now = self._clock()
        asked = {"which": webhook_id, "who": holder, "now": now, "until": now + timedelta(seconds=lasts_s)}
        return await self._database.write(lambda c: c.execute(_TAKE, asked).one_or_none() is not None)

    async def next(self, webhook_id: str, holder: str, lasts_s: float, *, again: bool) -> ToSend | None:
        """What to send now, and the right to it for so long; None: nothing is due, or the right is lost.

        Args:
            webhook_id: The endpoint.
            holder: Who has the right to send to it.
            lasts_s: How long from now.
            again: Rather one that has failed before than one that is new.
        """
        now = self._clock()
        until = now + timedelta(seconds=lasts_s)
        return await self._database.write(lambda c: _next(c, webhook_id, holder, now, until, again=again))

    async def settle(self, holder: str, delivery: DeliveryRecord, outcome: Outcome, judgement: Judgement) -> bool:
        """Write down what came of a try; False: nothing was, for the right is lost and another one sends it."""
        now = self._clock()
        return await self._database.write(lambda c: _settle(c, holder, delivery, outcome, judgement, now))

    async def give_back(self, webhook_id: str, holder: str, rest_s: float = 0.0) -> None:
        """Let the next one have the endpoint, after a rest; quietly nothing if the right is lost."""
        until = self._clock() + timedelta(seconds=rest_s)
        asked = {"which": webhook_id, "who": holder, "until": until}
        await self._database.write(lambda c: c.execute(_GIVE_BACK, asked))

    # Looked at and asked for, by resellers

    async def page(
        self, webhook_id: str, limit: int, before: str | None = None, state: DeliveryState | None = None
    ) -> list[DeliveryRecord]:
        """The deliveries of an endpoint, newest first; page on with ``before``, the id of the last one."""
        query = select(*_COLUMNS).where(_ROW.webhook == webhook_id).order_by(_ROW.id.desc()).limit(limit)
        query = query if before is None else query.where(_ROW.id < before)
        query = query if state is None else query.where(_ROW.state == state)
        return await self._database.read(lambda c: [DeliveryRecord(*row) for row in c.execute(query)])

    async def test(self, webhook_id: str) -> DeliveryRecord:
        """A delivery that says nothing, due now.

        Raises:
            NoSuchWebhook: There is none.
        """
        now = self._clock()
        return await self._database.write(lambda c: _test(c, webhook_id, now))

    async def again(self, webhook_id: str, delivery_id: str) -> DeliveryRecord:
        """Send a delivery now, whatever became of it; it has the whole schedule before it again.

        Raises:
            NoSuchWebhook: There is none.
        """
        now = self._clock()
        return await self._database.write(lambda c: _again(c, webhook_id, delivery_id, now))


def _plan(connection: Connection, webhook_id: str, now: datetime) -> int:
    row = connection.execute(_LOCKED, {"which": webhook_id}).one_or_none()
    if row is None:  # another relay is at it
        return 0
    webhook = endpoints.record(row)
    head: int = connection.execute(_HEAD, {"whose": webhook.reseller}).scalar_one()
    asked = {"whose": webhook.reseller, "after": webhook.position, "head": head, "kinds": _kinds(webhook)}
    new = connection.execute(_NEW, asked).all()
    if new:
        # ids in the feed's order, so that a list has them so, too
        made = [new_id("dl", now + timedelta(milliseconds=n), secrets.token_bytes) for n in range(len(new))]
        rows = [_row(one, webhook_id, _TYPE_OF[kind], at, now) for one, (at, kind) in zip(made, new, strict=True)]
        connection.execute(insert(deliveries), rows)
    up_to = new[-1].position if len(new) == BATCH else head
    connection.execute(update(webhooks).where(_HOOK.id == webhook_id).values(position=up_to))
    return len(new)


def _kinds(webhook: WebhookRecord) -> list[str]:
    wanted = default_types() if webhook.types is None else webhook.types
    return kinds_of([name for name in wanted if name in TYPES])


def _row(delivery_id: str, webhook_id: str, what: str, position: int | None, now: datetime) -> dict[str, object]:
    return {
        "id": delivery_id,
        "webhook": webhook_id,
        "position": position,
        "type": what,
        "state": DeliveryState.WAITING,
        "made_at": now,
        "due_at": now,
        "tries": 0,
    }


def _next(
    connection: Connection, webhook_id: str, holder: str, now: datetime, until: datetime, *, again: bool
) -> ToSend | None:
    if connection.execute(_STAY, {"which": webhook_id, "who": holder, "until": until}).rowcount == 0:
        return None
    for query in (_NEXT_AGAIN, _NEXT_NEW) if again else (_NEXT_NEW, _NEXT_AGAIN):
        row = connection.execute(query, {"which": webhook_id, "now": now}).one_or_none()
        if row is not None:
            return ToSend(endpoints.find(connection, webhook_id), DeliveryRecord(*row))
    return None


def _settle(
    connection: Connection, holder: str, delivery: DeliveryRecord, outcome: Outcome, said: Judgement, now: datetime
) -> bool:
    tried = {"last_try_at": now, "last_status": outcome.status, "last_trouble": outcome.trouble}
    health: dict[str, object] = dict(tried)
    if outcome.is_delivered:
        health |= {"failures": 0, "failing_since": None, "last_success_at": now}
    else:
        health |= {"failures": _HOOK.failures + 1, "failing_since": func.coalesce(_HOOK.failing_since, now)}
    if said.disable is not None:
        health |= {"disabled_at": now, "disabled_why": said.disable}
    mine = update(webhooks).where(_HOOK.id == delivery.webhook, _HOOK.holder == holder).values(health)
    if connection.execute(mine).rowcount == 0:
        return False
    state: dict[str, object] = {"tries": _ROW.tries + 1, "state": said.state}
    if said.next_try_s is None:
        state["done_at"] = now
    else:
        state["due_at"] = now + timedelta(seconds=said.next_try_s)
    connection.execute(update(deliveries).where(_ROW.id == delivery.id).values(tried | state))
    return True


def _test(connection: Connection, webhook_id: str, now: datetime) -> DeliveryRecord:
    endpoints.find(connection, webhook_id)
    delivery_id = new_id("dl", now, secrets.token_bytes)
    connection.execute(insert(deliveries), _row(delivery_id, webhook_id, TEST, None, now))
    connection.execute(update(webhooks).where(_HOOK.id == webhook_id).values(told_at=None))
    return _found(connection, webhook_id, delivery_id)


def _again(connection: Connection, webhook_id: str, delivery_id: str, now: datetime) -> DeliveryRecord:
    values = {"state": DeliveryState.WAITING, "due_at": now, "tries": 0, "done_at": None}
    of = (_ROW.id == delivery_id, _ROW.webhook == webhook_id)
    connection.execute(update(webhooks).where(_HOOK.id == webhook_id).values(told_at=None))  # locked first, as ever
    connection.execute(update(deliveries).where(*of).values(values))
    return _found(connection, webhook_id, delivery_id)


def _found(connection: Connection, webhook_id: str, delivery_id: str) -> DeliveryRecord:
    row = connection.execute(_FIND, {"which": delivery_id, "of": webhook_id}).one_or_none()
    if row is None:
        raise NoSuchWebhook
    return DeliveryRecord(*row)
