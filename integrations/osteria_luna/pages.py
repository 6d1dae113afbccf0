"""What the site's pages show: free tables, a booking's facts, what became of a hold."""

from __future__ import annotations

from datetime import datetime, time

from playwright.async_api import Locator, Page

from farm.contract import Lookup
from farm.errors import OutcomeUnknown, VenueChanged
from farm.facts import Claim, Facts, Offer, Party, Sighting, Slot
from farm.status import VenueStatus
from farm.visit import Visit


async def free_tables(visit: Visit, path: str) -> list[Offer]:
    """What a page with free tables lists; nothing too where it says in a notice why it lists none."""
    page = visit.page
    listed, not_taken = page.get_by_role("heading", level=2), notice(page)
    await visit.open(path, sign=listed.or_(not_taken))
    free = page.get_by_role("list", name="Tavoli liberi")
    none = page.get_by_text("Nessun tavolo libero in questo giorno")
    if not await visit.rows(free, none=none.or_(not_taken)):
        return []
    day, covers = (await moment(listed)).date(), (await listed.inner_text()).rpartition(" · ")[2]
    party = Party(adults=int(covers.split()[0]))
    waits = await page.get_by_text("ogni richiesta resta in attesa").is_visible()
    offers = []
    for label in (await free.inner_text()).splitlines():
        at, _, table = label.partition(" · ")
        slot = Slot(starts_at=datetime.combine(day, time.fromisoformat(at), visit.venue.zone))
        offers.append(
            Offer(
                when=slot,
                resource=table,
                party=party,
                key=f"{path}#{label}",
                becomes=VenueStatus.PENDING if waits else VenueStatus.CONFIRMED,
            )
        )
    return offers


async def claim(page: Page) -> Claim:
    """What the thank-you page says below its heading: code and time, or nothing."""
    await page.wait_for_load_state("domcontentloaded")
    code, when = page.get_by_label("Codice"), page.get_by_role("main").get_by_role("time")
    return Claim(
        reference=await code.inner_text() if await code.is_visible() else None,
        shows=Facts(when=Slot(starts_at=await moment(page.get_by_role("main")))) if await when.is_visible() else None,
    )


def table(page: Page, offer: Offer) -> Locator:
    """The button of an offer on the page that lists it."""
    return page.get_by_role("button", name=offer.key.partition("#")[2], exact=True)


async def look_up(visit: Visit, email: str) -> list[Locator]:
    """The guest's bookings on the look-up page."""
    page = visit.page
    records, none = page.get_by_role("article"), page.get_by_text("Nessuna prenotazione trovata")
    await visit.open("/la-mia-prenotazione", sign=page.get_by_label("E-mail"))
    await page.get_by_label("E-mail").fill(email)
    await visit.press(page.get_by_role("button", name="Cerca"), records=records, none=none)
    return await visit.rows(records, none=none)


async def sighting(visit: Visit, record: Locator) -> Sighting:
    """One booking of the look-up page; its key is what acts on it there."""
    shown, code = await facts(visit, record), await record.get_by_role("heading").inner_text()
    return Sighting(**dict(shown), reference=code, key=f"{code} {shown.guest_email}")


async def facts(visit: Visit, block: Locator) -> Facts:
    """A list of definitions, as recap and record have it."""
    lines = (await block.locator("dl").inner_text()).splitlines()  # a list of definitions has no role
    shown = dict(zip(lines[::2], lines[1::2], strict=True))
    return Facts(
        when=Slot(starts_at=await moment(block.get_by_role("definition"))),
        party=Party(adults=int(shown["Coperti"])),
        resource=shown.get("Tavolo"),
        guest_name=shown.get("Nome"),
        guest_email=shown.get("E-mail"),
        guest_phone=shown.get("Telefono"),
        note=shown.get("Note"),
        status=visit.status(shown["Stato"]) if "Stato" in shown else None,
    )


async def desk_day(visit: Visit, lookup: Lookup) -> list[Sighting]:
    """The desk's list of the day that was booked.

    Raises:
        OutcomeUnknown: Nobody knows the day.
    """
    if not isinstance(lookup.when, Slot):
        raise OutcomeUnknown("the desk lists one day, and nobody knows which")
    page, day = visit.page, lookup.when.starts_at.astimezone(visit.venue.zone).date()
    listed = page.get_by_role("heading", level=2)
    await visit.open(f"/gestione?giorno={day}", sign=listed)
    if (await moment(listed)).date() != day:
        raise VenueChanged("the desk lists another day than the one that was asked for")
    rows = page.get_by_role("row").filter(has=page.get_by_role("cell"))
    lines = await visit.rows(rows, none=page.get_by_text("Nessuna prenotazione in questo giorno"))
    return [await _desk_line(visit, line) for line in lines]


async def _desk_line(visit: Visit, line: Locator) -> Sighting:
    _, table, covers, name, email, phone, note, code, status = await line.get_by_role("cell").all_inner_texts()
    return Sighting(
        when=Slot(starts_at=await moment(line)),
        party=Party(adults=int(covers)),
        resource=table,
        guest_name=name,
        guest_email=email,
        guest_phone=phone or None,
        note=note or None,
        status=visit.status(status.splitlines()[0]),
        reference=code,
        key=f"{code} {email}",
    )


def failed(page: Page) -> Locator:
    """The page that comes when a hold is gone."""
    return page.get_by_role("heading", name="Prenotazione non riuscita")


def notice(page: Page) -> Locator:
    """The house's own no."""
    return page.get_by_role("alert")


async def moment(block: Locator) -> datetime:
    """The time that a block names."""
    return datetime.fromisoformat(await block.get_by_role("time").get_attribute("datetime") or "")
