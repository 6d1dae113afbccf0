"""Ticket shops on pretix, and event series as tables. Source: pretix 2026.8.0 on loopback, seen 2026-11-23."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from farm.contract import Lookup
from farm.errors import RequestRefused, SlotLost
from farm.facts import Claim, Facts, Hold, Money, Offer, Party, Recap, Refusal, Sighting
from farm.request import Request, WantedSlot
from farm.visit import Visit
from integrations.pretix.feed import free_dates, offers_on
from integrations.pretix.pages import alert, one_of, open_settled, shop_of, slot_in, slot_in_calendar, value_of
from integrations.pretix.records import OrganizerRecords

MOST_DATES = 8
"""Dates of a series whose products are looked at, nearest to the wish first: each costs one request."""


class Pretix(OrganizerRecords):
    """An order is found again by the e-mail that carries our reference; its own page needs the claim's link."""

    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        wish, page, zone = request.when, visit.page, visit.venue.zone
        if not isinstance(wish, WantedSlot):
            raise RequestRefused("a ticket shop sells times, not nights")
        if not visit.venue.flag("series"):
            await open_settled(visit, shop_of(visit), page.get_by_role("link", name="Resend order link"))
            # why: the moment with its offset is in an attribute only
            begins = await slot_in(page.locator("[data-time]").filter(has_text=re.compile("Begin|End")), "data-time")
            return await offers_on(visit, request, begins, shop_of(visit))
        dates = [date for date in await free_dates(visit, wish) if wish.admits(date[0], zone)]
        dates.sort(key=lambda date: wish.distance(date[0], zone))
        return [offer for date in dates[:MOST_DATES] for offer in await offers_on(visit, request, *date)]

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        page, name = visit.page, offer.resource or ""
        units = (offer.party and offer.party.units) or 1
        if urlsplit(page.url).path != offer.key:
            await open_settled(visit, offer.key, page.get_by_role("heading", name="Products", exact=True))
        product = page.get_by_role("article", name=re.compile(rf"^{re.escape(name)}( \d+× in your cart)?$"))
        choice = product.get_by_role("spinbutton").or_(product.get_by_role("checkbox"))
        # why: sold out, fully booked, reserved by others and not on sale have no role or words in common
        gone = product.locator(".availability-box:is(.gone, .unavailable)")
        found = await visit.rows(choice, none=gone)
        if not found or units > int(await found[0].get_attribute("max") or 1):
            raise SlotLost(f"{name} cannot be bought {units} times now")
        if await found[0].get_attribute("type") == "checkbox":
            await found[0].check()
        else:
            await found[0].fill(str(units))
        add = page.get_by_role("button", name=re.compile("^(Add to cart|Proceed with checkout|Register)$"))
        deadline = page.locator("[data-expires]")  # why: only the attribute has the moment, the text counts down
        if await visit.press(add, refused=alert(page), held=deadline) == "refused":
            if await deadline.count():  # "want 2, 1 left" says no, and has put 1 into the cart
                await self._empty_cart(visit)
            raise SlotLost(f"{name} went while it was put into the cart")
        # why: every product of the cart counts down to the same moment
        expires_at = datetime.fromisoformat(await deadline.first.get_attribute("data-expires") or "")
        return Hold(offer=offer, binding="soft", expires_at=expires_at, key=offer.key)

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest, question = visit.page, request.guest, visit.venue.text("note_question")
        email = page.get_by_role("textbox", name=re.compile("^Email"))
        await visit.open(f"{shop_of(visit)}checkout/questions/", sign=email.or_(alert(page)))
        if await alert(page).count():
            raise SlotLost("the cart is empty")
        family = guest.family_name if " " in guest.name else "-"  # the shop demands one
        people = page.get_by_role("group", name=re.compile("^Attendee name"))
        answers = [
            (email, guest.email),
            (people.get_by_role("textbox", name="Given name"), guest.given_name),
            (people.get_by_role("textbox", name="Family name"), family),
            (people.get_by_role("textbox", name=re.compile("^(Full name|Name)$")), guest.name),
        ]
        if question and request.note:
            answers.append((page.get_by_role("textbox", name=question), request.note))
        for box, answer in answers:
            for each in await box.filter(visible=True).all():
                await each.fill(answer)
        await self._to_review(visit)
        return Recap(**dict(await self._cart(visit)))

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page = visit.page
        order = page.get_by_role("button", name=re.compile("^(Place binding order|Submit registration)$"))
        thanks = page.get_by_role("heading", name="Thank you!")
        if await visit.press(order, refused=alert(page), thanks=thanks) == "refused":
            return Refusal(text=" ".join(await visit.lines(alert(page))))
        link = urlsplit(page.url).path
        return Claim(reference=await self._code(visit), link=link, shows=await self._cart(visit))

    async def release(self, visit: Visit, hold: Hold) -> None:
        await open_settled(visit, hold.key, visit.page.get_by_role("link", name="Resend order link"))
        await self._empty_cart(visit)

    async def read_order_page(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        path = lookup.must_link()
        await open_settled(visit, path, visit.page.get_by_role("heading", name=re.compile("^Order [A-Z0-9]+$")))
        facts = await self._cart(visit)
        when = facts.when or await slot_in_calendar(visit, None)
        status = visit.status(await value_of(visit.page, "Status").inner_text())
        facts = facts.model_copy(update={"when": when, "status": status})
        return [Sighting(**dict(facts), reference=await self._code(visit), key=path)]

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        yes = page.get_by_role("button", name="Yes, cancel order")
        await visit.open(f"{sighting.key}cancel", sign=yes)
        await page.wait_for_load_state("domcontentloaded")  # the button works by script
        # not the shop's message: the page that has it reloads itself, and the message is gone
        await visit.press(yes, refused=alert(page), done=value_of(page, "Status").filter(has_text="Canceled"))

    async def _to_review(self, visit: Visit) -> None:
        page = visit.page
        onward = page.get_by_role("button", name="Continue", exact=True)
        review = page.get_by_role("heading", name="Review order")
        payment = page.get_by_role("heading", name="Payment", exact=True)
        refused = alert(page).or_(page.locator(".has-error"))  # why: only a class marks a field's fault
        step = await visit.press(onward, refused=refused, payment=payment, review=review)
        if step == "payment":  # left out when there is nothing to pay
            await page.get_by_role("radio", name=visit.venue.text("payment")).check()
            step = await visit.press(onward, refused=refused, review=review)
        if step == "refused":
            raise RequestRefused("the shop does not take what was entered")
        await page.wait_for_load_state("domcontentloaded")  # the last button works by script

    async def _cart(self, visit: Visit) -> Facts:
        """The table that the review page and the guest's order page share."""
        table = visit.page.get_by_role("table", name="Your cart")
        await visit.must_show(table)
        # why: products and the total are rows of the same role
        lines = await table.locator("[data-article-id]").all()
        # why: what is said of a product follows its name
        products = one_of([await line.get_by_role("paragraph").first.inner_text() for line in lines])
        # why: exact moments are there for screen readers only
        dated = [line.locator(".sr-only time") for line in lines if await line.locator(".sr-only time").count()]
        slots = {await slot_in(moments, "datetime") for moments in dated}
        # why: the sum is the last column, and no cell says so
        total = table.get_by_role("row", name=re.compile("^Total")).get_by_role("cell").last.get_by_role("strong")
        return Facts(
            when=slots.pop() if len(slots) == 1 else None,
            resource=products,
            service=products,
            party=Party(units=len(lines)),
            guest_name=one_of(await value_of(table, "Attendee name").all_inner_texts()),
            guest_email=(await value_of(visit.page, "Email").inner_text()).strip(),
            price=Money.read(await total.inner_text(), visit.venue.currency),
        )

    async def _empty_cart(self, visit: Visit) -> None:
        button = visit.page.get_by_role("button", name="Empty cart")
        await visit.press(button, done=visit.page.get_by_text("Your cart is now empty"))

    async def _code(self, visit: Visit) -> str:
        heading = visit.page.get_by_role("heading", name=re.compile("^Order [A-Z0-9]+$"))
        return (await heading.inner_text()).rpartition(" ")[2]
