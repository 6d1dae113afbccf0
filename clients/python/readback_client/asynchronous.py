"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
from httpx_sse import EventSource, ServerSentEvent

from readback_client import calls, plans, steps
from readback_client.answers import Availability, Booking, Event, Evidence, KeyInfo, Venue
from readback_client.calls import Call
from readback_client.errors import problem_of
from readback_client.wire import Account, AsyncBytes, request_of, stream_of, watched_by
from readback_client.wishes import BookingRequest

T = TypeVar("T")


class AsyncClient:
    """The API of one farm, with one key. Use it as a context manager, or ``aclose()`` it.

    What gives several things is an asynchronous iterator.

    Every method raises ``Problem`` when the API says no, and ``Unreachable`` when it says nothing; what can be asked
    again without harm is asked again by itself, a few times.

    Args:
        key: The API key; else ``READBACK_API_KEY``.
        url: Where the API is; else ``READBACK_API_URL``, else this machine.
        transport: For tests and proxies, as httpx has it.
        streams: False where streams cannot come through; it is found out otherwise.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        url: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        streams: bool = True,
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport, **Account.of(key, url).settings)
        self._streams = streams

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def book(self, request: BookingRequest | Mapping[str, Any], idempotency_key: str | None = None) -> Booking:
        """Queue a booking; the answer is no confirmation, ``wait`` brings that.

        Args:
            request: What is wanted.
            idempotency_key: The same key with the same request gives the same booking, however often it is sent.
                Without one, each call is a new booking; its own tries share a key, which an error names.
        """
        return await self._one(calls.book(request, idempotency_key))

    async def booking(self, booking_id: str) -> Booking:
        """The booking as it is now."""
        return await self._one(calls.booking(booking_id))

    def bookings(
        self,
        *,
        status: str | Sequence[str] | None = None,
        venue: str | None = None,
        reseller_reference: str | None = None,
        created_since: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> AsyncIterator[Booking]:
        """All bookings that fit, newest first; pages are fetched as they are needed. Moments carry an offset."""
        query = calls.filters(status, venue, reseller_reference, created_since, created_before)
        return self._each(plans.paged(calls.bookings, query, "cursor"))

    def watch(self, booking_id: str, *, timeout_s: float = 300.0) -> AsyncIterator[Booking]:
        """The booking as it is, and again whenever it has changed, until it is settled.

        A cancellation or change that was asked for is waited for too.

        Raises:
            NotSettled: It goes on after ``timeout_s``.
        """
        return self._each(plans.watched(booking_id, timeout_s, streams=self._streams))

    async def wait(self, booking_id: str, *, timeout_s: float = 300.0) -> Booking:
        """The booking as soon as it is settled: by its events, or asked for every second where no stream comes.

        After ``cancel`` and ``change`` it waits until they are proven, or given up.

        Raises:
            NotSettled: It goes on after ``timeout_s``; the error carries the booking.
        """
        return [booking async for booking in self.watch(booking_id, timeout_s=timeout_s)][-1]

    async def cancel(self, booking_id: str) -> Booking:
        """Call a booking off; it is ``cancelled`` only once the venue's record has shown that: ``wait`` for it."""
        return await self._one(calls.cancel(booking_id))

    async def change(
        self,
        booking_id: str,
        *,
        when: Mapping[str, Any] | None = None,
        party: Mapping[str, Any] | None = None,
    ) -> Booking:
        """Change when, or for how many; what is left out stays."""
        return await self._one(calls.change(booking_id, when, party))

    async def attended(self, booking_id: str, attendance: Literal["arrived", "no_show"]) -> Booking:
        """Say whether the guest came, once the time has come; said again otherwise, it is corrected."""
        return await self._one(calls.attended(booking_id, attendance))

    async def evidence(self, booking_id: str) -> tuple[Evidence, ...]:
        """What was kept of its attempts."""
        return await self._one(calls.evidence(booking_id))

    async def calendar(self, booking_id: str) -> str:
        """The calendar file of a confirmed booking; of one that is no more it takes the entry out."""
        return await self._one(calls.calendar(booking_id))

    async def reservation(self, booking_id: str) -> dict[str, Any]:
        """The schema.org reservation of a confirmed booking, as JSON-LD; without the guest (``underName``)."""
        return await self._one(calls.reservation(booking_id))

    def events(self, *, booking: str | None = None, after: int = 0, type: str | None = None) -> AsyncIterator[Event]:  # noqa: A002 - the API's word
        """All events until now, in order; of one booking, ``after`` is a ``sequence``, else a ``number``."""
        query = {"after": after, "type": type}
        return self._each(plans.paged(lambda query: calls.events(query, booking), query, "after"))

    def stream(self, *, booking: str | None = None, after: int | None = None) -> AsyncIterator[Event]:
        """Events as they happen; broken connections are taken up again without losing or repeating one.

        Args:
            booking: Of this one, from its first event on until it is settled; else of all, from now on and for ever.
            after: Go on behind this ``number`` (of one booking: ``sequence``); 0: from the very first one.
        """
        return self._each(plans.followed(booking, after))

    def venues(
        self, *, city: str | None = None, kind: str | None = None, group: str | None = None
    ) -> AsyncIterator[Venue]:
        """The venues that can be booked."""
        query = {"city": city, "kind": kind, "group": group}
        return self._each(plans.paged(calls.venues, query, "cursor"))

    async def venue(self, slug: str) -> Venue:
        """One venue."""
        return await self._one(calls.venue(slug))

    async def availability(self, slug: str, date: date | str, people: int | None = None) -> Availability:
        """What was last seen of a venue's day, with its age; no visit is made for it."""
        return await self._one(calls.availability(slug, date, people))

    async def key(self) -> KeyInfo:
        """Whose key this is, and what it may do."""
        return await self._one(calls.key())

    async def _one(self, call: Call[T]) -> T:
        async with aclosing(self._each(plans.one(call))) as results:
            result: T = await anext(results)
            return result

    async def _each(self, plan: steps.Plan) -> AsyncGenerator[Any, None]:
        """Carry a plan out."""
        async with aclosing(_Line(self._http)) as line:
            came, error = None, None
            while True:
                try:
                    step = plan.send(came) if error is None else plan.throw(error)
                except StopIteration:
                    return
                came, error = None, None
                if isinstance(step, steps.Give):
                    yield step.item
                    continue
                try:
                    came = await self._done(step, line)
                except plans.BROKEN as broken:
                    error = broken

    async def _done(self, step: steps.Step, line: _Line) -> Any:  # noqa: ANN401 - as the plan that asked knows it
        match step:
            case steps.Send(call):
                return await self._http.send(request_of(self._http, call))
            case steps.Hear():
                return await line.heard(step)
            case steps.Pause(seconds):
                await asyncio.sleep(seconds)
        return None


class _Line:
    """The one stream that a plan hears."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._response: httpx.Response | None = None
        self._events: AsyncGenerator[ServerSentEvent, None] | None = None

    async def heard(self, step: steps.Hear) -> ServerSentEvent | None:
        """The next event; None: the stream was ended."""
        is_open = False
        try:
            events = self._events or await self._open(step)
            event = await anext(events, None)
            is_open = event is not None
            return event
        finally:
            if not is_open:
                await self.aclose()

    async def _open(self, step: steps.Hear) -> AsyncGenerator[ServerSentEvent, None]:
        self._response = await self._http.send(stream_of(self._http, step), stream=True)
        if self._response.status_code == HTTPStatus.NO_CONTENT:
            raise steps.NothingMore
        if not self._response.is_success:
            await self._response.aread()
            raise problem_of(self._response)
        heard = watched_by(self._response, AsyncBytes(self._response, step))
        self._events = EventSource(heard).aiter_sse()
        return self._events

    async def aclose(self) -> None:
        """Hang up."""
        if self._events is not None:
            await self._events.aclose()
        if self._response is not None:
            await self._response.aclose()
        self._response = self._events = None
