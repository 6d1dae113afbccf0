"""What a client does, without doing it: plans yield ``steps``, and are sent what came of each.

``Client`` and ``AsyncClient`` carry the same plans out; only how a step is done differs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

import httpx
from httpx_sse import ServerSentEvent, SSEError
from pydantic import ValidationError

from readback_client import calls
from readback_client.answers import Booking, Event
from readback_client.calls import Call, Query
from readback_client.errors import NotSettled, Problem, ReadbackError, Unreachable, problem_of
from readback_client.steps import Give, Hear, NothingMore, Pause, Plan, Send, Step

T = TypeVar("T")

TRIES = 5
OUTAGE_TRIES = 20
"""For a stream that came through before: some seven minutes, in which a gateway is started again."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
"""Who is told to come back later than that is told so, and decides."""
QUIET_S = 25.0
"""A stream that brings not even a ping for so long (they come every 15 seconds) does not come through."""
POLL_S = 1.0
LASTED_S = 10.0
"""A stream that ends after so long did come through."""
AGAIN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
MAY_BE_DONE = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
"""A proxy says this also when the answer was lost behind it."""
STILL_BEING_WRITTEN = "still-being-written"


BROKEN = (httpx.TransportError, SSEError, Problem, NothingMore)
"""How a stream may be other than with its next event."""


class Page(Protocol):
    """Some of many."""

    @property
    def items(self) -> tuple[Any, ...]:
        """In their order."""

    @property
    def next(self) -> Any:  # noqa: ANN401 - a number or a cursor: only the server reads it
        """Where the next page begins; None: there is none."""


def one(call: Call[T]) -> Plan:
    """Give the answer to a call, asked for again where that can help.

    Raises:
        Problem: The API says no.
        Unreachable: It does not say anything.
    """
    try:
        yield Give((yield from _answer(call)))
    except ReadbackError as error:
        error.idempotency_key = call.idempotency_key
        raise


def paged(page: Callable[[Query], Call[Any]], query: Query, cursor: str) -> Plan:
    """Give every item of all pages.

    Args:
        page: The call for one page.
        query: What all pages share, and where the first one begins.
        cursor: The parameter that says where a page begins.
    """
    while True:
        found: Page = yield from _answer(page(query))
        for item in found.items:
            yield Give(item)
        if found.next is None:
            return
        query = {**query, cursor: found.next}


def followed(call: Call[None], after: int | None) -> Plan:
    """Give every event as it happens; a stream that breaks is opened again behind the last event.

    Raises:
        Problem: The API says no.
        Unreachable: The stream never came through, or did not for some minutes.
    """
    patience = Patience()
    place = _Place(None if after is None else str(after))
    while True:
        asked_at = time.monotonic()
        try:
            heard = yield Hear(call, place.last_id, QUIET_S)
        except NothingMore:
            return
        except BROKEN as error:
            _must_help_again(error, patience)
            heard = None
        if heard is None:
            if time.monotonic() - asked_at > LASTED_S:
                patience.begin_anew()
            yield Pause(patience.pause_s(place.retry_s))
            continue
        patience = Patience(OUTAGE_TRIES)
        event = place.behind(heard)
        if event is not None:
            yield Give(event)


def watched(booking_id: str, timeout_s: float, *, streams: bool) -> Plan:
    """Give a booking as it is, and again whenever it has changed, until it is at rest.

    It is looked at after each of its events, or every second where no stream comes through.

    Raises:
        NotSettled: It goes on after ``timeout_s``.
        Problem: The API says no.
        Unreachable: It never said anything.
    """
    until = time.monotonic() + timeout_s
    ear = _Ear(booking_id, until) if streams else None
    known: Booking | None = None
    while True:
        try:
            booking: Booking = yield from _answer(calls.booking(booking_id))
        except Unreachable:
            if known is None:
                raise
            booking = known  # a gateway that is started again does not end a wait
        is_new = known is None or booking.model_copy(update={"last_event": known.last_event}) != known
        known = booking
        if is_new:
            yield Give(booking)
        if booking.at_rest:
            return
        if time.monotonic() >= until:
            raise NotSettled(booking)
        if ear is None or not ear.hears:
            yield Pause(min(POLL_S, max(until - time.monotonic(), 0)))
        else:
            yield from ear.event_behind(booking.last_event)


