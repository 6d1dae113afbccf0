"""One warm headless browser for the tests of a module. Use: ``from tests.browsers import browser``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tasks.machine.chromium import find_chromium
from tasks.machine.finding import Found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium as a worker would start it."""
    chromium = find_chromium()
    assert isinstance(chromium, Found), chromium
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.path, args=["--no-sandbox"])
        yield browser
        await browser.close()
