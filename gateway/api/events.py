"""What happened, in order: of one booking, and of all bookings of a reseller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from farm.facts import Fact
from farm.feed import TYPES, PublicEvent, kinds_of
from farm.schema import Fault, nearest
from gateway.api.bookings import own
from gateway.api.caller import Follower
from gateway.api.house import Here
from gateway.api.problems import Refused
from ledger.records import EventRecord

router = APIRouter(prefix="/v1", tags=["events"])
MOST = 500
_After = Annotated[int, Query(ge=0, le=2**62, description="The number of the last event that you have; 0: none.")]
Types = Annotated[list[str] | None, Query(alias="type", description="Only these types; may be given several times.")]
_Limit = Annotated[int, Query(ge=1, le=MOST, description="At most so many.")]


class EventsAnswer(Fact):
    """Some events, in order.

    Attributes:
        next: Give it as ``after`` for what comes next; null when there is nothing more yet.
    """

    events: tuple[PublicEvent, ...]
    next: int | None


@router.get("/events", summary="All events of your bookings")
async def of_reseller(
    here: Here,
    who: Follower,
    after: _After = 0,
    limit: _Limit = 100,
    types: Types = None,
) -> EventsAnswer:
    """In one order, numbered from 1 without a gap: remember the last number, and you miss nothing."""
    kinds = None if types is None else kinds_of(known(types))
    found = await here.ledger.feed.page(who.reseller, after, limit + 1, kinds)
    return _page(found, limit, lambda last: last.position)


@router.get("/bookings/{booking_id}/events", summary="The history of one booking")
async def of_booking(
    booking_id: str,
    here: Here,
    who: Follower,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="A `sequence` of this booking.")] = 0,
    limit: _Limit = 100,
) -> EventsAnswer:
    """From the request to the last look at the venue's record; ``after`` and ``next`` are its ``sequence``."""
    booking = await own(here, who, booking_id)
    found = await here.ledger.events(booking.id, after)
    return _page(found, limit, lambda last: last.number)


def known(types: list[str]) -> list[str]:
    """These types, all of which there are.

    Raises:
        Refused: It names each that is none, with the nearest one that is.
    """
    faults = [Fault("type", f"no type `{name}`; {nearest(name, list(TYPES))}") for name in types if name not in TYPES]
    if faults:
        raise Refused("bad-request", "there is no such type of event", faults=faults)
    return types


def _page(found: Sequence[EventRecord], limit: int, place: Callable[[EventRecord], int]) -> EventsAnswer:
    page = found[:limit]
    return EventsAnswer(
        events=tuple(PublicEvent.of(record) for record in page), next=place(page[-1]) if len(found) > limit else None
    )
