"""Osteria Luna's own site: forms, a five-minute hold, a look-up page for guests. Several houses use it."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from playwright.async_api import Locator, Page

from farm.choosing import choose
from farm.contract import Account, Lookup, VenueScript
from farm.errors import RequestRefused, SessionLost, SlotLost
from farm.facts import Claim, Hold, Offer, Recap, Refusal, Sighting
from farm.request import Request
from farm.visit import Visit
from integrations.osteria_luna.pages import (
    claim,
    desk_day,
    facts,
    failed,
    free_tables,
    look_up,
    moment,
    notice,
    sighting,
    table,
)


class OsteriaLuna(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        offers = await free_tables(visit, f"/prenota?{_wish(request)}")
        if await notice(visit.page).is_visible():
            raise RequestRefused("the house takes no such day or party on its site")
        return offers

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        page, choice = visit.page, table(visit.page, offer)
        if not await choice.is_visible():
            await visit.open(offer.key.partition("#")[0], sign=page.get_by_role("heading", level=2))
            if not await choice.is_visible():
                raise SlotLost("the house lists this table no more")
        kept = page.get_by_role("status").get_by_text("Tavolo riservato per lei fino alle")
        if await visit.press(choice, kept=kept, lost=failed(page)) == "lost":
            raise SlotLost("somebody else was faster")
        address = urlsplit(page.url)
        key = f"{address.path}?{address.query}"
        return Hold(offer=offer, binding="firm", expires_at=await moment(kept), key=key)

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest = visit.page, request.guest
        name = page.get_by_label("Nome")
        if not await name.is_visible():
            await visit.open(hold.key, sign=name.or_(failed(page)))
            if await failed(page).is_visible():
                raise SlotLost("the hold has run out")
        await name.fill(guest.name)
        await page.get_by_label("E-mail").fill(guest.email)
        await page.get_by_label("Telefono").fill(guest.phone or "")
        await page.get_by_label("Note").fill(request.note or "")
        onward, recap = (
            page.get_by_role("button", name="Vai al riepilogo"),
            page.get_by_role("heading", name="Riepilogo"),
        )
        answer = await visit.press(onward, recap=recap, lost=failed(page), invalid=notice(page))
        if answer == "lost":
            raise SlotLost("the hold has run out")
        if answer == "invalid":
            raise RequestRefused("the house does not take these guest details")
        return Recap(**dict(await facts(visit, page.get_by_role("main"))))

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page = visit.page
        thanks, refused = page.get_by_role("heading", name="Grazie"), notice(page)
        confirm = page.get_by_role("button", name="Conferma prenotazione")
        ask = page.get_by_role("button", name="Invia la richiesta")
        if await visit.press(confirm.or_(ask), thanks=thanks, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        return await claim(page)

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return [await sighting(visit, record) for record in await look_up(visit, lookup.guest.email)]

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        code, _, email = sighting.key.partition(" ")
        await look_up(visit, email)
        record = page.get_by_role("article", name=code, exact=True)
        call_off = record.get_by_role("button", name="Annulla prenotazione")
        withdraw = record.get_by_role("button", name="Ritira la richiesta")
        await visit.press(call_off.or_(withdraw), done=page.get_by_role("heading", name="Prenotazione annullata"))

    async def change(self, visit: Visit, sighting: Sighting, request: Request) -> Claim | Refusal:
        page, refused = visit.page, notice(visit.page)
        code, _, email = sighting.key.partition(" ")
        whose = urlencode({"codice": code, "email": email})
        offers = await free_tables(visit, f"/la-mia-prenotazione/modifica?{whose}&{_wish(request)}")
        if await refused.is_visible():
            return Refusal(text=await refused.inner_text())
        choice = table(page, choose(offers, request, visit.venue))
        changed = page.get_by_role("heading", name="Prenotazione modificata")
        if await visit.press(choice, changed=changed, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        return Claim(reference=await page.get_by_label("Codice").inner_text())

    async def release(self, visit: Visit, hold: Hold) -> None:
        page = visit.page
        give_up = page.get_by_role("button", name="Rinuncia al tavolo")
        await visit.open(hold.key, sign=give_up.or_(failed(page)))
        if await give_up.is_visible():
            await visit.press(give_up, done=page.get_by_role("heading", name="Prenota un tavolo"))

    async def log_in(self, visit: Visit, account: Account) -> None:
        page = visit.page
        password = page.get_by_label("Password")
        await visit.open("/gestione", sign=password)
        await password.fill(account.secret.get_secret_value())
        inside = page.get_by_role("heading", name="Prenotazioni del giorno")
        if await visit.press(page.get_by_role("button", name="Entra"), inside=inside, wrong=notice(page)) == "wrong":
            raise SessionLost("the house does not take the desk's password")

    def signed_out(self, page: Page) -> Locator:
        return page.get_by_role("heading", name="Area riservata")

    async def read_desk(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return await desk_day(visit, lookup)

    async def occupants(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        listed = await desk_day(visit, lookup)
        ours = [seen for seen in listed if seen.guest_email == lookup.guest.email]
        taken = {(seen.when, seen.resource) for seen in ours if seen.stands}
        return [seen for seen in listed if seen.stands and seen not in ours and (seen.when, seen.resource) in taken]


def _wish(request: Request) -> str:
    return urlencode({"giorno": request.when.day.isoformat(), "coperti": request.party.people})
