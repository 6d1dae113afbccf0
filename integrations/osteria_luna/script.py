"""Osteria Luna's own site: forms, a five-minute hold, a look-up page for guests. Several houses use it."""

from __future__ import annotations

from datetime import datetime, time

from playwright.async_api import Locator, Page

from farm.contract import Lookup, VenueScript
from farm.errors import RequestRefused, SlotLost
from farm.facts import Claim, Facts, Hold, Offer, Party, Recap, Refusal, Sighting, Slot
from farm.request import Request
from farm.visit import Visit


class OsteriaLuna(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        page = visit.page
        listed, not_taken = page.get_by_role("heading", level=2), page.get_by_role("alert")
        path = f"/prenota?giorno={request.when.day}&coperti={request.party.people}"
        await visit.open(path, sign=listed.or_(not_taken))
        free = page.get_by_role("list", name="Tavoli liberi")
        none = page.get_by_text("Nessun tavolo libero in questo giorno")
        if not await visit.rows(free, none=none.or_(not_taken)):
            if await not_taken.is_visible():
                raise RequestRefused("the house takes no such day or party on its site")
            return []
        day, covers = (await _moment(listed)).date(), (await listed.inner_text()).rpartition(" · ")[2]
        offers = []
        for label in (await free.inner_text()).splitlines():
            at, _, table = label.partition(" · ")
            slot = Slot(starts_at=datetime.combine(day, time.fromisoformat(at), visit.venue.zone))
            party = Party(adults=int(covers.split()[0]))
            offers.append(Offer(when=slot, resource=table, party=party, key=f"{path}#{label}"))
        return offers

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        page = visit.page
        path, _, label = offer.key.partition("#")
        choice = page.get_by_role("button", name=label, exact=True)
        if not await choice.is_visible():
            await visit.open(path, sign=page.get_by_role("heading", level=2))
            if not await choice.is_visible():
                raise SlotLost("the house lists this table no more")
        kept = page.get_by_role("status").get_by_text("Tavolo riservato per lei fino alle")
        if await visit.press(choice, kept=kept, lost=_failed(page)) == "lost":
            raise SlotLost("somebody else was faster")
        return Hold(offer=offer, binding="firm", expires_at=await _moment(kept))

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest = visit.page, request.guest
        name = page.get_by_label("Nome")
        if not await name.is_visible():
            await visit.open("/prenota/dati", sign=name.or_(_failed(page)))
            if await _failed(page).is_visible():
                raise SlotLost("the hold has run out")
        await name.fill(guest.name)
        await page.get_by_label("E-mail").fill(guest.email)
        await page.get_by_label("Telefono").fill(guest.phone or "")
        await page.get_by_label("Note").fill(request.note or "")
        onward, recap = (
            page.get_by_role("button", name="Vai al riepilogo"),
            page.get_by_role("heading", name="Riepilogo"),
        )
        answer = await visit.press(onward, recap=recap, lost=_failed(page), invalid=page.get_by_role("alert"))
        if answer == "lost":
            raise SlotLost("the hold has run out")
        if answer == "invalid":
            raise RequestRefused("the house does not take these guest details")
        return Recap(**dict(await _facts(visit, page.get_by_role("main"))))

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page = visit.page
        thanks, refused = page.get_by_role("heading", name="Grazie"), page.get_by_role("alert")
        confirm = page.get_by_role("button", name="Conferma prenotazione")
        if await visit.press(confirm, thanks=thanks, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        return Claim(reference=await page.get_by_label("Codice").inner_text())

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return [await _sighting(visit, record) for record in await _look_up(visit, lookup.guest.email)]

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        code, _, email = sighting.key.partition(" ")
        await _look_up(visit, email)
        record = page.get_by_role("article", name=code, exact=True)
        done = page.get_by_role("heading", name="Prenotazione annullata")
        await visit.press(record.get_by_role("button", name="Annulla prenotazione"), done=done)

    async def release(self, visit: Visit, hold: Hold) -> None:
        page = visit.page
        give_up = page.get_by_role("button", name="Rinuncia al tavolo")
        await visit.open("/prenota/dati", sign=give_up.or_(_failed(page)))
        if await give_up.is_visible():
            await visit.press(give_up, done=page.get_by_role("heading", name="Prenota un tavolo"))


async def _look_up(visit: Visit, email: str) -> list[Locator]:
    page = visit.page
    records, none = page.get_by_role("article"), page.get_by_text("Nessuna prenotazione trovata")
    await visit.open("/la-mia-prenotazione", sign=page.get_by_label("E-mail"))
    await page.get_by_label("E-mail").fill(email)
    await visit.press(page.get_by_role("button", name="Cerca"), records=records, none=none)
    return await visit.rows(records, none=none)


async def _sighting(visit: Visit, record: Locator) -> Sighting:
    facts, code = await _facts(visit, record), await record.get_by_role("heading").inner_text()
    return Sighting(**dict(facts), reference=code, key=f"{code} {facts.guest_email}")


async def _facts(visit: Visit, block: Locator) -> Facts:
    lines = (await block.locator("dl").inner_text()).splitlines()  # a list of definitions has no role
    shown = dict(zip(lines[::2], lines[1::2], strict=True))
    return Facts(
        when=Slot(starts_at=await _moment(block.get_by_role("definition"))),
        party=Party(adults=int(shown["Coperti"])),
        resource=shown.get("Tavolo"),
        guest_name=shown.get("Nome"),
        guest_email=shown.get("E-mail"),
        guest_phone=shown.get("Telefono"),
        note=shown.get("Note"),
        status=visit.status(shown["Stato"]) if "Stato" in shown else None,
    )


def _failed(page: Page) -> Locator:
    return page.get_by_role("heading", name="Prenotazione non riuscita")


async def _moment(block: Locator) -> datetime:
    return datetime.fromisoformat(await block.get_by_role("time").get_attribute("datetime") or "")
