"""A ferry's own site, as short as can be. One name is left to find out."""

from __future__ import annotations

from datetime import datetime

from farm.contract import Lookup, VenueScript
from farm.facts import Claim, Hold, Offer, Recap, Refusal, Sighting, Slot
from farm.request import Request
from farm.visit import Visit


class ToDos(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        page = visit.page
        await visit.open("/ferries", sign=page.get_by_role("heading", name="Ferries"))
        rows = await visit.rows(page.get_by_role("listitem"), none=page.get_by_text("No ferry"))
        if not rows:
            return []
        hours = [await row.inner_text() for row in rows]
        return [Offer(when=Slot(starts_at=datetime.fromisoformat(hour)), key=hour) for hour in hours]

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        return Hold(offer=offer, binding="none")

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page = visit.page
        await visit.open(f"/ferries/{hold.offer.key}", sign=page.get_by_label("Name"))
        await page.get_by_label("Name").fill(request.guest.name)
        return Recap(guest_name=await page.get_by_role("status").inner_text())

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page, refused = visit.page, visit.page.get_by_role("alert")
        thanks = page.get_by_role("heading", name="Thank you")
        if await visit.press(page.get_by_role("button", name="Book"), thanks=thanks, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        return Claim(reference=await page.get_by_label("TODO: what the number is called").inner_text())

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        page = visit.page
        records, none = page.get_by_role("article"), page.get_by_text("No booking")
        await visit.open(f"/mine?email={lookup.guest.email}", sign=records.or_(none))
        return [
            Sighting(status=visit.status(await record.get_by_role("status").inner_text()))
            for record in await visit.rows(records, none=none)
        ]
