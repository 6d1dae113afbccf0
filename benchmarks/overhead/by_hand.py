"""The booking and its read-back as somebody would write them who has no farm: straight down, plain Playwright."""

from __future__ import annotations

from datetime import datetime

from playwright.async_api import Browser, BrowserType, Locator

from benchmarks.overhead.order import AT, COVERS, GUEST, PHONE, Order
from tasks.machine.chromium import find_chromium
from tasks.machine.finding import Found


async def book_and_read_back(browser: Browser, origin: str, order: Order) -> str:
    """The code of a booking that the look-up page shows as it was ordered."""
    code, table = await book(browser, origin, order)
    await read_back(browser, origin, order, code, table)
    return code


async def book(browser: Browser, origin: str, order: Order) -> tuple[str, str]:
    """Book; the code and the table."""
    context = await browser.new_context(locale="it-IT", timezone_id="Europe/Rome")
    try:
        page = await context.new_page()
        await page.goto(f"{origin}/prenota?giorno={order.day}&coperti={COVERS}", wait_until="commit")
        slot = page.get_by_role("list", name="Tavoli liberi").get_by_role("button", name=AT).first
        table = (await slot.inner_text()).partition(" · ")[2]
        await slot.click()
        await page.get_by_label("Nome").fill(GUEST)
        await page.get_by_label("E-mail").fill(order.email)
        await page.get_by_label("Telefono").fill(PHONE)
        await page.get_by_label("Note").fill(order.note)
        await page.get_by_role("button", name="Vai al riepilogo").click()
        await page.get_by_role("heading", name="Riepilogo").wait_for()
        await check(page.get_by_role("main"), order, table)
        await page.get_by_role("button", name="Conferma prenotazione").click()
        return await page.get_by_label("Codice").inner_text(), table
    finally:
        await context.close()


async def read_back(browser: Browser, origin: str, order: Order, code: str, table: str) -> None:
    """Look the booking up in a context that knows nothing of it."""
    context = await browser.new_context(locale="it-IT", timezone_id="Europe/Rome")
    try:
        page = await context.new_page()
        await page.goto(f"{origin}/la-mia-prenotazione", wait_until="commit")
        await page.get_by_label("E-mail").fill(order.email)
        await page.get_by_role("button", name="Cerca").click()
        record = page.get_by_role("article", name=code)
        shown = await check(record, order, table)
        assert shown[14:] == ["Stato", "Confermata"], shown
    finally:
        await context.close()


async def check(block: Locator, order: Order, table: str) -> list[str]:
    """Compare what a page shows with what was ordered."""
    at = datetime.fromisoformat(
        await block.get_by_role("definition").get_by_role("time").get_attribute("datetime") or ""
    )
    assert (at.date(), f"{at:%H:%M}") == (order.day, AT), at
    shown = (await block.locator("dl").inner_text()).split("\n")
    values = ["Coperti", str(COVERS), "Tavolo", table, "Nome", GUEST, "E-mail", order.email, "Telefono", PHONE]
    assert shown[2:14] == [*values, "Note", order.note], shown
    return shown


async def launch(chromium: BrowserType) -> Browser:
    """A headless shell."""
    found = find_chromium()
    assert isinstance(found, Found), found
    return await chromium.launch(executable_path=found.path)
