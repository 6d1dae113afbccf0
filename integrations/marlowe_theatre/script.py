"""Marlowe Theatre: seats chosen on a plan, a card typed into another company's frame, a review, one last button."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from farm.contract import Card
from farm.errors import PaymentRefused, RequestRefused, SlotLost
from farm.facts import Claim, Hold, Money, Offer, Recap, Refusal
from farm.request import Request
from farm.status import Cause
from farm.visit import Visit
from integrations.marlowe_theatre.pages import can_be_had, facts, gone, moment, open_plan, runs, seats_of
from integrations.marlowe_theatre.records import TheatreRecords


class MarloweTheatre(TheatreRecords):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        page, people = visit.page, request.party.people
        listed, none = page.get_by_role("link", name="Choose seats"), page.get_by_text("No performances on this day")
        await visit.open(f"/whats-on?date={request.when.day}", sign=page.get_by_role("heading", level=2))
        links = await visit.rows(listed, none=none.or_(page.get_by_text("Sold out")))
        paths = [await link.get_attribute("href") or "" for link in links]
        offers: list[Offer] = []
        for path in paths:
            await open_plan(visit, path)
            most = await page.get_by_label("Tickets").get_by_role("option").count()
            if people > most:
                raise RequestRefused(f"the theatre sells {most} tickets at once, and no more")
            offers += await runs(visit, path, people)
        return offers

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        page, path = visit.page, offer.key.partition("#")[0]
        if urlsplit(page.url).path != path:
            await open_plan(visit, path)
        seats = seats_of(page, offer)
        await page.get_by_label("Tickets").select_option(str(len(seats)))
        for seat in seats:
            if not await can_be_had(seat):
                raise SlotLost("the theatre lists these seats no more")
            await seat.click()
        keep = page.get_by_role("button", name=re.compile("^Hold th"))
        timer, lost = page.get_by_role("timer"), page.get_by_role("alert")
        if await visit.press(keep, kept=timer, lost=lost) == "lost":
            raise SlotLost("somebody else was faster", cause=Cause.SLOT_UNAVAILABLE)
        hold = Hold(offer=offer, binding="firm", expires_at=await moment(visit, timer), key=urlsplit(page.url).path)
        kept = await facts(visit, page.get_by_label("Your seats"))
        if (kept.resource, kept.when) != (offer.resource, offer.when):
            await self.release(visit, hold)
            raise SlotLost("the theatre keeps other seats than were chosen, or fewer")
        return hold

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest = visit.page, request.guest
        name = page.get_by_label("Full name")
        if not await name.is_visible():
            await visit.open(hold.key, sign=name.or_(gone(page)))
            if await gone(page).is_visible():
                raise SlotLost("the hold has run out")
        await name.fill(guest.name)
        await page.get_by_label("E-mail").fill(guest.email)
        await page.get_by_label("Telephone").fill(guest.phone or "")
        await page.get_by_label("Access needs and notes").fill(request.note or "")
        onward, card = (
            page.get_by_role("button", name="Continue to payment"),
            page.get_by_role("heading", name="Card details"),
        )
        answer = await visit.press(onward, card=card, lost=gone(page), invalid=page.get_by_role("alert"))
        if answer == "lost":
            raise SlotLost("the hold has run out")
        if answer == "invalid":
            raise RequestRefused("the theatre does not take these guest details")
        return Recap(**dict(await facts(visit, page.get_by_label("Your booking"))))

    async def pay(self, visit: Visit, hold: Hold, card: Card) -> Money:
        page = visit.page
        fields = page.get_by_title("Secure card details").content_frame
        await fields.get_by_label("Card number").fill(card.number.get_secret_value())
        await fields.get_by_label("Name on card").fill(card.holder)
        await fields.get_by_label("Expiry date").fill(f"{card.expires_month:02}/{card.expires_year % 100:02}")
        await fields.get_by_label("Security code").fill(card.code.get_secret_value())
        no, asks = page.get_by_role("alert"), page.get_by_label("Code from your bank")
        review = page.get_by_role("heading", name="Review and pay")
        onward = page.get_by_role("button", name="Continue to your bank")
        declined = no.filter(has_text="declined")
        answer = await visit.press(onward, review=review, asks=asks, lost=gone(page), declined=declined, invalid=no)
        if answer == "lost":
            raise SlotLost("the seats went while the card was paid with")
        if answer == "asks":
            raise PaymentRefused("the bank asks the card's holder for a code", cause=Cause.PAYMENT_ERROR)
        if answer == "declined":
            raise PaymentRefused("the bank declines the card")
        if answer == "invalid":
            raise PaymentRefused("the card is not taken", cause=Cause.PAYMENT_OPTION_NOT_VALID)
        shown = await facts(visit, page.get_by_label("Your booking"))
        return shown.price or Money(minor=0, currency=visit.venue.currency)

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page = visit.page
        thanks = page.get_by_role("heading", name=re.compile("^Thank you, (enjoy|we have)"))  # errors thank too
        refused = page.get_by_role("alert").or_(page.get_by_text("has met an error"))
        code = page.get_by_label("Booking reference", exact=True)
        if (
            await visit.press(page.get_by_role("button", name="and book"), thanks=thanks, refused=refused)
            == "refused"
        ):
            return Refusal(text=await refused.inner_text())
        await page.wait_for_load_state("domcontentloaded")  # the code comes below the heading, or not at all
        reference = await code.inner_text() if await code.is_visible() else None
        return Claim(reference=reference, shows=await facts(visit, page.get_by_label("Your booking", exact=True)))

    async def release(self, visit: Visit, hold: Hold) -> None:
        page = visit.page
        give_up = page.get_by_role("button", name="Release these seats")
        await visit.open(hold.key, sign=give_up.or_(gone(page)))
        if await give_up.is_visible():
            await visit.press(give_up, done=page.get_by_role("heading", name="Your seats are released"))
