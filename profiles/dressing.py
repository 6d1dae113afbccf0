"""Gives the pages of a browser context their identity: by the browser's own settings, nothing goes into a page."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from profiles.fingerprint import Identity


async def dress(context: BrowserContext, identity: Identity) -> Page:
    """Open the context's first page as the identity, and see to it that every further one gets it too.

    Frames and workers have it from their page. The requests of a page that a site opens by itself carry it from the
    first one on; its scripts read it once the page is known here.
    """
    await context.set_extra_http_headers(identity.headers)
    page = await context.new_page()
    await _dress(context, page, identity)
    dressing: set[asyncio.Task[None]] = set()

    def opened(other: Page) -> None:
        task = asyncio.create_task(_dress_if_open(context, other, identity))
        dressing.add(task)
        task.add_done_callback(dressing.discard)

    context.on("page", opened)
    return page


async def _dress(context: BrowserContext, page: Page, identity: Identity) -> None:
    session = await context.new_cdp_session(page)
    await session.send("Emulation.setUserAgentOverride", identity.override)


async def _dress_if_open(context: BrowserContext, page: Page, identity: Identity) -> None:
    with suppress(PlaywrightError):  # it was closed again, or its browser is gone
        await _dress(context, page, identity)
