"""What the hall's pages show: the line, what is on, an order's facts, the box office's list."""

from __future__ import annotations

import re
from datetime import datetime

from playwright.async_api import Locator, Page

from farm.contract import Lookup
from farm.errors import OutcomeUnknown, VenueChanged
from farm.facts import Facts, Money, Offer, Party, Sighting, Slot
from farm.visit import Visit

_TICKETS = re.compile(r"\$(?P<each>[\d,.]+) each(?: Only (?P<left>\d+) left)?")


async def open_shop(visit: Visit, path: str, *, sign: Locator) -> None:
    """Open a page of the shop through the line in front of it, whose page refreshes itself: that is progress."""
    place = visit.page.get_by_role("status").filter(has_text="ahead at")
    await visit.open(path, sign=sign.or_(place))
    while not await sign.first.is_visible():  # why: a sign may have two shapes, and either will do
        stood = " ".join(await visit.lines(place.or_(sign)))
        await visit.must_show(sign.or_(place.filter(has_not_text=stood)))


async def tickets_on(visit: Visit, tickets: int) -> list[Offer]:
    """What the page of a day sells in that number: each section of each show."""
    page = visit.page
    on_sale = page.get_by_role("listitem").filter(has=page.get_by_role("link"), has_text="each")
    if not await visit.rows(on_sale, none=page.get_by_text("No tickets left on this day")):
        return []
    await page.wait_for_load_state("domcontentloaded")  # the list may still be coming in
    offers = []
    for show in await page.get_by_role("article").all():
        act, slot = await show.get_by_role("heading").inner_text(), Slot(starts_at=await moment(visit, show))
        for row in await show.get_by_role("listitem").filter(has=page.get_by_role("link")).all():
            section = row.get_by_role("link")
            said = _TICKETS.search(" ".join((await row.inner_text()).split()))
            if said is None:
                raise VenueChanged("the list no longer says what a ticket costs")
            each = Money.read(said["each"], visit.venue.currency)
            name = await section.inner_text()
            offers.append(
                Offer(
                    when=slot,
                    resource=name,
                    service=act,
                    party=Party(units=tickets),
                    price=each.model_copy(update={"minor": each.minor * tickets}),
                    left=int(said["left"]) if said["left"] else None,
                    key=f"{await section.get_attribute('href')}#{name}",
                )
            )
    return offers


async def facts(visit: Visit, block: Locator) -> Facts:
    """A list of definitions, as cart, review and record have it."""
    await visit.page.wait_for_load_state("domcontentloaded")  # the list may still be coming in
    listed = block.locator("dl")  # why: a list of definitions has no role
    when = await moment(visit, listed)
    lines = await visit.lines(listed)
    shown = dict(zip(lines[::2], lines[1::2], strict=True))
    total = Money.read(shown.get("Total") or shown["Due at will call"], visit.venue.currency)
    return Facts(
        when=Slot(starts_at=when),
        service=shown["Show"],
        resource=shown["Section"],
        party=Party(units=int(shown["Tickets"])),
        guest_name=shown.get("Name"),
        guest_email=shown.get("E-mail"),
        guest_phone=shown.get("Phone"),
        note=shown.get("Note"),
        price=total,
        due=total if "Due at will call" in shown else None,
        status=visit.status(shown["Status"]) if "Status" in shown else None,
    )


async def orders_of(visit: Visit, email: str) -> list[Locator]:
    """The orders of an address on the look-up page."""
    page = visit.page
    orders, none = page.get_by_role("article"), page.get_by_text("No order under this address")
    await visit.open("/orders", sign=page.get_by_label("E-mail"))
    await page.get_by_label("E-mail").fill(email)
    await visit.press(page.get_by_role("button", name="Find my orders"), orders=orders, none=none)
    await page.wait_for_load_state("domcontentloaded")  # the list may still be coming in
    return await visit.rows(orders, none=none)


async def box_office_day(visit: Visit, lookup: Lookup) -> list[Sighting]:
    """The house's list of the day that was booked.

    Raises:
        OutcomeUnknown: Nobody knows the day.
    """
    if not isinstance(lookup.when, Slot):
        raise OutcomeUnknown("the box office lists one day, and nobody knows which")
    page, day = visit.page, lookup.when.starts_at.astimezone(visit.venue.zone).date()
    listed = page.get_by_role("heading", level=2)
    await visit.open(f"/box-office?day={day}", sign=listed)
    if await listed.get_by_role("time").get_attribute("datetime") != day.isoformat():
        raise VenueChanged("the box office lists another day than the one that was asked for")
    await page.wait_for_load_state("domcontentloaded")  # the list may still be coming in
    rows = page.get_by_role("row").filter(has=page.get_by_role("cell"))
    return [
        await _line(visit, row) for row in await visit.rows(rows, none=page.get_by_text("No orders for this day"))
    ]


async def _line(visit: Visit, row: Locator) -> Sighting:
    cells = await row.get_by_role("cell").all_inner_texts()
    act, _, section, tickets, name, email, phone, note, due, number, status = cells
    return Sighting(
        when=Slot(starts_at=await moment(visit, row)),
        service=act,
        resource=section,
        party=Party(units=int(tickets)),
        guest_name=name,
        guest_email=email,
        guest_phone=phone or None,
        note=note or None,
        price=(owed := Money.read(due, visit.venue.currency)),
        due=owed,
        status=visit.status(status.splitlines()[0]),
        reference=number,
        key=f"{number} {email}",
    )


async def moment(visit: Visit, block: Locator) -> datetime:
    """The time that a block names: with its offset where the page marks it, else as our own clock shows it."""
    named = block.get_by_role("time").filter(has_text=re.compile(r"\d"))
    marked = await named.get_attribute("datetime")
    if marked is not None:
        return datetime.fromisoformat(marked)
    said = " ".join(await visit.lines(named))
    return datetime.strptime(said, "%A, %B %d, %Y at %I:%M %p").replace(tzinfo=visit.venue.zone)


async def empty(visit: Visit) -> None:
    """Put the cart's tickets back on sale."""
    await visit.press(give_back(visit.page), done=visit.page.get_by_role("heading", name="Your cart is empty"))


def refused(page: Page) -> Locator:
    """The page that comes when the hall does not take an order."""
    return page.get_by_role("heading", name="We could not take this order")


def alert(page: Page) -> Locator:
    """The hall's own no."""
    return page.get_by_role("alert")


def ended(page: Page) -> Locator:
    """The page that comes when the pass to the shop has run out."""
    return page.get_by_role("heading", name="Your session has ended")


def give_back(page: Page) -> Locator:
    """The button that does so."""
    return page.get_by_role("button", name="Empty cart")
