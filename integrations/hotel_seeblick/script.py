"""Hotel Seeblick's own site: nights by rate, an account that is made on the way, a tax that the review adds."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from playwright.async_api import Locator, Page

from farm.contract import Account, Lookup, VenueScript
from farm.errors import ContractBroken, RequestRefused, SessionLost, SlotLost
from farm.facts import Claim, Hold, Offer, Recap, Refusal, Sighting
from farm.request import Request, WantedStay
from farm.visit import Visit
from integrations.hotel_seeblick.pages import claim, facts, failed, free_rooms, notice, offers, open_list
from integrations.hotel_seeblick.records import arrivals, open_account, own_bookings


class HotelSeeblick(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        if not isinstance(request.when, WantedStay):
            raise RequestRefused("a hotel sells nights, not times")
        wish, party = request.when, request.party
        nights = {"anreise": wish.check_in, "abreise": wish.check_out}
        guests = {"erwachsene": party.adults, "kinder": party.children, "zimmer": party.units or 1}
        found = await offers(visit, f"/zimmer?{urlencode({**nights, **guests})}")
        if await notice(visit.page).is_visible():
            raise RequestRefused("the house takes no such stay on its site")
        return found

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        page, (path, _, name) = visit.page, offer.key.partition("#")
        choice = free_rooms(page).get_by_role("radio", name=name, exact=True)
        if not await choice.is_visible():
            await open_list(visit, path)
            if not await choice.is_visible():
                raise SlotLost("the house lists this room no more")
        await choice.check()
        reserve = page.get_by_role("button", name="Zimmer reservieren", disabled=False)
        gone = page.get_by_text("Leider nicht mehr verfügbar")
        await visit.must_show(reserve.or_(gone))
        if await gone.is_visible():
            raise SlotLost("the house's own check says that it is gone")
        kept = page.get_by_role("status").filter(has_text="Wir halten Ihr Zimmer bis")
        if await visit.press(reserve, kept=kept, lost=failed(page)) == "lost":
            raise SlotLost("somebody else was faster")
        until = datetime.fromisoformat(await kept.get_by_role("time").get_attribute("datetime") or "")
        address = urlsplit(page.url)
        hold = Hold(offer=offer, binding="soft", expires_at=until, key=f"{address.path}?{address.query}")
        if await notice(page).is_visible():  # it kept fewer rooms than were asked for
            await self.release(visit, hold)
            raise SlotLost("the house has fewer rooms than were asked for")
        return hold

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest = visit.page, request.guest
        name, password = page.get_by_label("Vor- und Nachname"), page.get_by_label("Passwort")
        if not await name.is_visible():
            await visit.open(hold.key, sign=name.or_(failed(page)))
            if await failed(page).is_visible():
                raise SlotLost("the hold has run out")
        await page.wait_for_load_state("domcontentloaded")  # the password is asked for at the end, or not at all
        await name.fill(guest.name)
        await page.get_by_label("E-Mail-Adresse").fill(guest.email)
        await page.get_by_label("Telefon").fill(guest.phone or "")
        await page.get_by_label("Anmerkungen").fill(request.note or "")
        if await password.is_visible():
            await password.fill(_secret(visit.account))
        review = page.get_by_role("heading", name="Bitte prüfen Sie Ihre Buchung")
        onward = page.get_by_role("button", name="Weiter zur Prüfung")
        answer = await visit.press(onward, review=review, lost=failed(page), invalid=notice(page))
        if answer == "lost":
            raise SlotLost("the hold has run out")
        if answer == "invalid":
            raise RequestRefused("the house does not take these guest details")
        await page.wait_for_load_state("domcontentloaded")
        return Recap(**dict(await facts(visit, page.get_by_role("region", name="Ihr Aufenthalt"))))

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page, refused = visit.page, notice(visit.page)
        thanks = page.get_by_role("heading", name=re.compile("Vielen Dank für Ihre (Buchung|Anfrage)"))
        book = page.get_by_role("button", name=re.compile("^(Zahlungspflichtig buchen|Anfrage senden)$"))
        if await visit.press(book, thanks=thanks, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        return await claim(visit)

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return await own_bookings(visit)

    async def read_arrivals(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return await arrivals(visit, lookup)

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        await open_account(visit)
        record = page.get_by_role("article", name=sighting.key, exact=True)
        call_off = record.get_by_role("button", name=re.compile("^(Buchung stornieren|Anfrage zurückziehen)$"))
        if not await call_off.is_visible():
            raise RequestRefused("the rate of this booking cannot be cancelled, or not any more")
        await visit.press(call_off, done=page.get_by_role("heading", name="Ihre Buchung ist storniert"))

    async def release(self, visit: Visit, hold: Hold) -> None:
        page = visit.page
        give_up = page.get_by_role("button", name="Auswahl verwerfen")
        await visit.open(hold.key, sign=give_up.or_(failed(page)))
        if await give_up.is_visible():
            await visit.press(give_up, done=page.get_by_role("heading", name="Zimmer suchen"))

    async def log_in(self, visit: Visit, account: Account) -> None:
        page, password, desk = visit.page, visit.page.get_by_label("Passwort"), account.role == "desk"
        await visit.open("/extranet" if desk else "/anmelden", sign=password)
        await page.get_by_label("Benutzer" if desk else "E-Mail-Adresse").fill(account.user or "")
        await password.fill(_secret(account))
        inside = page.get_by_role("heading", name="Anreisen" if desk else "Meine Buchungen")
        enter = page.get_by_role("button", name="Anmelden", exact=True)
        if await visit.press(enter, inside=inside, wrong=notice(page)) == "wrong":
            raise SessionLost("the house does not take this account's password")

    def signed_out(self, page: Page) -> Locator:
        return page.get_by_role("heading", name=re.compile("^(Bitte melden Sie sich an|Anmeldung Extranet)$"))


def _secret(account: Account | None) -> str:
    if account is None:
        raise ContractBroken("the house wants an account, and this visit has none")
    return account.secret.get_secret_value()
