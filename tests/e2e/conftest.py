"""What the end-to-end tests stand on: the real shop, installed when it is not there yet, and a warm browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from fixtures.pretix_shop.shop import PretixShop
from tasks.machine.chromium import find_chromium
from tasks.machine.finding import Found


@pytest.fixture(scope="session")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretixShop]:
    """A pretix that cannot be installed is a failure, not a reason to skip."""
    with PretixShop.start(tmp_path_factory.mktemp("pretix")) as shop, pytest.MonkeyPatch.context() as patch:
        for name, value in shop.secrets().items():
            patch.setenv(name, value)
        yield shop


@pytest.fixture
def shop(running_shop: PretixShop) -> PretixShop:
    """The shop as it was seeded: nothing sold, nothing held."""
    running_shop.reset()
    return running_shop


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    chromium = find_chromium()
    assert isinstance(chromium, Found), chromium
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.path, args=["--no-sandbox"])
        yield browser
        await browser.close()
