"""Lakeshore Hall's ticket shop: a line in front, carts with a clock, pay at will call, a look-up without the line."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page

from farm.contract import Account, Lookup, VenueScript
from farm.errors import RequestRefused, SessionLost, SlotLost
from farm.facts import Claim, Hold, Offer, Recap, Refusal, Sighting
from farm.request import Request
from farm.visit import Visit
from integrations.lakeshore_onsale import pages as hall


class LakeshoreOnsale(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        page, tickets = visit.page, request.party.units or request.party.people
        listed = page.get_by_role("heading", level=2).filter(has_text=re.compile(rf"· {tickets} tickets?$"))
        no, path = hall.alert(page), f"/shows?day={request.when.day}&tickets={tickets}"
        await hall.open_shop(visit, path, sign=listed.or_(no))
        if await no.is_visible():
            raise RequestRefused("the hall sells no such day or number of tickets on its site")
        return await hall.tickets_on(visit, tickets)

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        page, (path, _, section) = visit.page, offer.key.partition("#")
        tickets = (offer.party and offer.party.units) or 1
        add = page.get_by_role("button", name="Add to cart")
        await hall.open_shop(visit, path, sign=add)
        choice = page.get_by_role("radio", name=section, exact=True)
        option = page.get_by_role("listitem").filter(has=choice)
        if await option.get_by_text(re.compile("Sold out|went a moment ago")).count():
            raise SlotLost(f"{section} is gone")
        await choice.check()
        await page.get_by_role("combobox", name="Tickets").select_option(str(tickets))
        cart = page.get_by_role("heading", name="Your cart", exact=True)
        if await visit.press(add, kept=cart, lost=hall.refused(page)) == "lost":
            raise SlotLost("somebody else was faster")
        timer = page.get_by_role("status").filter(has_text="We hold your tickets until")
        until, path = await hall.moment(visit, timer), urlsplit(page.url).path
        kept = await hall.facts(visit, page.get_by_role("main"))
        if (kept.resource, kept.when, kept.party) != (offer.resource, offer.when, offer.party):
            await hall.empty(visit)
            raise SlotLost("the cart has other tickets, or fewer, than were asked for")
        return Hold(offer=offer, binding="firm", expires_at=until, key=path)

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest, gone = visit.page, request.guest, hall.refused(visit.page)
        name = page.get_by_label("Full name")
        await hall.open_shop(visit, hold.key.replace("/cart/", "/checkout/"), sign=name.or_(gone))
        if await gone.is_visible():
            raise SlotLost("the tickets went back on sale")
        await name.fill(guest.name)
        await page.get_by_label("E-mail").fill(guest.email)
        await page.get_by_label("Phone").fill(guest.phone or "")
        await page.get_by_label("Note for the box office").fill(request.note or "")
        review = page.get_by_role("heading", name="Review your order")
        onward = page.get_by_role("button", name="Continue to review")
        answer = await visit.press(onward, review=review, lost=gone, invalid=hall.alert(page))
        if answer == "lost":
            raise SlotLost("the tickets went back on sale")
        if answer == "invalid":
            raise RequestRefused("the hall does not take these details")
        return Recap(**dict(await hall.facts(visit, page.get_by_role("main"))))

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page, refused = visit.page, hall.alert(visit.page).or_(hall.ended(visit.page))
        thanks = page.get_by_role("heading", name="Thank you, see you at the hall")
        place = page.get_by_role("button", name="Place order")
        if await visit.press(place, thanks=thanks, refused=refused) == "refused":
            return Refusal(text=await refused.inner_text())
        await page.wait_for_load_state("domcontentloaded")  # the number comes below the heading, or not at all
        number = page.get_by_label("Order number")
        code = await number.inner_text() if await number.is_visible() else None
        return Claim(reference=code, shows=await hall.facts(visit, page.get_by_role("main")))

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        sightings = []
        for order in await hall.orders_of(visit, lookup.guest.email):
            number = await order.get_by_role("heading").inner_text()
            shown = await hall.facts(visit, order)
            sightings.append(Sighting(**dict(shown), reference=number, key=f"{number} {shown.guest_email}"))
        return sightings

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page, (number, _, email) = visit.page, sighting.key.partition(" ")
        await hall.orders_of(visit, email)
        order = page.get_by_role("article", name=number, exact=True)
        call_off = order.get_by_role("button", name="Cancel order")
        await visit.press(call_off, done=page.get_by_role("heading", name="Order canceled"))

    async def release(self, visit: Visit, hold: Hold) -> None:
        button = hall.give_back(visit.page)
        await hall.open_shop(visit, hold.key, sign=button.or_(hall.refused(visit.page)))
        if await button.is_visible():
            await hall.empty(visit)

    async def log_in(self, visit: Visit, account: Account) -> None:
        page, wrong = visit.page, hall.alert(visit.page)
        user = page.get_by_label("User")
        await visit.open("/box-office", sign=user)
        await user.fill(account.user or "")
        await page.get_by_label("Password").fill(account.secret.get_secret_value())
        inside = page.get_by_role("heading", name="Box office", exact=True)
        if await visit.press(page.get_by_role("button", name="Sign in"), inside=inside, wrong=wrong) == "wrong":
            raise SessionLost("the hall does not take the box office's password")

    def signed_out(self, page: Page) -> Locator:
        return hall.ended(page).or_(page.get_by_role("heading", name="Staff sign-in"))

    async def read_box_office(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return await hall.box_office_day(visit, lookup)
