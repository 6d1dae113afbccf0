"""What pretix's pages have in common: how they settle, their marks, the shop's path and calendar file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, Page

from farm.errors import VenueChanged
from farm.facts import Slot
from farm.visit import Visit

RELOADED = 2


def shop_of(visit: Visit) -> str:
    """The path of the venue's shop."""
    return f"/{visit.venue.text('organizer')}/{visit.venue.text('event')}/"


async def open_settled(visit: Visit, path: str, sign: Locator) -> None:
    """Open a shop or order page, and wait until it stays.

    Over plain http the first such page of a tab reloads itself once (it looks for a cookie that only https has): what
    is typed or shown before is lost.
    """
    page = visit.page
    if page.url == "about:blank" and visit.venue.origin.startswith("http:"):
        commits = count(1)
        async with page.expect_event(
            "framenavigated", lambda frame: frame == page.main_frame and next(commits) == RELOADED
        ):
            await visit.open(path, sign=sign)
        await visit.must_show(sign)
    else:
        await visit.open(path, sign=sign)
    await page.wait_for_load_state("domcontentloaded")  # the buttons work by script


def alert(page: Page) -> Locator:
    """The shop says no."""
    return page.locator(".alert-danger:not(.alert-testmode)")  # why: the shop's messages have no role


def value_of(inside: Page | Locator, term: str) -> Locator:
    """The value beside a term."""
    return inside.locator(f'dt:text-is("{term}") + dd')  # why: no role binds a definition to its term


def one_of(names: Iterable[str]) -> str | None:
    """The name that all have; all names when they differ, which is then not what was asked; None without any."""
    return ", ".join(sorted({name.strip() for name in names if name.strip()})) or None


async def slot_in(marked: Locator, attribute: str) -> Slot:
    """Begin and end (where it is shown) as the page marks them for machines, with their offset."""
    moments = [datetime.fromisoformat(await each.get_attribute(attribute) or "") for each in await marked.all()]
    if not moments:
        raise VenueChanged("the page no longer marks when it begins")
    return Slot(starts_at=moments[0], ends_at=moments[1] if len(moments) > 1 else None)


async def slot_in_calendar(visit: Visit, number: int | None) -> Slot:
    """When the event (or the date of this number) takes place now, as the shop's calendar file says."""
    path = f"{shop_of(visit)}ical/" + ("" if number is None else f"{number}/")
    event = (await visit.call("GET", path)).text.partition("BEGIN:VEVENT")[2]
    found = re.findall(r"^DT(START|END)(?:;TZID=([^:\r\n]+))?:(\d{8}T\d{6})Z?", event, re.MULTILINE)
    moments = {
        name: datetime.strptime(moment, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(zone) if zone else UTC)
        for name, zone, moment in found
    }
    if "START" not in moments:
        raise VenueChanged(f"{visit.venue.slug}: the calendar file has no beginning")
    return Slot(starts_at=moments["START"], ends_at=moments.get("END"))
