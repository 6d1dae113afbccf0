"""What the hotel's pages show: rooms with rates, a booking's facts, days and guests in German."""

from __future__ import annotations

import re
from datetime import date

from playwright.async_api import Locator, Page

from farm.errors import VenueChanged
from farm.facts import Claim, Facts, Money, Offer, Party, Stay
from farm.status import VenueStatus
from farm.visit import Visit

MONTHS = (
    *("Jänner", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
_DAY = re.compile(r"(\d{1,2})\. (\w+) (\d{4})")
_GUESTS = re.compile(r"(\d+) Erwachsener?(?:, (\d+) Kind(?:er)?)?")
_GREETED = re.compile(r"freuen uns auf Sie, (.+)\.")
_LEFT = re.compile(r"noch (\d+) frei")
_RATE = re.compile(r"\s*(.+?)\s+([\d.]+,\d\d)\s€")


async def open_list(visit: Visit, path: str) -> list[Locator]:
    """The rooms to be had; nothing too where the house says why it lists none, or that all are gone meanwhile."""
    page = visit.page
    await visit.open(path, sign=page.get_by_role("heading", name="Verfügbare Zimmer").or_(notice(page)))
    await page.wait_for_load_state("domcontentloaded")  # a choice is checked by script
    none = page.get_by_text("In diesem Zeitraum ist leider kein Zimmer frei")
    sold = page.get_by_role("article").filter(has_text="ausgebucht")
    return await visit.rows(free_rooms(page), none=none.or_(sold).or_(notice(page)))


def free_rooms(page: Page) -> Locator:
    """Not those that were sold meanwhile: they keep their buttons, under a sign that says so."""
    return page.get_by_role("article").filter(has_not_text="ausgebucht")


async def offers(visit: Visit, path: str) -> list[Offer]:
    """Each room at each rate, for the stay that the page says it is for."""
    page, found, rooms = visit.page, [], await open_list(visit, path)
    asked = await _shown(page.get_by_role("region", name="Ihr Aufenthalt")) if rooms else {}
    waits = await page.get_by_role("note").is_visible()
    for room in rooms:
        name, left = await room.get_by_role("heading").inner_text(), _LEFT.search(await room.inner_text())
        for line in await room.get_by_role("listitem").all_inner_texts():
            rate, price = _only(_RATE, line)
            found.append(
                Offer(
                    when=stay(asked),
                    party=party(asked["Gäste"], asked["Zimmer"]),
                    resource=name,
                    service=rate,
                    price=Money.read(price, visit.venue.currency),
                    price_stage="lower_bound",  # the tax comes at the review
                    left=int(left[1]) if left else None,
                    becomes=VenueStatus.PENDING if waits else VenueStatus.CONFIRMED,
                    key=f"{path}#{name} · {rate}",
                )
            )
    return found


async def facts(visit: Visit, block: Locator) -> Facts:
    """Its lists of definitions, as search, review and record have them."""
    shown = await _shown(block)
    price = shown.get("Gesamtpreis")
    return Facts(
        when=stay(shown),
        party=party(shown["Gäste"], shown["Zimmer"]),
        resource=shown.get("Kategorie"),
        service=shown.get("Tarif"),
        guest_name=shown.get("Name"),
        guest_email=shown.get("E-Mail"),
        guest_phone=shown.get("Telefon"),
        note=shown.get("Anmerkungen"),
        price=Money.read(price, visit.venue.currency) if price else None,
        status=visit.status(shown["Status"]) if "Status" in shown else None,
    )


async def claim(visit: Visit) -> Claim:
    """What the thank-you page says below its heading; the number as text, as a picture, or never."""
    page = visit.page
    await page.wait_for_load_state("domcontentloaded")
    number, main = page.get_by_label("Buchungsnummer", exact=True), page.get_by_role("main")
    greeted = _GREETED.search(await main.inner_text())
    shows = await facts(visit, main)
    return Claim(
        reference=await number.inner_text() if await number.is_visible() else None,
        shows=Facts(**{**dict(shows), "guest_name": greeted[1] if greeted else None}),
    )


async def _shown(block: Locator) -> dict[str, str]:
    texts = await block.locator("dl").all_inner_texts()  # why: a list of definitions has no role
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return dict(zip(lines[::2], lines[1::2], strict=True))


def stay(shown: dict[str, str]) -> Stay:
    """From the day of arrival to the day of departure."""
    return Stay(check_in=day(shown["Anreise"]), check_out=day(shown["Abreise"]))


def day(text: str) -> date:
    """The day of a text like ``Freitag, 4. Dezember 2026``."""
    number, month, year = _only(_DAY, text)
    return date(int(year), MONTHS.index(month) + 1, int(number))


def party(guests: str, rooms: str) -> Party:
    """``2 Erwachsene, 1 Kind``, in so many rooms."""
    adults, children = _only(_GUESTS, guests)
    return Party(adults=int(adults), children=int(children or 0), units=int(rooms))


def failed(page: Page) -> Locator:
    """The page that comes when the room is gone."""
    return page.get_by_role("heading", name="Buchung nicht möglich")


def notice(page: Page) -> Locator:
    """The house's own no."""
    return page.get_by_role("alert")


def _only(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.search(text)
    if found is None:
        raise VenueChanged("the page writes a day, a price or its guests in a new way")
    return found.groups()
