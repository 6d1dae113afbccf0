"""`bare`: the script by hand in a process of its own, on one warm browser."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import async_playwright

from benchmarks.overhead import by_hand
from benchmarks.overhead.answering import Booker, answer_orders
from benchmarks.overhead.order import Order


@asynccontextmanager
async def opened(origin: str) -> AsyncIterator[Booker]:
    """A booker on a browser that stays."""
    async with async_playwright() as playwright:
        browser = await by_hand.launch(playwright.chromium)

        async def book(order: Order) -> str:
            return await by_hand.book_and_read_back(browser, origin, order)

        yield book
        await browser.close()


if __name__ == "__main__":
    answer_orders(lambda: opened(sys.argv[1]))
