"""The theatre's own record: what guests find of their bookings, and what the box office sees."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.async_api import Locator, Page

from farm.contract import Account, Lookup, VenueScript
from farm.errors import SessionLost
from farm.facts import Money, Party, Sighting, Slot
from farm.visit import Visit
from integrations.marlowe_theatre.pages import facts, moment


class TheatreRecords(VenueScript):
    """Reading back and cancelling; a sighting's key is reference and e-mail, whoever showed it."""

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        email, surname = lookup.guest.email, lookup.guest.family_name
        found = [await _sighting(visit, record) for record in await _look_up(visit, email, surname=surname)]
        if lookup.reference and all(seen.reference != lookup.reference for seen in found):
            records = await _look_up(visit, email, reference=lookup.reference)
            found += [await _sighting(visit, record) for record in records]
        return found

    async def read_box_office(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        page, email = visit.page, lookup.guest.email
        found = page.get_by_role("row").filter(has=page.get_by_role("cell"))
        await visit.open(f"/box-office?{urlencode({'q': email})}", sign=page.get_by_role("heading", name=email))
        lines = await visit.rows(found, none=page.get_by_text("No booking matches"))
        return [await _box_office_line(visit, line) for line in lines]

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        code, _, email = sighting.key.partition(" ")
        await _look_up(visit, email, reference=code)
        give_back = page.get_by_role("article", name=code, exact=True).get_by_role(
            "button", name="Give these tickets"
        )
        await visit.press(give_back, done=page.get_by_role("heading", name="Your tickets are cancelled"))

    async def log_in(self, visit: Visit, account: Account) -> None:
        page = visit.page
        password = page.get_by_label("Password")
        await visit.open("/box-office", sign=password)
        await page.get_by_label("User name").fill(account.user or "")
        await password.fill(account.secret.get_secret_value())
        enter, inside = page.get_by_role("button", name="Log in"), page.get_by_role("heading", name="Bookings")
        if await visit.press(enter, inside=inside, wrong=page.get_by_role("alert")) == "wrong":
            raise SessionLost("the box office does not take this user name and password")

    def signed_out(self, page: Page) -> Locator:
        return page.get_by_role("heading", name=re.compile("^(Box office log-in|Your session has ended)$"))


async def _look_up(visit: Visit, email: str, *, reference: str = "", surname: str = "") -> list[Locator]:
    """The guest's bookings on the page that finds them."""
    page = visit.page
    records, none = page.get_by_role("article"), page.get_by_text("No booking found")
    await visit.open("/my-booking", sign=page.get_by_label("E-mail"))
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Booking reference").fill(reference)
    await page.get_by_label("Surname").fill(surname)
    await visit.press(page.get_by_role("button", name="Find booking"), records=records, none=none)
    return await visit.rows(records, none=none)


async def _sighting(visit: Visit, record: Locator) -> Sighting:
    """One booking of that page."""
    shown, code = await facts(visit, record), await record.get_by_role("heading").inner_text()
    return Sighting(**dict(shown), reference=code, key=f"{code} {shown.guest_email}")


async def _box_office_line(visit: Visit, line: Locator) -> Sighting:
    """One booking of the box office's list."""
    _, seats, tickets, name, email, phone, note, total, code, status = await line.get_by_role(
        "cell"
    ).all_inner_texts()
    return Sighting(
        when=Slot(starts_at=await moment(visit, line)),
        resource=seats,
        party=Party(units=int(tickets)),
        guest_name=name,
        guest_email=email,
        guest_phone=phone or None,
        note=note or None,
        price=Money.read(total, visit.venue.currency),
        status=visit.status(status.splitlines()[0]),
        reference=code,
        key=f"{code} {email}",
    )
