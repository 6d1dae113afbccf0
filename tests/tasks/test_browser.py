"""The warm browser when Chromium freezes, dies or wears out: visits get a context all the same, nothing is left."""

from __future__ import annotations

import contextlib
import signal

import psutil
import pytest
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import ProxySettings

from profiles.terms.fingerprint import Viewport
from profiles.visiting import Appearance
from tasks import browser as module
from tasks.browser import NoBrowser, WarmBrowser

pytestmark = pytest.mark.browser
PLAIN = Appearance("it-IT", "Europe/Rome", Viewport(), "light")
NOWHERE = ProxySettings(server="http://127.0.0.1:9", bypass="<-loopback>")


def living(*names: str) -> list[psutil.Process]:
    """Every live process below this one with such a name; some end while they are looked at."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            named = any(name in process.name() for name in names)
            if named and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def chromiums() -> list[psutil.Process]:
    """Every live Chromium process."""
    return living("chrom")


def everything() -> list[psutil.Process]:
    """Chromium, and the drivers that start it."""
    return living("chrom", "node")


def send(processes: list[psutil.Process], number: signal.Signals) -> None:
    """The signal to each that still runs: a renderer ends by itself when its browser does."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


@pytest.fixture
async def warm(monkeypatch):
    monkeypatch.setattr(module, "CONTEXT_S", 2.0)
    monkeypatch.setattr(module, "CLOSE_S", 2.0)
    warm = WarmBrowser()
    yield warm
    await warm.stop()
    psutil.wait_procs(everything(), timeout=5)
    assert everything() == []


async def looks(warm) -> dict[str, object]:
    """What a page of a fresh context says about itself."""
    context = await warm.new_context(PLAIN, NOWHERE)
    page = await context.new_page()
    said: dict[str, object] = await page.evaluate(
        "({locale: navigator.language, zone: Intl.DateTimeFormat().resolvedOptions().timeZone, width: innerWidth})"
    )
    await warm.close_context(context)
    return said


async def test_contexts_are_as_the_profile_says_and_know_nothing_of_each_other(warm):
    assert await looks(warm) == {"locale": "it-IT", "zone": "Europe/Rome", "width": 1280}
    first, second = await warm.new_context(PLAIN, NOWHERE), await warm.new_context(PLAIN, NOWHERE)
    await first.add_cookies([{"name": "a", "value": "b", "url": "http://127.0.0.1:9/"}])
    assert await second.cookies() == []
    await warm.close_context(first)
    await warm.close_context(second)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_browser_that_freezes_or_dies_between_visits_is_replaced(warm, number):
    await looks(warm)
    frozen = chromiums()
    assert frozen
    send(frozen, number)
    assert (await looks(warm))["locale"] == "it-IT"
    psutil.wait_procs(frozen, timeout=5)
    assert set(chromiums()).isdisjoint(frozen)


async def test_a_context_of_a_frozen_browser_is_closed_by_killing_it(warm):
    context = await warm.new_context(PLAIN, NOWHERE)
    frozen = chromiums()
    assert frozen
    send(frozen, signal.SIGSTOP)
    await warm.close_context(context)
    psutil.wait_procs(frozen, timeout=5)
    assert chromiums() == []


async def test_a_worn_browser_serves_its_visits_to_the_end(warm, monkeypatch):
    monkeypatch.setattr(module, "MOST_CONTEXTS", 2)
    first, second = await warm.new_context(PLAIN, NOWHERE), await warm.new_context(PLAIN, NOWHERE)
    third = await warm.new_context(PLAIN, NOWHERE)
    assert third.browser is not first.browser
    page = await second.new_page()
    assert await page.evaluate("1 + 1") == 2
    for context in (first, second, third):
        await warm.close_context(context)
    assert not first.browser.is_connected()
    assert third.browser.is_connected()


async def test_no_chromium_is_said_with_what_to_do(warm, monkeypatch):
    monkeypatch.setenv("READBACK_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(NoBrowser, match="make setup"):
        await warm.new_context(PLAIN, NOWHERE)


@pytest.mark.parametrize("how", ["exit 1", "exec sleep 60"])
async def test_a_chromium_that_does_not_start_leaves_no_driver_behind(warm, monkeypatch, tmp_path, how):
    program = tmp_path / "chromium"
    program.write_text(f"#!/bin/sh\n{how}\n")
    program.chmod(0o755)
    monkeypatch.setenv("READBACK_CHROMIUM", str(program))
    monkeypatch.setattr(module, "START_S", 3.0)
    for _ in range(2):
        with pytest.raises((PlaywrightError, TimeoutError)):
            await warm.new_context(PLAIN, NOWHERE)
        psutil.wait_procs(living("chrom", "node", "sleep"), timeout=5)
        assert living("chrom", "node", "sleep") == []
