"""How blocking code carries plans out: the connections, and the one stream that a plan hears."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from httpx_sse import EventSource, ServerSentEvent

from readback_client import plans, steps
from readback_client.calls import Call
from readback_client.errors import problem_of
from readback_client.wire import Account, Bytes, request_of, stream_of, watched_by

T = TypeVar("T")


class Carrying:
    """An account with its connections."""

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
