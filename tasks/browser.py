"""The worker's browser: one warm headless shell per process, a fresh context per visit, everything under a deadline.

``evaluate``, ``new_context`` and ``close`` hang for ever on a frozen browser, ``is_connected`` stays true without a
driver (both measured), so health is what answers in time, and what does not is killed with its whole process tree.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field

import psutil
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import BrowserContext, Playwright, ProxySettings, async_playwright
from playwright.async_api import Error as PlaywrightError

from profiles.dressing import dress
from profiles.fingerprint import identity_of, this_machine
from profiles.visiting import Appearance
from tasks.machine.chromium import find_chromium, launch
from tasks.machine.finding import Missing

log = logging.getLogger(__name__)

START_S = 30.0
CONTEXT_S = 10.0
CLOSE_S = 5.0
MOST_CONTEXTS = 100
OLDEST_S = 30 * 60
MOST_BYTES = 900 * 1024 * 1024
BYTES_EVERY = 10
"""Sources: reliability facts 25, 26, 36 (recycle at 100 contexts, 30 minutes, 900 MiB; close within 5 s)."""


class NoBrowser(RuntimeError):
    """No Chromium can be started on this machine."""


@dataclass
class _Warm:
    """One running browser with its driver."""

    playwright: Playwright
    browser: PlaywrightBrowser
    processes: list[psutil.Process]
    born: float = field(default_factory=time.monotonic)
    served: int = 0
    open: set[BrowserContext] = field(default_factory=set)
    retired: bool = False


class WarmBrowser:
    """Gives contexts of a warm browser, and replaces the browser when it is old, big, worn or dead.

    Args:
        sandbox: Chromium's own, where it can be had.
    """

    def __init__(self, *, sandbox: bool = True) -> None:
        self._sandbox = sandbox
        self._warm: _Warm | None = None
        self._owner: dict[BrowserContext, _Warm] = {}
        self._starting = asyncio.Lock()

    async def new_context(self, appearance: Appearance, proxy: ProxySettings) -> BrowserContext:
        """A fresh context, with its first page open.

        Args:
            appearance: What it says about itself.
            proxy: What all its connections run through.

        Raises:
            NoBrowser: Two browsers in a row gave none.
        """
        for _ in range(2):
            warm = await self._running()
            try:
                async with asyncio.timeout(CONTEXT_S):
                    context = await warm.browser.new_context(
                        locale=appearance.locale,
                        timezone_id=appearance.timezone,
                        viewport={"width": appearance.viewport.width, "height": appearance.viewport.height},
                        color_scheme="dark" if appearance.color_scheme == "dark" else "light",
                        device_scale_factor=appearance.scale,
                        proxy=proxy,
                        service_workers="block",
                        accept_downloads=False,
                    )
                    await dress(
                        context,
                        identity_of(
                            appearance.family,
                            appearance.locale,
                            warm.browser.version,
                            appearance.session,
                            this_machine(),
                        ),
                    )
            except (TimeoutError, PlaywrightError) as error:
                log.warning("browser gave no context (%s): a new one is started", type(error).__name__)
                await self._kill(warm)
                continue
            warm.served += 1
            warm.open.add(context)
            self._owner[context] = warm
            return context
        raise NoBrowser("two browsers in a row gave no context; `readback doctor` says what is wrong")

    async def warm(self) -> None:
        """Start the browser now, so that the first visit need not wait for it."""
        await self._running()

    async def close_context(self, context: BrowserContext) -> None:
        """Close a context; a browser that does not close it in time is killed."""
        warm = self._owner.pop(context)
        warm.open.discard(context)
        try:
            async with asyncio.timeout(CLOSE_S):
                await context.close()  # with its routes: without them requests would leave past the gate
        except (TimeoutError, PlaywrightError) as error:
            log.warning("browser did not close a context (%s): it is killed", type(error).__name__)
            await self._kill(warm)
        if warm.retired and not warm.open:
            await self._end(warm)

    async def stop(self) -> None:
        """End the browser and its driver."""
        if self._warm is not None:
            await self._end(self._warm)

    async def _running(self) -> _Warm:
        async with self._starting:
            if self._warm is not None and _is_worn(self._warm):
                self._warm.retired = True
                worn, self._warm = self._warm, None
                if not worn.open:
                    await self._end(worn)
            if self._warm is None:
                self._warm = await _start(sandbox=self._sandbox)
            return self._warm

    async def _end(self, warm: _Warm) -> None:
        if self._warm is warm:
            self._warm = None
        with contextlib.suppress(TimeoutError, PlaywrightError):
            async with asyncio.timeout(CLOSE_S):
                await warm.browser.close()
                await warm.playwright.stop()
        _kill_tree(warm.processes)

    async def _kill(self, warm: _Warm) -> None:
        if self._warm is warm:
            self._warm = None
        _kill_tree(warm.processes)
        await _stop(warm.playwright)


async def _start(*, sandbox: bool) -> _Warm:
    found = find_chromium()
    if isinstance(found, Missing):
        raise NoBrowser(f"{found.why}: {found.get}")
    before = set(psutil.Process().children(recursive=True))
    playwright: Playwright | None = None
    try:
        async with asyncio.timeout(START_S):
            playwright = await async_playwright().start()
            browser = await launch(playwright, found.path, sandbox=sandbox)
    except BaseException:
        if playwright is not None:
            await _stop(playwright)
        _kill_tree(_since(before))
        raise
    return _Warm(playwright, browser, _since(before))


async def _stop(playwright: Playwright) -> None:
    with contextlib.suppress(TimeoutError, PlaywrightError):
        async with asyncio.timeout(CLOSE_S):
            await playwright.stop()


def _since(before: set[psutil.Process]) -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if process not in before]


def _is_worn(warm: _Warm) -> bool:
    if not warm.browser.is_connected() or warm.served >= MOST_CONTEXTS or time.monotonic() - warm.born > OLDEST_S:
        return True
    return warm.served % BYTES_EVERY == BYTES_EVERY - 1 and _bytes(warm.processes) > MOST_BYTES


def _bytes(processes: list[psutil.Process]) -> int:
    """Their own memory; what they share (the program itself) would count once for each."""
    total = 0
    for process in _trees(processes):
        with contextlib.suppress(psutil.Error):
            memory = process.memory_info()
            total += memory.rss - getattr(memory, "shared", 0)
    return total


def _trees(processes: list[psutil.Process]) -> set[psutil.Process]:
    found = set(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found.update(process.children(recursive=True))
    return found


def _kill_tree(processes: list[psutil.Process]) -> None:
    for process in _trees(processes):
        with contextlib.suppress(psutil.Error):
            process.kill()
