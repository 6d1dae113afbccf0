"""Rates of a stretch of time: by venue, by partner, by reseller, or of everything together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import AwareDatetime, ConfigDict, Field

from farm.facts import Fact
from farm.life.states import STILL_OPEN
from farm.registry import Registry
from farm.status import AttemptState, BookingStatus, Cause
from gateway.rates import BOOKED, MISSED, Rate
from ledger.tallies import AttemptTally, BookingTally, Tallies, Window

T = TypeVar("T", BookingTally, AttemptTally)

USUAL = timedelta(days=30)
"""How long a window is when only its end is known."""
TOTAL = "total"


class By(StrEnum):
    """What rates are told apart by. By venue and by partner attempts are counted, else bookings."""

    VENUE = "venue"
    PARTNER = "partner"
    RESELLER = "reseller"
    TOTAL = "total"


class RateRow(Fact):
    """One rate, and what stands beside it.

    Attributes:
        name: Of the venue, the partner or the reseller; `total`; null: of venues that are not known here any more.
        confirmation: Of bookings: those that are confirmed, of those that could be served and are settled. Of
            attempts: those that ended in a booking (also one that was cancelled later), of those that have ended.
        in_doubt: Those that a person must look at.
        cancels_unproven: Those whose cancellation could not be proven.
        by_status: How many stand where: statuses of bookings, or states of attempts.
        by_cause: Why those that are not booked are not.
    """

    name: str | None
    confirmation: Rate
    in_doubt: int
    cancels_unproven: int
    by_status: dict[str, int]
    by_cause: dict[str, int]


class WindowRates(Fact):
    """The rates of the bookings that were accepted in a stretch of time.

    Attributes:
        since: That moment is in.
        until: That moment is out.
        counted: What the rows count.
        rows: By name.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    by: By
    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime = Field(alias="to")
    counted: Literal["bookings", "attempts"]
    rows: tuple[RateRow, ...]


async def rates_in(window: Window, by: By, tallies: Tallies, there: Registry) -> WindowRates:
    """The rates of a window, as they stand now."""
    if by in {By.VENUE, By.PARTNER}:
        rows = tuple(rows_of_attempts(await tallies.attempts(window), _namer(by, there)))
    else:
        rows = tuple(_rows_of_bookings(await tallies.bookings(window), by, window.reseller))
    counted: Literal["bookings", "attempts"] = "attempts" if by in {By.VENUE, By.PARTNER} else "bookings"
    return WindowRates(by=by, since=window.since, until=window.until, counted=counted, rows=rows)


def rows_of_attempts(
    tallies: Iterable[AttemptTally], name_of: Callable[[AttemptTally], str | None]
) -> Iterator[RateRow]:
    """A row for each name."""
    ended = frozenset(AttemptState) - STILL_OPEN
    for name, found in _apart(tallies, name_of).items():
        words = [(one.state, one.cause, one.count) for one in found]
        yield _row(name, words, BOOKED, ended, AttemptState.NEEDS_HUMAN)


def _rows_of_bookings(tallies: Iterable[BookingTally], by: By, reseller: str | None) -> Iterator[RateRow]:
    apart = _apart(tallies, lambda one: TOTAL if by is By.TOTAL else one.reseller)
    asked_for = TOTAL if by is By.TOTAL else reseller
    if asked_for is not None:
        apart.setdefault(asked_for, [])
    for name, found in apart.items():
        words = [(one.status, one.cause, one.count) for one in found]
        confirmed = frozenset({BookingStatus.CONFIRMED})
        yield _row(name, words, confirmed, confirmed | MISSED, BookingStatus.IN_DOUBT)


def _namer(by: By, there: Registry) -> Callable[[AttemptTally], str | None]:
    partners = {slug: venue.partner for slug, venue in there.venues.items()}
    return lambda one: partners.get(one.venue) if by is By.PARTNER else one.venue


def _apart(tallies: Iterable[T], name_of: Callable[[T], str | None]) -> dict[str | None, list[T]]:
    apart: dict[str | None, list[T]] = defaultdict(list)
    for one in tallies:
        apart[name_of(one)].append(one)
    return dict(sorted(apart.items(), key=lambda named: (named[0] is None, named[0] or "")))


def _row(
    name: str | None,
    words: Iterable[tuple[StrEnum, Cause | None, int]],
    hits: AbstractSet[StrEnum],
    of: AbstractSet[StrEnum],
    doubt: StrEnum,
) -> RateRow:
    by_status: dict[StrEnum, int] = defaultdict(int)
    by_cause: dict[str, int] = defaultdict(int)
    for word, cause, count in words:
        by_status[word] += count
        if cause is not None:
            by_cause[cause] += count
    return RateRow(
        name=name,
        confirmation=Rate.from_counts(_sum(by_status, hits), _sum(by_status, of)),
        in_doubt=by_status.get(doubt, 0),
        cancels_unproven=by_cause.get(Cause.CANCEL_UNPROVEN, 0),
        by_status={str(word): by_status[word] for word in type(doubt) if word in by_status},
        by_cause={str(cause): count for cause, count in sorted(by_cause.items())},
    )


def _sum(counts: Mapping[StrEnum, int], words: AbstractSet[StrEnum]) -> int:
    return sum(counts.get(word, 0) for word in words)
