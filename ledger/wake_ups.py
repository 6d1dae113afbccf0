"""What must happen later. A row is the work; the message that a relay makes of it is a hint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, case, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from farm.life.transition import WakeUpKind
from ledger.columns import Moment
from ledger.records import WakeUp
from ledger.tables import wake_ups

_ROW = wake_ups.c
_COLUMNS = [_ROW[field.name] for field in fields(WakeUp)]
_IS_OPEN = _ROW.done_at.is_(None)


def _upsert(into: type[sqlite.Insert] | type[postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    new = into(wake_ups)
    due_at = case(
        (and_(_ROW.sent_at.is_(None), _ROW.due_at < new.excluded.due_at), _ROW.due_at),
        else_=new.excluded.due_at,
    )
    return new.on_conflict_do_update(
        index_elements=[_ROW.booking_id, _ROW.kind],
        index_where=_IS_OPEN,
        set_={"due_at": due_at, "sent_at": None, "sends": 0},
    )


_DOUBLINGS = 4
"""So often the time until the next sending doubles."""
_INSERT = insert(wake_ups)
_UPSERTS = {"sqlite": _upsert(sqlite.Insert), "postgresql": _upsert(postgresql.Insert)}
_FINISH = (
    update(wake_ups)
    .where(_ROW.booking_id == bindparam("booking"), _ROW.kind == bindparam("which"), _IS_OPEN)
    .values(done_at=bindparam("now"))
)
_AGAIN = (
    update(wake_ups)
    .where(
        _ROW.booking_id == bindparam("booking"),
        _ROW.kind == bindparam("which"),
        _IS_OPEN,
        _ROW.sent_at.is_not(None),
    )
    .values(due_at=bindparam("new_due_at"), sent_at=None, sends=0)
)
_NOT_SENT = (
    update(wake_ups)
    .where(_ROW.id == bindparam("which"), _IS_OPEN, _ROW.sent_at.is_not(None))
    .values(sent_at=None, sends=_ROW.sends - 1)
)
_sent_before = case(
    *((_ROW.sends == sends, bindparam(f"before_{sends}", type_=Moment)) for sends in range(1, _DOUBLINGS + 1)),
    else_=bindparam(f"before_{_DOUBLINGS + 1}", type_=Moment),
)
_due = (
    select(_ROW.id)
    .where(
        _IS_OPEN,
        _ROW.due_at <= bindparam("now"),
        or_(_ROW.sent_at.is_(None), _ROW.sent_at <= _sent_before),
    )
    .order_by(_ROW.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # SQLite has one writer at a time anyway and is told nothing
    .cte("due")
)
_PICK = (
    update(wake_ups)
    .where(_ROW.id.in_(select(_due.c.id)))
    .values(sent_at=bindparam("now"), sends=_ROW.sends + 1)
    .returning(*_COLUMNS)
)
_sends = case((_ROW.sent_at.is_(None), 0), else_=_ROW.sends).label("sends_waited_for")
_NEXT = (
    select(_sends, func.min(func.coalesce(_ROW.sent_at, _ROW.due_at, type_=Moment))).where(_IS_OPEN).group_by(_sends)
)
_OPEN = select(*_COLUMNS).where(_ROW.booking_id == bindparam("booking"), _IS_OPEN).order_by(_ROW.due_at)

_OPEN_OF = select(*_COLUMNS).where(_ROW.booking_id.in_(bindparam("bookings", expanding=True)), _IS_OPEN)


def first(connection: Connection, booking_id: str, kind: WakeUpKind, due_at: datetime) -> None:
    """The wake-up of a booking that has none yet."""
    connection.execute(_INSERT, {"booking_id": booking_id, "kind": kind, "due_at": due_at, "sends": 0})


def wake(connection: Connection, booking_id: str, kind: WakeUpKind, due_at: datetime) -> None:
    """Set the open wake-up, or make one. The earlier time wins until it was sent; then the given one does."""
    connection.execute(
        _UPSERTS[connection.dialect.name],
        {"booking_id": booking_id, "kind": kind, "due_at": due_at, "sends": 0},
    )


def wake_again(connection: Connection, booking_id: str, kind: WakeUpKind, due_at: datetime) -> None:
    """Set the open wake-up anew if it was sent."""
    connection.execute(_AGAIN, {"booking": booking_id, "which": kind, "new_due_at": due_at})


def not_sent(connection: Connection, picked: Sequence[WakeUp]) -> None:
    """Undo a picking."""
    connection.execute(_NOT_SENT, [{"which": wake_up.id} for wake_up in picked])


def finish(connection: Connection, booking_id: str, kind: WakeUpKind, now: datetime) -> None:
    """Close the open wake-up of this kind, if there is one."""
    connection.execute(_FINISH, {"booking": booking_id, "which": kind, "now": now})


def pick_due(connection: Connection, now: datetime, limit: int, resend_after_s: float) -> list[WakeUp]:
    """Take what is due, or was sent so long ago that it must be lost. Each goes to one relay only."""
    before = {f"before_{n}": now - _resent_after(n, resend_after_s) for n in range(1, _DOUBLINGS + 2)}
    rows = connection.execute(_PICK, {"now": now, "most": limit, **before})
    return sorted((WakeUp(*row) for row in rows), key=lambda wake_up: (wake_up.due_at, wake_up.id))


def next_due(connection: Connection, resend_after_s: float | None) -> datetime | None:
    """When the next wake-up has to be sent (or sent again)."""
    moments = []
    for sends, moment in connection.execute(_NEXT):
        if sends == 0:
            moments.append(moment)
        elif resend_after_s is not None:
            moments.append(moment + _resent_after(sends, resend_after_s))
    return min(moments, default=None)


def _resent_after(sends: int, resend_after_s: float) -> timedelta:
    return timedelta(seconds=resend_after_s * 2 ** min(sends - 1, _DOUBLINGS))


def still_open(connection: Connection, booking_id: str) -> list[WakeUp]:
    """The open wake-ups of a booking."""
    return [WakeUp(*row) for row in connection.execute(_OPEN, {"booking": booking_id})]


def open_of(connection: Connection, booking_ids: Sequence[str]) -> list[WakeUp]:
    """The open wake-ups of several bookings."""
    return [WakeUp(*row) for row in connection.execute(_OPEN_OF, {"bookings": list(booking_ids)})]
