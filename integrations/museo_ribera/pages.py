"""What the museum's pages show: the entries of a day, the review, a guest's own visits."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page

from farm.facts import Claim, Facts, Money, Offer, Party, Sighting, Slot
from farm.status import VenueStatus
from farm.visit import Visit


async def free_entries(visit: Visit) -> list[Offer]:
    """What the page lists as free; nothing too where it says in a notice why it lists nothing."""
    page = visit.page
    free = _listed(page).get_by_role("button", disabled=False)
    none = page.get_by_text("No quedan entradas para este día")
    if not await visit.rows(free, none=none.or_(no(page)).or_(page.get_by_role("note"))):
        return []
    heading = page.get_by_role("heading", level=2)
    title = (await heading.inner_text()).partition(" · ")[0]
    day = date.fromisoformat(await heading.get_by_role("time").get_attribute("datetime") or "")
    counts = [
        int(await page.get_by_role("textbox", name=kind, exact=False).input_value())
        for kind in ("General", "Reducida", "Niños")
    ]
    party = Party(adults=counts[0] + counts[1], children=counts[2], units=sum(counts))
    waits = await page.get_by_text("quedan pendientes de aprobación").is_visible()
    address = urlsplit(page.url)
    offers = []
    for text in await free.all_inner_texts():
        at, _, left, *price = text.split()
        offers.append(
            Offer(
                when=Slot(starts_at=datetime.combine(day, time.fromisoformat(at), visit.venue.zone)),
                resource=title,
                party=party,
                price=Money.read(" ".join(price), visit.venue.currency),
                left=int(left),
                becomes=VenueStatus.PENDING if waits else VenueStatus.CONFIRMED,
                key=f"{address.path}?{address.query}#{at}",
            )
        )
    return offers


def entry(page: Page, offer: Offer) -> Locator:
    """The button of an offer on the page that lists it."""
    return _listed(page).get_by_role("button", name=offer.key.partition("#")[2], disabled=False)


async def look_up(visit: Visit, email: str) -> list[Locator]:
    """The guest's visits, as "Consultar mi visita" shows them."""
    page = visit.page
    records, none = page.get_by_role("article"), page.get_by_text("No encontramos ninguna visita con estos datos")
    await visit.open("/mi-visita", sign=page.get_by_label("Correo electrónico"))
    await page.get_by_label("Correo electrónico").fill(email)
    look = page.get_by_role("button", name="Consultar", exact=True)
    await visit.press(look, records=records, none=none, no=no(page))
    return await visit.rows(records, none=none)


async def sighting(visit: Visit, record: Locator) -> Sighting:
    """One visit of the look-up page; its key is what acts on it there."""
    shown, code = await facts(visit, record), await record.get_by_role("heading").inner_text()
    return Sighting(**dict(shown), reference=code, key=f"{code} {shown.guest_email}")


async def facts(visit: Visit, block: Locator) -> Facts:
    """A list of definitions, as review and visit have it."""
    terms, values = block.get_by_role("term"), block.get_by_role("definition")
    shown = dict(zip(await terms.all_inner_texts(), await values.all_inner_texts(), strict=True))
    begins, ends = [await each.get_attribute("datetime") or "" for each in await values.get_by_role("time").all()]
    counts = {kind: int(count) for count, kind in re.findall(r"(\d+) × (\w+)", shown["Entradas"])}
    children = counts.get("Niños", 0)
    return Facts(
        when=Slot(starts_at=datetime.fromisoformat(begins), ends_at=datetime.fromisoformat(ends)),
        resource=shown["Exposición"],
        party=Party(adults=sum(counts.values()) - children, children=children, units=sum(counts.values()) or None),
        guest_name=shown.get("Nombre"),
        guest_email=shown.get("Correo"),
        guest_phone=shown.get("Teléfono"),
        note=shown.get("Observaciones"),
        price=Money.read(shown["Total"], visit.venue.currency),
        status=visit.status(shown["Estado"]) if "Estado" in shown else None,
    )


async def claim(visit: Visit) -> Claim:
    """What the thank-you view says; it is drawn at once, code and all, or the code only as a picture."""
    main, code = visit.page.get_by_role("main"), visit.page.get_by_label("Localizador")
    thanked = re.search(r"Gracias, (.+?)\. (?:Enseñe|Le llamaremos)", await main.inner_text())
    shows = await facts(visit, main)
    return Claim(
        reference=await code.inner_text() if await code.is_visible() else None,
        shows=Facts(**{**dict(shows), "guest_name": thanked[1] if thanked else None}),
    )


def no(page: Page) -> Locator:
    """The museum's own no, in a modal box or on the page."""
    return page.get_by_role("alertdialog").or_(page.get_by_role("alert"))


def gone(page: Page) -> Locator:
    """The page that comes when a reservation has ended."""
    return page.get_by_role("heading", name="Reserva no disponible")


def _listed(page: Page) -> Locator:
    return page.get_by_role("list", name="Horas de entrada")
