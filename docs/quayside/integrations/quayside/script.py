"""Quayside's own site: a list of free boats, a form, no hold; bookings are found again by e-mail."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from playwright.async_api import Locator

from farm.contract import Lookup, VenueScript
from farm.facts import Claim, Facts, Hold, Offer, Party, Recap, Refusal, Sighting, Slot
from farm.request import Request
from farm.visit import Visit


class Quayside(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        page = visit.page
        heading = page.get_by_role("heading", name="Boats on")
        await visit.open(f"/boats?day={request.when.day}", sign=heading)
        day = (await heading.inner_text()).removeprefix("Boats on ")
        links = page.get_by_role("list", name="Free boats").get_by_role("link")
        offers = []
        for row in await visit.rows(links, none=page.get_by_text("Nothing is free on this day")):
            time, _, boat = (await row.inner_text()).partition(" ")
            slot = Slot(starts_at=_moment(f"{day}T{time}", visit))
            offers.append(Offer(when=slot, resource=boat, key=await row.get_attribute("href") or ""))
        return offers

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        await visit.open(offer.key, sign=visit.page.get_by_role("heading", name="Who is coming?"))
        return Hold(offer=offer, binding="none")

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page = visit.page
        await visit.open(hold.offer.key, sign=page.get_by_role("heading", name="Who is coming?"))
        await page.get_by_label("Name").fill(request.guest.name)
        await page.get_by_label("E-mail").fill(request.guest.email)
        await page.get_by_label("People").fill(str(request.party.people))
        recap = page.get_by_role("heading", name="Is this right?")
        await visit.press(page.get_by_role("button", name="Continue"), recap=recap)
        return Recap(**dict(await _facts(visit, page.locator("body"))))  # the recap is the whole page

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page = visit.page
        thanks, refused = page.get_by_role("heading", name="Thank you"), page.get_by_role("alert")
        book = page.get_by_role("button", name="Book it")
        if await visit.press(book, thanks=thanks, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        return Claim(reference=await page.get_by_label("Number").inner_text())

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        page = visit.page
        records, none = page.get_by_role("article"), page.get_by_text("No booking under this address")
        await visit.open(f"/mine?{urlencode({'email': lookup.guest.email})}", sign=records.or_(none))
        return [await _sighting(visit, record) for record in await visit.rows(records, none=none)]

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        record = page.get_by_role("article", name=sighting.reference, exact=True)
        await visit.open(sighting.key, sign=record)
        done = page.get_by_role("heading", name="Called off")
        await visit.press(record.get_by_role("button", name="Call it off"), done=done)


async def _sighting(visit: Visit, record: Locator) -> Sighting:
    facts, number = await _facts(visit, record), await record.get_attribute("aria-label")
    key = f"/mine?{urlencode({'email': facts.guest_email or ''})}"
    return Sighting(**dict(facts), reference=number, key=key)


async def _facts(visit: Visit, block: Locator) -> Facts:
    terms, values = block.get_by_role("term"), block.get_by_role("definition")
    shown = dict(zip(await terms.all_inner_texts(), await values.all_inner_texts(), strict=True))
    when = await block.get_by_role("time").get_attribute("datetime")
    return Facts(
        when=Slot(starts_at=_moment(when or "", visit)),
        party=Party(adults=int(shown["People"])),
        resource=shown["Boat"],
        guest_name=shown["Name"],
        guest_email=shown["E-mail"],
        status=visit.status(shown["Status"]) if "Status" in shown else None,
    )


def _moment(shown: str, visit: Visit) -> datetime:
    return datetime.fromisoformat(shown).replace(tzinfo=visit.venue.zone)
