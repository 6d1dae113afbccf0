"""Leases on slots: two bookings of ours never commit on the same venue, resource and slot at the same instant."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from farm.facts import Offer, Slot
from ledger.errors import SlotTaken
from ledger.tables import slot_leases

_ROW = slot_leases.c


def _upsert(into: type[sqlite.Insert] | type[postgresql.Insert]) -> ReturningInsert[tuple[str]]:
    new = into(slot_leases)
    given = new.excluded
    taken = new.on_conflict_do_update(
        index_elements=[_ROW.venue, _ROW.resource, _ROW.slot],
        set_={"booking_id": given.booking_id, "attempt_id": given.attempt_id, "until": given.until},
        where=or_(_ROW.until <= bindparam("now", type_=_ROW.until.type), _ROW.booking_id == given.booking_id),
    )
    return taken.returning(_ROW.attempt_id)


_TAKE = {"sqlite": _upsert(sqlite.Insert), "postgresql": _upsert(postgresql.Insert)}
_RELEASE = delete(slot_leases).where(_ROW.attempt_id == bindparam("attempt"))


def take(
    connection: Connection, booking_id: str, attempt_id: str, venue: str, offer: Offer, now: datetime, until: datetime
) -> None:
    """The slot of an offer until the click must be over, or ``SlotTaken``: another booking of ours is clicking."""
    values = {
        "venue": venue,
        "resource": offer.resource or "",
        "slot": _name(offer),
        "booking_id": booking_id,
        "attempt_id": attempt_id,
        "until": until,
        "now": now,
    }
    if connection.execute(_TAKE[connection.dialect.name], values).one_or_none() is None:
        raise SlotTaken


def release(connection: Connection, attempt_id: str) -> None:
    """The click is over: the next one may go."""
    connection.execute(_RELEASE, {"attempt": attempt_id})


def _name(offer: Offer) -> str:
    when = offer.when
    if isinstance(when, Slot):
        return when.starts_at.astimezone(UTC).isoformat(timespec="minutes")
    return f"{when.check_in}..{when.check_out}"
