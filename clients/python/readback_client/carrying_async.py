"""How asyncio carries plans out: the connections, and the one stream that a plan hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from httpx_sse import EventSource, ServerSentEvent

from readback_client import plans, steps
from readback_client.calls import Call
from readback_client.errors import problem_of
from readback_client.wire import Account, AsyncBytes, request_of, stream_of, watched_by

T = TypeVar("T")


class AsyncCarrying:
    """An account with its connections."""

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