class Patience:
    """How often in a row something may fail, and the pauses between, each about twice as long as the last."""

    def __init__(self, tries: int = TRIES) -> None:
        self._tries = tries
        self._failed = 0

    @property
    def is_over(self) -> bool:
        """True when the next failure is the last."""
        return self._failed >= self._tries - 1

    def begin_anew(self) -> None:
        """Something went well."""
        self._failed = 0

    def pause_s(self, least_s: float = 0.0) -> float:
        """Note a failure: the pause before the next try."""
        longest_s = min(FIRST_PAUSE_S * 2.0**self._failed, LONGEST_PAUSE_S)
        self._failed += 1
        return max(longest_s * random.uniform(0.5, 1), least_s)  # noqa: S311 - jitter is no secret


class _Place:
    """Where a stream is.

    Attributes:
        last_id: What it goes on behind.
        retry_s: How long it asks for to be left alone before it is opened again.
    """

    def __init__(self, last_id: str | None = None) -> None:
        self.last_id = last_id
        self.retry_s = 0.0

    def behind(self, heard: ServerSentEvent) -> Event | None:
        """The event that came; None for pings (which come without data), and for what a newer server may send."""
        if heard.retry is not None:
            self.retry_s = min(heard.retry / 1000, LONGEST_PAUSE_S)
        try:
            return Event.model_validate_json(heard.data) if heard.data else None
        except ValidationError:
            return None
        finally:
            self.last_id = heard.id or self.last_id


class _Ear:
    """Hears a booking's stream, until it is clear that none comes through."""

    def __init__(self, booking_id: str, until: float) -> None:
        self._call = calls.stream(booking_id)
        self._until = until
        self._place = _Place()
        self._patience = Patience(tries=3)
        self.hears = True

    def event_behind(self, sequence: int) -> Plan:
        """Return when there is something that is not known yet, or nothing more to hear."""
        self._place.last_id = self._place.last_id or str(sequence)
        while (heard := (yield from self._heard())) is not None:
            event = self._place.behind(heard)
            if event is not None and event.sequence > sequence:
                return

    def _heard(self) -> Generator[Step, Any, ServerSentEvent | None]:
        read_s = min(QUIET_S, max(self._until - time.monotonic(), 0.01))
        try:
            heard: ServerSentEvent | None = yield Hear(self._call, self._place.last_id, read_s, self._until)
        except BROKEN as error:
            is_silent = isinstance(error, httpx.ReadTimeout) and read_s == QUIET_S
            is_no = isinstance(error, Problem | NothingMore)
            self.hears = not (is_silent or is_no or self._patience.is_over)
            heard = None
        if heard is None:
            pause_s = self._patience.pause_s(self._place.retry_s)
            yield Pause(min(pause_s, max(self._until - time.monotonic(), 0)))
        else:
            self._patience.begin_anew()
        return heard


def _answer(call: Call[T]) -> Generator[Step, Any, T]:
    patience = Patience()
    while True:
        try:
            response = yield Send(call)
        except httpx.TransportError as error:
            if patience.is_over or (call.once and not isinstance(error, httpx.ConnectError)):
                raise Unreachable(f"{call.method} {call.path}: {type(error).__name__}") from error
            yield Pause(patience.pause_s())
            continue
        if response.is_success:
            return _read(call, response)
        problem = problem_of(response)
        if patience.is_over or not _helps_again(problem) or (call.once and problem.status in MAY_BE_DONE):
            raise problem
        pause_s = patience.pause_s() if problem.retry_after_s is None else problem.retry_after_s
        if pause_s > LONGEST_PAUSE_S:
            raise problem
        yield Pause(pause_s)


def _read(call: Call[T], response: httpx.Response) -> T:
    try:
        return call.read(response)
    except ValidationError:
        raise Unreachable(f"{call.method} {call.path}: the answer is none of a Readback API") from None


def _must_help_again(error: Exception, patience: Patience) -> None:
    """Raise what a stream has met, unless opening it once more may help."""
    if isinstance(error, Problem):
        if patience.is_over or not _helps_again(error):
            raise error
    elif patience.is_over:
        raise Unreachable(f"the stream: {error!r}") from error


def _helps_again(problem: Problem) -> bool:
    return problem.status in AGAIN or problem.kind == STILL_BEING_WRITTEN
