"""A Celery application as one would begin: a task that launches a browser, books, and closes it."""

from __future__ import annotations

import asyncio

from celery import Celery
from playwright.async_api import async_playwright

from benchmarks.overhead import by_hand
from benchmarks.overhead.order import Order

app = Celery("plain")  # its broker is in CELERY_BROKER_URL, its results in CELERY_RESULT_BACKEND
app.conf.task_default_queue = "plain"


@app.task(name="plain.book")
def book(origin: str, order: str) -> str:
    """Book and read back; the code."""
    return asyncio.run(_book(origin, Order.from_json(order)))


async def _book(origin: str, order: Order) -> str:
    async with async_playwright() as playwright:
        browser = await by_hand.launch(playwright.chromium)
        try:
            return await by_hand.book_and_read_back(browser, origin, order)
        finally:
            await browser.close()
