"""The tools, the same over stdio and HTTP: each is a call of the API, made with the key of whoever calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from importlib.metadata import version
from typing import Annotated, Any, TypeAlias

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field
from readback_client import AsyncClient, NotSettled, Problem, ReadbackError, Unreachable

from gateway.mcp.answers import AvailabilityResult, BookingResult, VenueResult, VenuesResult
from gateway.mcp.wishes import BookingWish

Call: TypeAlias = Context[Any, Any]
Api: TypeAlias = Callable[[Call], AbstractAsyncContextManager[AsyncClient]]
"""Opens the API for one call of a tool."""

MOST_VENUES = 100
WAIT_S = 60
LONGEST_WAIT_S = 600
INSTRUCTIONS = """\
Readback books tables, rooms, tickets and appointments at real venues, and reads every booking back from the venue's
own records. A booking takes seconds to minutes: `book` only queues it, `wait_for_booking` sees it through.
Only a result with `confirmed: true` is a booking. Statuses such as `verifying` (the page said yes) or `pending_venue`
are not: then tell the guest what `tell_the_guest` says, and wait again.
When it is unclear what became of a call, never queue the wish under a new idempotency key: call `book` again with the
same one."""

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
BOOKS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
CANCELS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True)

BookingId = Annotated[str, Field(description="From `book`, as bk_01m834szzffxy8k28y2h.")]


def make_server(api: Api) -> MCPServer[Any]:
    """A server whose tools speak to this API."""
    with _root_logger_as_it_is():
        server: MCPServer[Any] = MCPServer(
            "readback", title="Readback", version=version("readback"), instructions=INSTRUCTIONS
        )
    _add_looks(server, api)
    _add_bookings(server, api)
    return server


def _add_looks(server: MCPServer[Any], api: Api) -> None:
    @server.tool(title="Find venues", annotations=READS)
    async def find_venues(
        ctx: Call,
        city: Annotated[str | None, Field(description="As Bologna.")] = None,
        kind: Annotated[str | None, Field(description="As restaurant.")] = None,
        group: Annotated[str | None, Field(description="Only venues of this group.")] = None,
        words: Annotated[
            str | None, Field(description="Words that its name, its place or what it sells must have.")
        ] = None,
    ) -> VenuesResult:
        """Look up the venues that can be booked: their slugs and groups are what `book` asks for."""
        async with api(ctx) as readback:
            with _told():
                found = []
                async for venue in readback.venues(city=city, kind=kind, group=group, q=words):
                    found.append(VenueResult.of(venue))
                    if len(found) == MOST_VENUES:
                        break
        return VenuesResult(venues=tuple(found))

    @server.tool(title="What was last seen free", annotations=READS)
    async def last_seen_availability(
        ctx: Call,
        venue: Annotated[str, Field(description="A slug, from find_venues.")],
        date: Annotated[str, Field(description="As 2030-06-14.")],
        people: Annotated[int | None, Field(description="For so many only.")] = None,
    ) -> AvailabilityResult:
        """What was free at a venue when it was last looked at, and how old that is.

        Nobody looks now: it is a hint, and `book` does not need it.
        """
        async with api(ctx) as readback:
            with _told():
                return AvailabilityResult.of(await readback.availability(venue, date, people))

    @server.tool(title="Show a booking", annotations=READS)
    async def show_booking(ctx: Call, booking_id: BookingId) -> BookingResult:
        """The booking as it is now. It is booked only if `confirmed` is true."""
        async with api(ctx) as readback:
            with _told():
                return BookingResult.of(await readback.booking(booking_id))

    @server.tool(title="Wait for a booking", annotations=READS)
    async def wait_for_booking(
        ctx: Call,
        booking_id: BookingId,
        at_most_s: Annotated[int, Field(ge=1, le=LONGEST_WAIT_S, description="Wait no longer than that.")] = WAIT_S,
    ) -> BookingResult:
        """Wait until a booking is settled, and report what happens meanwhile as progress.

        If it is not settled in time (`settled` is false) nothing is wrong: it goes on, call this again. It is booked
        only if `confirmed` is true; after a cancellation it is gone only if `status` is `cancelled`.
        """
        async with api(ctx) as readback:
            with _told():
                return BookingResult.of(await _seen_through(readback, ctx, booking_id, at_most_s))


def _add_bookings(server: MCPServer[Any], api: Api) -> None:
    @server.tool(title="Queue a booking", annotations=BOOKS)
    async def book(
        ctx: Call,
        idempotency_key: Annotated[
            str,
            Field(
                description="Your own name for this wish, as order-4711 (1 to 255 visible ASCII characters). The "
                "same one gives the same booking, however often it is sent; take a new one only for a new wish."
            ),
        ],
        wish: BookingWish,
    ) -> BookingResult:
        """Queue a booking. The result is NO confirmation: call wait_for_booking with its `booking_id`.

        If it ends in an error that names faults, nothing was queued: correct them and call again. If it ends without
        an answer, call again with the same idempotency_key and the same wish.
        """
        async with api(ctx) as readback:
            with _told():
                return BookingResult.of(await readback.book(wish.model_dump(exclude_none=True), idempotency_key))

    @server.tool(title="Cancel a booking", annotations=CANCELS)
    async def cancel_booking(ctx: Call, booking_id: BookingId) -> BookingResult:
        """Call a booking off, also at the venue.

        It is gone only once its status is `cancelled`, which is read back too: call wait_for_booking.
        """
        async with api(ctx) as readback:
            with _told():
                return BookingResult.of(await readback.cancel(booking_id))


async def _seen_through(readback: AsyncClient, ctx: Call, booking_id: str, at_most_s: float) -> Any:  # noqa: ANN401
    """The booking once it is settled, or as it is when the time is over."""
    steps, booking = 0, None
    try:
        async for booking in readback.watch(booking_id, timeout_s=at_most_s):
            steps += 1
            message = booking.waits.sentence if booking.waits is not None else booking.sentence
            await ctx.report_progress(steps, message=f"{booking.status}: {message}" if message else booking.status)
    except NotSettled as late:
        return late.booking
    return booking


@contextmanager
def _told() -> Iterator[None]:
    """Let a model read what is wrong, and what to do next."""
    try:
        yield
    except Problem as problem:
        raise ToolError(str(problem)) from None
    except Unreachable as silent:
        key = f" with idempotency_key `{silent.idempotency_key}`" if silent.idempotency_key else ""
        raise ToolError(f"{silent}: it is unclear whether it was done\n-> call again{key}") from None
    except ReadbackError as error:
        raise ToolError(str(error)) from None


@contextmanager
def _root_logger_as_it_is() -> Iterator[None]:
    """The SDK sets the root logger up when a server is made; that is the process's own to do."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
