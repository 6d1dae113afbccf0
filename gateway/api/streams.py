"""Events as they happen: server-sent events of one booking, and of all bookings of a reseller."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from farm.feed import TYPES, kinds_of
from farm.life.awaiting import Awaited
from farm.schema import Fault
from gateway.api.bookings import own
from gateway.api.caller import Follower
from gateway.api.described import takes
from gateway.api.events import Types, known
from gateway.api.house import Here, House
from gateway.api.lines import AT_ONCE, Line
from gateway.api.listening import Part, Seat, TooMany
from gateway.api.problems import Refused
from gateway.standing import answer_for
from ledger.records import BookingRecord, EventRecord

router = APIRouter(prefix="/v1", tags=["events"])

PING_S = 15.0
STALLED_S = 20.0
"""A listener that takes nothing for so long is hung up on; it can come back."""
END_S = 1.0
RETRY_MS = (1000, 3000)
"""Listeners come back at different moments between these."""
_PROGRESS = frozenset(each.kind for each in TYPES.values() if each.progress)
_ASKED_FOR = {Awaited.CANCELLATION, Awaited.CHANGE}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events; `data` is an event as `GET /v1/events` has it.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'retry: 1731\nid: 41\n\nid: 42\nevent: booking.confirmed\ndata: {"number":42,...}\n\n',
            }
        },
    },
}
_LastId = Annotated[
    int | None,
    Header(alias="Last-Event-ID", ge=0, le=2**62, description="The last `id` that you have; wins over `after`."),
]
_After = Annotated[
    int | None, Query(ge=0, le=2**62, description="The last `id` that you have; 0: from the very first.")
]


async def _seated(here: Here, who: Follower) -> AsyncIterator[Seat]:
    """The caller's place among those who listen, until its stream has ended."""
    try:
        with here.listening.seat(who.key_id, who.reseller) as seat:
            yield seat
    except TooMany:
        detail = f"{here.settings.streams_per_key} streams are open with this key"
        raise Refused("too-many-streams", detail, headers={"Retry-After": "5"}) from None


Seated = Annotated[Seat, Depends(_seated)]


@router.get(
    "/events/stream",
    summary="All events of your bookings, as they happen",
    response_class=EventSourceResponse,
    responses=_STREAM,
)
@takes(refuses=("too-many-streams",))
async def of_reseller(
    here: Here, who: Follower, seat: Seated, after: _After = None, last_id: _LastId = None, types: Types = None
) -> Response:
    """Server-sent events; `id` is the event's `number`. Without `Last-Event-ID` and `after`: from now on.

    The first thing that comes is an `id` without an event: a listener that goes on behind it has missed nothing since
    it began. The stream does not end by itself; when it breaks, or is ended because a gateway is started again, go on
    behind the last `id`.
    """
    kinds = None if types is None else kinds_of(known(types))
    newest = await here.ledger.feed.head(who.reseller)
    place = _place(last_id, after, newest, otherwise=newest)

    async def read(place: int) -> Sequence[EventRecord]:
        return await here.ledger.feed.page(who.reseller, place, AT_ONCE, kinds)

    part = Part(place, lambda line: line.position, lambda line: kinds is None or line.kind in kinds, read)
    return _stream(_flow(seat, part, lambda line: line.of_reseller))


@router.get(
    "/bookings/{booking_id}/events/stream",
    summary="The events of one booking, as they happen",
    response_class=EventSourceResponse,
    responses=_STREAM
    | {204: {"description": "You have everything, and the booking is settled: do not come back for more."}},
)
@takes(refuses=("too-many-streams",))
async def of_booking(
    booking_id: str, here: Here, who: Follower, seat: Seated, after: _After = None, last_id: _LastId = None
) -> Response:
    """Server-sent events, from the booking's first; `id` is the event's `sequence`.

    The stream ends when the booking is settled, nothing is under way that was asked for, and all events are sent.
    Whoever comes back then with the last `id` is told 204. What happens later (a venue that drops it, a
    cancellation) is in `GET /v1/events/stream`, and in this stream when it is opened again.
    """
    booking = await own(here, who, booking_id)
    place = _place(last_id, after, booking.last_event, otherwise=0)
    if place == booking.last_event and await _at_rest(here, booking):
        return Response(status_code=204)

    async def read(place: int) -> Sequence[EventRecord]:
        return await here.ledger.events(booking.id, place)

    part = Part(place, lambda line: line.number, lambda line: line.booking_id == booking.id, read)
    return _stream(_flow(seat, part, lambda line: line.of_booking, _Rest(here, booking.id).has_come))


class _Rest:
    """Whether a booking has come to rest, asked for only when that may be."""

    def __init__(self, here: House, booking_id: str) -> None:
        self._here = here
        self._id = booking_id
        self._rests = False

    async def has_come(self, lines: Sequence[Line]) -> bool:
        """True when it rests, and these are its last events."""
        if not self._rests and all(line.record.kind in _PROGRESS for line in lines):
            return False
        booking = await self._here.ledger.booking(self._id)
        self._rests = await _at_rest(self._here, booking)
        return self._rests and booking.last_event == lines[-1].record.number


async def _at_rest(here: House, booking: BookingRecord) -> bool:
    """True when nothing more happens by itself, and nothing that was asked for is under way."""
    if not booking.status.settled:
        return False
    waits = (await answer_for(here.ledger, here.registry, booking)).waits
    return waits is None or waits.what not in _ASKED_FOR


def _place(last_id: int | None, after: int | None, newest: int, otherwise: int) -> int:
    where, place = ("Last-Event-ID", last_id) if last_id is not None else ("after", after)
    if place is None:
        return otherwise
    if place > newest:
        fault = Fault(where, f"is {place}, and the newest event is {newest}: it is from another stream")
        raise Refused("bad-request", "the stream cannot go on there", faults=[fault])
    return place


async def _never(_lines: Sequence[Line]) -> bool:
    return False


async def _flow(
    seat: Seat,
    part: Part,
    written: Callable[[Line], bytes],
    is_over: Callable[[Sequence[Line]], Awaitable[bool]] = _never,
) -> AsyncIterator[bytes]:
    yield ServerSentEvent(id=str(part.place), retry=random.randint(*RETRY_MS), sep="\n").encode()  # noqa: S311 - jitter
    try:
        async with aclosing(seat.hear(part)) as heard:
            async for lines in heard:
                yield b"".join(map(written, lines))
                if await is_over(lines):
                    return
    except SQLAlchemyError:
        return  # whoever comes back is told what is wrong


class _Stream(EventSourceResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A listener that has stalled is hung up on; that is no fault of ours."""
        with suppress(SendTimeoutError):
            await super().__call__(scope, receive, send)


def _stream(flow: AsyncIterator[bytes]) -> Response:
    return _Stream(flow, ping=PING_S, sep="\n", send_timeout=STALLED_S, shutdown_grace_period=END_S)
