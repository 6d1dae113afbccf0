"""What a browser was answered, kept and (where somebody asks for it) changed on its way to the page."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import APIResponse, CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from farm.contract import Account
from farm.gate import CommitGate
from farm.phases import Step
from farm.ports import Visits
from farm.visit import Visit

_READABLE = ("html", "json", "text/plain", "text/calendar", "xml")
_OF_THE_LENGTH = frozenset({"content-length", "content-encoding", "transfer-encoding", "etag"})
_KINDS = ("Document", "XHR", "Fetch")


@dataclass(frozen=True)
class Body:
    """One answer, as the page got it.

    Attributes:
        url: Where it came from.
        media: Its content type.
        text: Its body, before anything was changed.
    """

    url: str
    media: str
    text: str

    @property
    def is_json(self) -> bool:
        """Data, not a page."""
        return "json" in self.media


Change = Callable[[Body], str]


class Mirror:
    """Visits whose answers are seen (the core's port ``Visits``): of a booking those after the last click, else all.

    Answers are changed where the browser receives them, so that every hop of a redirect, each frame and each script's
    own request is seen; those of ``visit.call``, which no browser sees, are changed where it reads them.

    Attributes:
        seen: The answers so far, as the venue gave them.
        changed: Those that were changed, as the page got them.
        change: What is done to each; None: nothing.
    """

    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self.seen: list[Body] = []
        self.changed: list[Body] = []
        self.change: Change | None = None

    def has_account(self, role: str) -> bool:
        return self._visits.has_account(role)

    def has_mailbox(self) -> bool:
        return self._visits.has_mailbox()

    @asynccontextmanager
    async def open(
        self, gate: CommitGate, steps: tuple[Step, ...], role: str | None, made: Account | None = None
    ) -> AsyncIterator[Visit]:
        async with self._visits.open(gate, steps, role, made) as visit:
            watch = _Watch(self, gate if Step.SUBMIT in steps else None)
            await watch.page(visit.page)
            watch.wire(visit.page)
            yield visit

    def through(self, body: Body) -> str:
        """The body as it goes on to the page."""
        self.seen.append(body)
        text = self.change(body) if self.change is not None else body.text
        if text != body.text:
            self.changed.append(Body(body.url, body.media, text))
        return text


class _Watch:
    """One visit's answers."""

    def __init__(self, mirror: Mirror, booking: CommitGate | None) -> None:
        self._mirror = mirror
        self._booking = booking
        self._tasks: set[asyncio.Task[None]] = set()

    def _is_on(self) -> bool:
        return self._booking is None or self._booking.sent == "yes"

    async def page(self, page: Page) -> None:
        """See what the page is answered."""
        session = await page.context.new_cdp_session(page)

        def paused(event: dict[str, Any]) -> None:
            task = asyncio.create_task(self._answered(session, event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        session.on("Fetch.requestPaused", paused)
        patterns = [{"requestStage": "Response", "resourceType": kind} for kind in _KINDS]
        await session.send("Fetch.enable", {"patterns": patterns})

    async def _answered(self, session: CDPSession, event: dict[str, Any]) -> None:
        with contextlib.suppress(PlaywrightError):  # the page closed under the answer
            await self._pass_on(session, event)

    async def _pass_on(self, session: CDPSession, event: dict[str, Any]) -> None:
        headers = {one["name"].lower(): one["value"] for one in event.get("responseHeaders", [])}
        media, named = headers.get("content-type", ""), {"requestId": event["requestId"]}
        hop = "location" in headers or "responseErrorReason" in event
        if hop or not self._is_on() or not any(kind in media for kind in _READABLE):
            await session.send("Fetch.continueRequest", named)
            return
        got = await session.send("Fetch.getResponseBody", named)
        raw = base64.b64decode(got["body"]) if got["base64Encoded"] else got["body"].encode()
        body = Body(event["request"]["url"], media, raw.decode("utf-8", "replace"))
        text = self._mirror.through(body)
        if text == body.text:
            await session.send("Fetch.continueRequest", named)
            return
        kept = [one for one in event["responseHeaders"] if one["name"].lower() not in _OF_THE_LENGTH]
        status, sent = event["responseStatusCode"], base64.b64encode(text.encode()).decode()
        await session.send(
            "Fetch.fulfillRequest", {**named, "responseCode": status, "responseHeaders": kept, "body": sent}
        )

    def wire(self, page: Page) -> None:
        """See what the script itself is answered."""
        sender = page.context.request
        fetch = sender.fetch

        async def seen(*given: Any, **named: Any) -> APIResponse:  # noqa: ANN401 - as Playwright has it
            response = await fetch(*given, **named)
            media = response.headers.get("content-type", "")
            if self._is_on() and "location" not in response.headers and any(kind in media for kind in _READABLE):
                text = self._mirror.through(Body(response.url, media, await response.text()))

                async def said() -> str:
                    return text

                response.text = said  # type: ignore[method-assign] # one answer's, as if it had come so
            return response

        sender.fetch = seen  # type: ignore[method-assign] # this context's only
