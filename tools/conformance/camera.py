"""Sees the pages of a run from outside the script: what the last one looked like when its visit ended."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import BrowserContext, ProxySettings
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

    async def new_context(self, appearance: Appearance, proxy: ProxySettings) -> BrowserContext:
        return await self.engine.new_context(appearance, proxy)

    async def close_context(self, context: BrowserContext) -> None:
        if self.keeps is not None and context.pages:
            self.keeps.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(PlaywrightError, TimeoutError):  # the page may be gone, or hang
                async with asyncio.timeout(PICTURE_S):
                    await context.pages[-1].screenshot(path=self.keeps)
        await self.engine.close_context(context)
