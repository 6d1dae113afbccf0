"""The client for blocking code."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
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
from readback_client.wire import Account, Bytes, request_of, stream_of, watched_by
from readback_client.wishes import BookingRequest

T = TypeVar("T")


class Client:
    """The API of one farm, with one key. Use it as a context manager, or ``close()`` it; threads may share it.

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
        transport: httpx.BaseTransport | None = None,
        streams: bool = True,
    ) -> None:
        self._http = httpx.Client(transport=transport, **Account.of(key, url).settings)
        self._streams = streams

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def book(self, request: BookingRequest | Mapping[str, Any], idempotency_key: str | None = None) -> Booking:
        """Queue a booking; the answer is no confirmation, ``wait`` brings that.

        Args:
            request: What is wanted.
            idempotency_key: The same key with the same request gives the same booking, however often it is sent.
                Without one, each call is a new booking; its own tries share a key, which an error names.
        """
        return self._one(calls.book(request, idempotency_key))

    def booking(self, booking_id: str) -> Booking:
        """The booking as it is now."""
        return self._one(calls.booking(booking_id))

    def bookings(
        self,
        *,
        status: str | Sequence[str] | None = None,
        venue: str | None = None,
        reseller_reference: str | None = None,
        created_since: datetime | str | None = None,
        created_before: datetime | str | None = None,
    ) -> Iterator[Booking]:
        """All bookings that fit, newest first; pages are fetched as they are needed. Moments carry an offset."""
        query = calls.filters(status, venue, reseller_reference, created_since, created_before)
        return self._each(plans.paged(calls.bookings, query, "cursor"))

    def watch(self, booking_id: str, *, timeout_s: float = 300.0) -> Iterator[Booking]:
        """The booking as it is, and again whenever it has changed, until it is settled.

        A cancellation or change that was asked for is waited for too.

        Raises:
            NotSettled: It goes on after ``timeout_s``.
        """
        return self._each(plans.watched(booking_id, timeout_s, streams=self._streams))

    def wait(self, booking_id: str, *, timeout_s: float = 300.0) -> Booking:
        """The booking as soon as it is settled: by its events, or asked for every second where no stream comes.

        After ``cancel`` and ``change`` it waits until they are proven, or given up.

        Raises:
            NotSettled: It goes on after ``timeout_s``; the error carries the booking.
        """
        *_, settled = self.watch(booking_id, timeout_s=timeout_s)
        return settled

    def cancel(self, booking_id: str) -> Booking:
        """Call a booking off; it is ``cancelled`` only once the venue's record has shown that: ``wait`` for it."""
        return self._one(calls.cancel(booking_id))

    def change(
        self,
        booking_id: str,
        *,
        when: Mapping[str, Any] | None = None,
        party: Mapping[str, Any] | None = None,
    ) -> Booking:
        """Change when, or for how many; what is left out stays."""
        return self._one(calls.change(booking_id, when, party))

    def attended(self, booking_id: str, attendance: Literal["arrived", "no_show"]) -> Booking:
        """Say whether the guest came, once the time has come; said again otherwise, it is corrected."""
        return self._one(calls.attended(booking_id, attendance))

    def evidence(self, booking_id: str) -> tuple[Evidence, ...]:
        """What was kept of its attempts."""
        return self._one(calls.evidence(booking_id))

    def calendar(self, booking_id: str) -> str:
        """The calendar file of a confirmed booking; of one that is no more it takes the entry out."""
        return self._one(calls.calendar(booking_id))

    def reservation(self, booking_id: str) -> dict[str, Any]:
        """The schema.org reservation of a confirmed booking, as JSON-LD; without the guest (``underName``)."""
        return self._one(calls.reservation(booking_id))

    def events(self, *, booking: str | None = None, after: int = 0, type: str | None = None) -> Iterator[Event]:  # noqa: A002 - the API's word
        """All events until now, in order; of one booking, ``after`` is a ``sequence``, else a ``number``."""
        query = {"after": after, "type": type}
        return self._each(plans.paged(lambda query: calls.events(query, booking), query, "after"))

    def stream(self, *, booking: str | None = None, after: int | None = None) -> Iterator[Event]:
        """Events as they happen; broken connections are taken up again without losing or repeating one.

        Args:
            booking: Of this one, from its first event on until it is settled; else of all, from now on and for ever.
            after: Go on behind this ``number`` (of one booking: ``sequence``); 0: from the very first one.
        """
        return self._each(plans.followed(booking, after))

    def venues(
        self, *, city: str | None = None, kind: str | None = None, group: str | None = None
    ) -> Iterator[Venue]:
        """The venues that can be booked."""
        query = {"city": city, "kind": kind, "group": group}
        return self._each(plans.paged(calls.venues, query, "cursor"))

    def venue(self, slug: str) -> Venue:
        """One venue."""
        return self._one(calls.venue(slug))

    def availability(self, slug: str, date: date | str, people: int | None = None) -> Availability:
        """What was last seen of a venue's day, with its age; no visit is made for it."""
        return self._one(calls.availability(slug, date, people))

    def key(self) -> KeyInfo:
        """Whose key this is, and what it may do."""
        return self._one(calls.key())

    def _one(self, call: Call[T]) -> T:
        with closing(self._each(plans.one(call))) as results:
            result: T = next(results)
            return result

    def _each(self, plan: steps.Plan) -> Generator[Any, None, None]:
        """Carry a plan out."""
        with closing(_Line(self._http)) as line:
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
                    came = self._done(step, line)
                except plans.BROKEN as broken:
                    error = broken

    def _done(self, step: steps.Step, line: _Line) -> Any:  # noqa: ANN401 - as the plan that asked knows it
        match step:
            case steps.Send(call):
                return self._http.send(request_of(self._http, call))
            case steps.Hear():
                return line.heard(step)
            case steps.Pause(seconds):
                time.sleep(seconds)
        return None


class _Line:
    """The one stream that a plan hears."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._response: httpx.Response | None = None
        self._events: Iterator[ServerSentEvent] | None = None

    def heard(self, step: steps.Hear) -> ServerSentEvent | None:
        """The next event; None: the stream was ended."""
        is_open = False
        try:
            events = self._events or self._open(step)
            event = next(events, None)
            is_open = event is not None
            return event
        finally:
            if not is_open:
                self.close()

    def _open(self, step: steps.Hear) -> Iterator[ServerSentEvent]:
        self._response = self._http.send(stream_of(self._http, step), stream=True)
        if self._response.status_code == HTTPStatus.NO_CONTENT:
            raise steps.NothingMore
        if not self._response.is_success:
            self._response.read()
            raise problem_of(self._response)
        self._events = EventSource(watched_by(self._response, Bytes(self._response, step))).iter_sse()
        return self._events

    def close(self) -> None:
        """Hang up."""
        if self._response is not None:
            self._response.close()
        self._response = self._events = None
