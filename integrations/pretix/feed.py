"""What a pretix shop lists: the free dates of its calendar, and what its feed for other pages says of one date."""

from __future__ import annotations

import re

from pydantic import BaseModel

from farm.facts import Money, Offer, Party, Slot
from farm.request import Request, WantedSlot
from farm.visit import Visit
from integrations.pretix.pages import open_settled, shop_of, slot_in

AVAILABLE = 100
"""In the shop's feed. Less is sold out, or reserved by others."""


class Product(BaseModel):
    """One product in the feed that pretix gives to other people's web pages; one with variations shows no figures."""

    name: str
    order_max: int | None
    price: dict[str, str | bool] | None
    avail: tuple[int, int | None] | None


class Category(BaseModel):
    """A heading of the feed."""

    items: list[Product]


class Feed(BaseModel):
    """What can be bought on one date."""

    items_by_category: list[Category]


async def free_dates(visit: Visit, wish: WantedSlot) -> list[tuple[Slot, str]]:
    """The free dates of the week, each with the path of its page."""
    page, (year, week, _day) = visit.page, wish.date.isocalendar()
    listed = page.get_by_role("navigation", name="calendar navigation")
    await open_settled(visit, f"{shop_of(visit)}?style=week&date={year}-W{week:02d}", listed)
    # why: the moment with its offset is in an attribute only, and "none" is said in the organiser's own words
    found = await visit.rows(page.locator("a:has([data-time])"), none=page.locator(".calendar-empty"))
    free = [link for link in found if re.search("Book now|Buy now|Few tickets", await link.inner_text())]
    return [
        # why: the moment with its offset is in an attribute only
        (await slot_in(link.locator("[data-time]"), "data-time"), await link.get_attribute("href") or "")
        for link in free
    ]


async def offers_on(visit: Visit, request: Request, slot: Slot, path: str) -> list[Offer]:
    """What can be bought on a date, in the number that the party needs."""
    feed = Feed.model_validate((await visit.call("GET", f"{path}widget/product_list")).json())
    products = {product.name: product for category in feed.items_by_category for product in category.items}
    offers = []
    for sold in visit.venue.sells:
        product, units = products.get(sold.service), -(-request.party.people // sold.seats)
        if product is None or product.price is None or product.avail is None:
            continue
        if product.avail[0] < AVAILABLE or (product.order_max or 0) < units:
            continue
        if sold.seats > 1 and units > 1:  # two tables are not a bigger one
            continue
        each = Money.read(str(product.price["gross"]), visit.venue.currency)
        offers.append(
            Offer(
                when=slot,
                key=path,
                resource=sold.service,
                service=sold.service,
                party=Party(adults=units * sold.seats, units=units),
                price=each.model_copy(update={"minor": each.minor * units}),
                left=product.avail[1],
            )
        )
    return offers
