"""An API that does what a test tells it: it fails, cuts its streams, keeps them back."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.api.serving import Server

PROOF = {"kind": "matched", "channel": "guest_page", "at": "2030-01-01T00:00:00Z", "venue_status": "CONFIRMED"}
Answer = Response | str
"""What comes next in place of the real answer; ``cut``: the connection ends without one."""


def problem(status: int, kind: str, **headers: str) -> Response:
    """A problem as the API writes it."""
    body = {
        "type": f"/problems/{kind}",
        "title": kind,
        "status": status,
        "detail": "said by a test",
        "instance": "req_1",
        "faults": [{"where": "guest.email", "what": "is no e-mail address"}],
        "then": "correct it",
        "a_newer_field": 1,
    }
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status, headers={"Readback-Request-Id": "req_1"} | headers)


class Cut(Exception):
    """The connection ends without an answer."""


@dataclass
class StandIn:
    """A few bookings in memory.

    Attributes:
        next: Answers to the next requests, whatever they ask; then it does what it is asked.
        seen: Every request, as method and path.
        keys: The ``Idempotency-Key`` of every request that had one.
        resumed: The ``Last-Event-ID`` of every stream that was opened.
        retry_ms: How long a stream asks to be left alone before it is opened again.
        streams: How streams are: ``well``, ``kept_back`` (not a byte comes), ``refused``, ``begun`` and no
            more, ``cut`` after each event.
    """

    next: deque[Answer] = field(default_factory=deque)
    seen: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    resumed: list[str | None] = field(default_factory=list)
    streams: str = "well"
    retry_ms: int = 1
    bookings: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    authorizations: set[str | None] = field(default_factory=set)

    def queue(self, **more: Any) -> str:
        """A new booking."""
        now = datetime.now(UTC).isoformat()
        booking = f"bk_{len(self.bookings) + 1}"
        self.bookings[booking] = {
            "id": booking,
            "status": "queued",
            "settled": False,
            "sentence": "It is being looked at.",
            "waits": {"for": "worker", "until": None, "sentence": "a worker will take it"},
            "created_at": now,
            "updated_at": now,
            "a_newer_field": {"deep": True},
        } | more
        self.tell(booking, "booking.queued")
        return booking

    def tell(self, booking: str, kind: str, **changes: Any) -> None:
        """Something happens to a booking."""
        of_it = [event for event in self.events if event["booking"] == booking]
        self.bookings[booking] = self.bookings[booking] | {"last_event": len(of_it) + 1} | changes
        self.events.append(
            {
                "number": len(self.events) + 1,
                "type": kind,
                "at": datetime.now(UTC).isoformat(),
                "booking": booking,
                "sequence": len(of_it) + 1,
                "attempt": None,
                "venue": None,
                "data": {},
            }
        )

    def confirm(self, booking: str) -> None:
        """It is read back."""
        self.tell(booking, "booking.confirmed", status="confirmed", settled=True, waits=None, verdict=PROOF)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Every request comes in here."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            self.seen.append((request.method, scope["raw_path"].decode()))
            self.authorizations.add(request.headers.get("authorization"))
            if (key := request.headers.get("idempotency-key")) is not None:
                self.keys.append(key)
            if self.next:
                await self._instead(self.next.popleft(), scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _instead(self, answer: Answer, scope: Any, receive: Any, send: Any) -> None:
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise Cut

    def __post_init__(self) -> None:
        self._app = Starlette(
            routes=[
                Route("/v1/bookings", self._book, methods=["POST"]),
                Route("/v1/bookings", self._list),
                Route("/v1/bookings/{id}", self._show),
                Route("/v1/bookings/{id}", self._change, methods=["PATCH"]),
                Route("/v1/bookings/{id}/cancel", self._cancel, methods=["POST"]),
                Route("/v1/bookings/{id}/events/stream", self._stream),
                Route("/v1/events/stream", self._stream),
                Route("/v1/events", self._page),
                Route("/v1/bookings/{id}/events", self._page),
                Route("/v1/venues", self._venues),
                Route("/v1/venues/{slug}/availability", self._availability),
            ]
        )

    async def _book(self, request: Request) -> Response:
        key, body = request.headers["idempotency-key"], await request.json()
        is_new = key not in self.by_key
        if is_new:
            self.by_key[key] = self.queue(request=body)
        return JSONResponse(self.bookings[self.by_key[key]], 201 if is_new else 200)

    async def _show(self, request: Request) -> Response:
        booking = self.bookings.get(request.path_params["id"])
        return JSONResponse(booking) if booking else problem(404, "not-found")

    async def _change(self, request: Request) -> Response:
        booking = request.path_params["id"]
        self.tell(booking, "booking.change_requested", asked=await request.json())
        return JSONResponse(self.bookings[booking], 202)

    async def _cancel(self, request: Request) -> Response:
        booking = request.path_params["id"]
        if booking not in self.bookings:
            return problem(404, "not-found")
        self.tell(booking, "booking.cancelled", status="cancelled", settled=True)
        return JSONResponse(self.bookings[booking], 202)

    async def _list(self, request: Request) -> Response:
        wanted = request.query_params.getlist("status")
        found = [b for b in reversed(self.bookings.values()) if not wanted or b["status"] in wanted]
        start = int(request.query_params.get("cursor", 0))
        rest = found[start + 2 :]
        return JSONResponse({"bookings": found[start : start + 2], "next": str(start + 2) if rest else None})

    async def _page(self, request: Request) -> Response:
        after = int(request.query_params["after"])
        found = [event for event in self.events if event["number"] > after]
        return JSONResponse({"events": found[:3], "next": found[2]["number"] if found[3:] else None})

    async def _venues(self, request: Request) -> Response:
        venue = {"slug": "luna", "name": "Luna", "kind": "table", "timezone": "Europe/Rome", "currency": "EUR"}
        return JSONResponse({"venues": [venue | {"city": request.query_params.get("city")}], "next": None})

    async def _availability(self, request: Request) -> Response:
        return JSONResponse(
            {"venue": request.path_params["slug"], "date": request.query_params["date"], "seen": [], "new": 1}
        )

    async def _stream(self, request: Request) -> Response:
        resumed = request.headers.get("last-event-id")
        self.resumed.append(resumed)
        if self.streams == "refused":
            return problem(403, "scope-missing")
        if self.streams == "page":
            return Response("<html>welcome to the hotel's wireless net</html>", media_type="text/html")
        booking = request.path_params.get("id")
        place = "number" if booking is None else "sequence"
        newest = len([event for event in self.events if booking in {None, event["booking"]}])
        after = int(resumed or (newest if booking is None else 0))
        if booking is not None and self.bookings[booking]["settled"] and after == newest:
            return Response(status_code=204)
        return StreamingResponse(self._flow(after, booking, place), media_type="text/event-stream")

    async def _flow(self, after: int, booking: str | None, place: str) -> AsyncIterator[str]:
        if self.streams == "kept_back":
            await asyncio.Event().wait()
        yield f"id: {after}\nretry: {self.retry_ms}\n\n"
        if self.streams == "begun":
            raise Cut
        while True:
            for event in [each for each in self.events if booking in {None, each["booking"]}][after:]:
                after = event[place]
                yield f"id: {after}\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n"
                if self.streams == "cut":
                    raise Cut
            yield ": ping\n\n"
            await asyncio.sleep(0.01)


@dataclass
class Serving:
    """An application behind a real port, in a thread of its own."""

    server: uvicorn.Server
    thread: threading.Thread

    @classmethod
    def start(cls, app: Any, port: int = 0) -> Serving:
        more: dict[str, Any] = {"port": port, "log_level": "critical", "timeout_graceful_shutdown": 0}
        is_real = isinstance(app, FastAPI)
        server = Server(app, **more) if is_real else uvicorn.Server(uvicorn.Config(app, **more))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.01)
        serving = cls(server, thread)
        if isinstance(app, StandIn):
            app.url = serving.url
        return serving

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()
