"""Sees the pages of a run from outside the script: what the last one looked like when its visit ended."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from profiles.visiting import Appearance, Engine

PICTURE_S = 5.0


@dataclass
class Camera:
    """Stands between a farm and its browser (the port ``Engine``).

    Attributes:
        keeps: Where the last page of the next visits is kept as a picture; None: it is not.
    """

    engine: Engine
    keeps: Path | None = None
    _pages: dict[BrowserContext, list[Page]] = field(default_factory=dict)

    async def new_context(self, appearance: Appearance, proxy: str) -> BrowserContext:
        context = await self.engine.new_context(appearance, proxy)
        pages = self._pages[context] = []
        context.on("page", pages.append)
        return context

    async def close_context(self, context: BrowserContext) -> None:
        pages = self._pages.pop(context, [])
        if self.keeps is not None and pages:
            self.keeps.parent.mkdir(parents=True, exist_ok=True)
            await self._take(pages[-1], self.keeps)
        await self.engine.close_context(context)

    async def _take(self, page: Page, to: Path) -> None:
        with contextlib.suppress(PlaywrightError, TimeoutError):  # the page may be gone
            async with asyncio.timeout(PICTURE_S):
                await page.screenshot(path=to)
