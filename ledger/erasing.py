"""Erasing a guest: every row stays, with its numbers, and no row says any more whose it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Column, Connection, Label, LargeBinary, Table, Text, cast, func, or_, select, update

from farm.life.states import ENDED_WITHOUT
from farm.request import Clock, Request, WantedStay
from farm.status import AttemptState, BookingStatus, Cause
from ledger.engine import Database
from ledger.guest_data import ERASED, Guest, without_guest
from ledger.guest_data import rewritten as _rewritten
from ledger.schema import metadata
from ledger.tables import attempts, bookings, wake_ups

_BOOKING_JSON = dict.fromkeys(("request", "change", "verdict"), without_guest)
_ATTEMPT_JSON = dict.fromkeys(("offer", "hold", "recap", "expected", "claim", "verdict"), without_guest)
_A_DAY = timedelta(days=1)
_SETTLED = ENDED_WITHOUT | {BookingStatus.CONFIRMED}


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A booking that still needs to know whose it is.

    Attributes:
        until: When nothing more is planned for it; None: not known.
        why: In a few words, without guest data.
    """

    booking_id: str
    status: BookingStatus
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed.

    Attributes:
        booking_ids: Of the guest's bookings.
        venues: Where attempts were made for them.
        columns: How many texts were rewritten, by ``table.column``.
        left: Where a new search has still found the guest: must be empty.
        compacted: The database's own files keep nothing that was overwritten.
    """

    booking_ids: tuple[str, ...]
    venues: tuple[str, ...]
    columns: Mapping[str, int]
    left: tuple[str, ...]
    compacted: bool


class Erasing:
    """A ledger, opened to erase a guest from; close it, or use it with ``async with``."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._database = Database(url)
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._database.close()

    async def erase(self, email: str) -> Erased | list[UnderWay]:
        """Remove what says who this guest is, in one transaction, and search for it again.

        Or say what stands against it, and remove nothing. Doing it twice does no harm.
        """
        now = self._clock()
        done = await self._database.write(lambda c: _erase(c, email, now))
        if isinstance(done, list):
            return done
        guest, ids, venues, columns = done
        compacted = await self._database.compact()
        left = await self._database.read(lambda c: _found(c, guest, ids))
        return Erased(ids, venues, columns, left, compacted)


_Done = tuple[Guest, tuple[str, ...], tuple[str, ...], dict[str, int]]


def _erase(connection: Connection, email: str, now: datetime) -> _Done | list[UnderWay]:
    theirs = _theirs(connection, email)
    stands = [why for booking, wishes in theirs.items() if (why := _under_way(connection, booking, wishes, now))]
    if stands:
        return stands
    guest = Guest.of(email, [wish for wishes in theirs.values() for wish in wishes])
    changed: Counter[str] = Counter()
    for booking_id in theirs:
        changed += _rewrite(connection, bookings, "id", booking_id, _BOOKING_JSON, guest)
        changed += _rewrite(connection, attempts, "booking_id", booking_id, _ATTEMPT_JSON, guest)
    of_theirs = select(attempts.c.venue).where(attempts.c.booking_id.in_(list(theirs))).distinct()
    venues = tuple(sorted(row.venue for row in connection.execute(of_theirs)))
    return guest, tuple(theirs), venues, dict(sorted(changed.items()))


def _theirs(connection: Connection, email: str) -> dict[str, list[Request]]:
    """The guest's bookings, with their requests and wished changes."""
    host = email.rpartition("@")[2].lower()
    rows = (
        select(bookings.c.id, bookings.c.request, bookings.c.change)
        .where(or_(*(column.contains(host, autoescape=True) for column in (bookings.c.request, bookings.c.change))))
        .with_for_update()
    )
    guest = Guest(email)
    found = {}
    for row in connection.execute(rows):
        wishes = [Request.model_validate_json(text) for text in (row.request, row.change) if text]
        if any(guest.wrote(wish) for wish in wishes):
            found[row.id] = wishes
    return found


def _under_way(connection: Connection, booking_id: str, wishes: Sequence[Request], now: datetime) -> UnderWay | None:
    """Why a booking cannot be without its guest yet: a look without an address would find nothing, and book again."""
    status = connection.execute(select(bookings.c.status).where(bookings.c.id == booking_id)).scalar_one()
    due = connection.execute(
        select(func.max(wake_ups.c.due_at, type_=wake_ups.c.due_at.type)).where(
            wake_ups.c.booking_id == booking_id, wake_ups.c.done_at.is_(None)
        )
    ).scalar_one()
    unproven = select(attempts.c.id).where(
        attempts.c.booking_id == booking_id,
        attempts.c.cause == Cause.CANCEL_UNPROVEN,
        attempts.c.state.not_in([AttemptState.CONFIRMED, AttemptState.CANCELLED]),
    )
    if status not in _SETTLED:
        return UnderWay(booking_id, status, "it is not settled", due)
    if connection.execute(unproven).first() is not None:
        return UnderWay(booking_id, status, "a record of it may stand that nobody could cancel", due)
    over = max(_over(wish) for wish in wishes)
    if status is BookingStatus.CONFIRMED and over > now:
        return UnderWay(booking_id, status, "the guest has not been there yet", max(filter(None, (over, due))))
    if due is not None:
        return UnderWay(booking_id, status, "a record that comes late is still looked for", due)
    return None


def _over(wish: Request) -> datetime:
    """When the day of the booking has ended everywhere on earth."""
    last = wish.when.check_out if isinstance(wish.when, WantedStay) else wish.when.date
    return datetime.combine(last, time(), UTC) + 2 * _A_DAY


def _rewrite(
    connection: Connection,
    table: Table,
    key: str,
    value: str,
    clean: Mapping[str, Callable[[str], str]],
    guest: Guest,
) -> Counter[str]:
    changed: Counter[str] = Counter()
    for row in connection.execute(select(table).where(table.c[key] == value)).mappings().all():
        new = _rewritten(dict(row), clean, guest)
        if table is bookings and row["request_fingerprint"] != ERASED:
            new["request_fingerprint"] = ERASED  # whoever guesses the request could prove the guess
        if new:
            connection.execute(update(table).where(table.c.id == row["id"]).values(new))
        changed.update(f"{table.name}.{name}" for name in new)
    return changed


def _found(connection: Connection, guest: Guest, ids: Sequence[str]) -> tuple[str, ...]:
    """Where any column of any table still says who the guest is."""
    left = set()
    for table in metadata.sorted_tables:
        columns = [_as_text(column) for column in table.columns]
        for row in connection.execute(select(*columns)).mappings():
            own = row.get("booking_id", row.get("id")) in ids
            words = guest.in_own_rows if own else guest.everywhere
            left |= {f"{table.name}.{name}" for name, value in row.items() if value and words.search(_told(value))}
    return tuple(sorted(left))


def _as_text(column: Column[Any]) -> Label[Any]:
    """What is no text cannot be cast to one everywhere."""
    return (column if isinstance(column.type, LargeBinary) else cast(column, Text)).label(column.name)


def _told(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
