"""Opens the site in the worker's browser under a profile, and reads everything back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from playwright.async_api import BrowserContext, Page

from farm.facts import Fact
from profiles.visiting import Appearance
from tasks.browser import WarmBrowser
from tools.appearance.site import ELSEWHERE, HERE, Asked, Site

READ_S = 30.0
_FETCH = "fetch('/asked-by-fetch')"
_XHR = """new Promise((done, failed) => {
  const request = new XMLHttpRequest(); request.open('GET', '/asked-by-xhr');
  request.onload = done; request.onerror = failed; request.send(); }).then(() => null)"""
_FRAME = """(url) => new Promise((done) => {
  const frame = document.createElement('iframe'); frame.src = url; frame.onload = () => done(null);
  document.body.append(frame); })"""
_WORKER = """new Promise((done, failed) => {
  const worker = new Worker('/page.js');
  worker.onmessage = (event) => done(event.data); worker.onerror = () => failed(new Error('no worker')); })"""
_SERVICE = "navigator.serviceWorker.register('/page.js').then((one) => Boolean(one), () => false)"


class Window(Fact):
    """What a page says of its window; sizes in CSS pixels, width first."""

    inner: tuple[int, int]
    outer: tuple[int, int]
    screen: tuple[int, int]
    scale: float
    matches_width: bool
    matches_scale: bool
    scheme: str
    webgl: str | None


class Said(Fact):
    """What one place (a page, a frame, a worker) says about itself.

    Attributes:
        offsets_min: Minutes east of Greenwich in the middle of January and of July 2027.
    """

    where: str
    user_agent: str
    platform: str
    languages: tuple[str, ...]
    language: str
    processors: int
    memory_gb: float | None
    touch_points: int | None
    brands: tuple[tuple[str, str], ...]
    full_brands: tuple[tuple[str, str], ...]
    hint_platform: str | None
    hint_release: str | None
    hint_architecture: str | None
    hint_mobile: bool | None
    timezone: str
    intl_locale: str
    offsets_min: tuple[int, int]
    shared_worker: bool
    window: Window | None


@dataclass(frozen=True)
class Reading:
    """Everything that a visit said.

    Attributes:
        wanted: What the profile says.
        engine: The full version of the browser that ran.
        asked: Every request, by what made it.
        said: Every place that said something.
        service_worker: True when the page could have one.
    """

    wanted: Appearance
    engine: str
    asked: dict[str, dict[str, str]]
    said: tuple[Said, ...]
    service_worker: bool


async def read_back(browser: WarmBrowser, wanted: Appearance) -> Reading:
    """What the browser says under an appearance, read from a page on loopback. No venue is visited."""
    async with asyncio.timeout(READ_S), Site() as site:
        context = await browser.new_context(wanted, site.server)
        try:
            said, service_worker = await _visit(context)
            version = context.browser.version if context.browser is not None else ""
        finally:
            await browser.close_context(context)
    asked: dict[str, dict[str, str]] = {}
    for one in site.asked:
        name = _made_by(one)
        asked[f"{name} again" if name in asked else name] = one.headers
    return Reading(wanted, version, asked, said, service_worker)


async def _visit(context: BrowserContext) -> tuple[tuple[Said, ...], bool]:
    page = context.pages[0]
    await page.goto(f"{HERE}/page?document")
    for script in (_FETCH, _XHR):
        await page.evaluate(script)
    await page.evaluate(_FRAME, f"{ELSEWHERE}/page?frame")
    worker = await page.evaluate(_WORKER)
    async with page.expect_popup() as popping:
        await page.evaluate("(url) => { window.open(url) }", f"{HERE}/page?popup")
    popup = await popping.value
    await popup.reload()  # what a popup says is settled once it is known: its first request was
    await context.request.get(f"{HERE}/asked-on-the-wire")
    said = [
        await _said(page, "page"),
        await _said_by_frame(page),
        Said.model_validate(worker),
        await _said(popup, "popup"),
    ]
    return tuple(said), bool(await page.evaluate(_SERVICE))


async def _said(page: Page, where: str) -> Said:
    return Said.model_validate(await page.evaluate("(where) => said(where)", where))


async def _said_by_frame(page: Page) -> Said:
    return Said.model_validate(await page.frames[-1].evaluate("said('frame')"))


def _made_by(asked: Asked) -> str:
    name = asked.path.partition("?")[2] or asked.path.strip("/")
    return {"page.js": "script"}.get(name, name.removeprefix("asked-by-").removeprefix("asked-on-the-"))
