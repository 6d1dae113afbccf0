"""Where the hotel's bookings are seen again: the guest's own account, and the house's list of arrivals."""

from __future__ import annotations

from datetime import date

from playwright.async_api import Locator

from farm.contract import Lookup
from farm.errors import OutcomeUnknown, VenueChanged
from farm.facts import Money, Sighting, Stay
from farm.visit import Visit
from integrations.hotel_seeblick.pages import day, facts, party


async def own_bookings(visit: Visit) -> list[Sighting]:
    """All that the guest who is logged in has ever booked."""
    found = []
    for record in await open_account(visit):
        code = await record.get_by_role("heading").inner_text()
        found.append(Sighting(**dict(await facts(visit, record)), reference=code, key=code))
    return found


async def open_account(visit: Visit) -> list[Locator]:
    """The bookings of "Meine Buchungen"."""
    page = visit.page
    await visit.open("/konto", sign=page.get_by_role("heading", name="Meine Buchungen"))
    await page.wait_for_load_state("domcontentloaded")
    none = page.get_by_text("Sie haben noch keine Buchung bei uns")
    return await visit.rows(page.get_by_role("article"), none=none)


async def arrivals(visit: Visit, lookup: Lookup) -> list[Sighting]:
    """Who arrives on the day that was booked, as the house's own people see it.

    Raises:
        OutcomeUnknown: Nobody knows the day.
    """
    if not isinstance(lookup.when, Stay):
        raise OutcomeUnknown("the house lists the arrivals of one day, and nobody knows which")
    page, check_in = visit.page, lookup.when.check_in
    listed = page.get_by_role("heading", level=2)
    await visit.open(f"/extranet?tag={check_in}", sign=listed)
    if day(await listed.inner_text()) != check_in:
        raise VenueChanged("the house lists another day than the one that was asked for")
    rows = page.get_by_role("row").filter(has=page.get_by_role("cell"))
    lines = await visit.rows(rows, none=page.get_by_text("An diesem Tag reist niemand an"))
    return [await _arrival(visit, line, check_in) for line in lines]


async def _arrival(visit: Visit, line: Locator, check_in: date) -> Sighting:
    cells = [cell.strip() for cell in await line.get_by_role("cell").all_inner_texts()]
    code, name, email, phone, room, rate, rooms, guests, leaves, price, note, status, _ = cells
    return Sighting(
        when=Stay(check_in=check_in, check_out=day(leaves)),
        party=party(guests, rooms),
        resource=room,
        service=rate,
        guest_name=name,
        guest_email=email,
        guest_phone=phone or None,
        note=note or None,
        price=Money.read(price, visit.venue.currency),
        status=visit.status(status),
        reference=code,
        key=code,
    )
