"""Signs the requests of a context's pages, each one by itself: where a redirect leads is signed for where it leads.

Not by the headers of a Playwright route: those would go along to wherever the venue redirects, to other hosts too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Page, Request, Route
from playwright.async_api import Error as PlaywrightError

from profiles.signing import Signer

EVERYTHING = {"patterns": [{"urlPattern": "*", "requestStage": "Request"}]}


class SignedPages:
    """Every page of one context, its frames and workers with it.

    Args:
        context: The context of a visit.
        signer: Signs for the partner.
        covers: True for addresses of the agreement: nothing else is ever signed.
    """

    def __init__(self, context: BrowserContext, signer: Signer, covers: Callable[[str], bool]) -> None:
        self._context = context
        self._signer = signer
        self._covers = covers
        self._working: set[asyncio.Task[None]] = set()

    async def sign(self, page: Page) -> None:
        """Sign everything that this page asks for, and all pages that are opened later."""
        await self._watch(page)
        await self._context.route("**/*", self._first_of_a_page)
        self._context.on("page", lambda other: self._begin(self._watch(other)))

    async def _watch(self, page: Page) -> None:
        session = await self._context.new_cdp_session(page)
        session.on("Fetch.requestPaused", lambda paused: self._begin(self._let_out(session, paused)))
        await session.send("Fetch.enable", EVERYTHING)

    async def _let_out(self, session: CDPSession, paused: dict[str, Any]) -> None:
        asked, onward = paused["request"], {"requestId": paused["requestId"]}
        if self._covers(asked["url"]):
            headers = asked["headers"] | self._signer.headers(asked["method"], asked["url"])
            onward["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
        await session.send("Fetch.continueRequest", onward)

    async def _first_of_a_page(self, route: Route, request: Request) -> None:
        """A page that a site opens is watched only once its first answer has come: the question is signed here."""
        if not _has_a_page(request) and self._covers(request.url):
            await route.fallback(headers=request.headers | self._signer.headers(request.method, request.url))
        else:
            await route.fallback()

    def _begin(self, work: Any) -> None:  # noqa: ANN401 - a coroutine of ours
        task = asyncio.ensure_future(_unless_gone(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)


async def _unless_gone(work: Any) -> None:  # noqa: ANN401 - a coroutine of ours
    with suppress(PlaywrightError):  # the page was closed under it
        await work


def _has_a_page(request: Request) -> bool:
    try:
        return request.frame is not None
    except PlaywrightError:
        return False
