"""The organiser's own records: the REST API of whoever owns the events, and the back office of the desk."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.async_api import Locator, Page
from pydantic import BaseModel

from farm.contract import Account, Lookup, VenueScript
from farm.facts import Money, Party, Sighting
from farm.status import VenueStatus
from farm.visit import Visit
from integrations.pretix.pages import one_of, shop_of, slot_in_calendar, value_of


class Position(BaseModel):
    """A ticket, by the numbers of its product and date."""

    item: int
    subevent: int | None
    attendee_name: str | None


class Payment(BaseModel):
    """A payment of any state; only a confirmed one was paid."""

    state: str
    amount: str


class Order(BaseModel):
    """An order, as far as a sighting needs it."""

    code: str
    secret: str
    status: str
    require_approval: bool
    email: str | None
    total: str
    positions: list[Position]
    payments: list[Payment]


class Orders(BaseModel):
    """All orders of one address; a second page of them would not be ours to guess."""

    next: None
    results: list[Order]


class Item(BaseModel):
    """A product, with its name by language."""

    id: int
    name: dict[str, str]


class Items(BaseModel):
    """All products of an event."""

    next: None
    results: list[Item]


class OrganizerRecords(VenueScript):
    """Both list every order of an address, so their "nothing" is an answer."""

    async def read_api(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        venue, account = visit.venue, visit.account
        headers = {"Authorization": f"Token {account.secret.get_secret_value() if account else ''}"}
        event = f"/api/v1/organizers/{venue.text('organizer')}/events/{venue.text('event')}"
        answer = await visit.call("GET", f"{event}/orders/?email={quote(lookup.guest.email)}", headers=headers)
        orders = Orders.model_validate(answer.json()).results
        answer = await visit.call("GET", f"{event}/items/", headers=headers)
        language = venue.language.partition("-")[0]
        names = {
            item.id: item.name.get(language, next(iter(item.name.values())))
            for item in Items.model_validate(answer.json()).results
        }
        return [await _api_sighting(visit, order, names) for order in orders]

    async def read_desk(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        page, venue = visit.page, visit.venue
        orders = f"/control/event/{venue.text('organizer')}/{venue.text('event')}/orders/"
        search = page.get_by_role("textbox", name="Search for…")
        await visit.open(f"{orders}?query={quote(lookup.guest.email)}", sign=search)
        found = page.get_by_role("row").get_by_role("link", name=re.compile("^[A-Z0-9]{5,}$"))
        codes = [await link.inner_text() for link in await visit.rows(found, none=page.get_by_text("0 orders"))]
        return [await _desk_sighting(visit, f"{orders}{code}/", code) for code in codes]

    async def log_in(self, visit: Visit, account: Account) -> None:
        page = visit.page
        button = page.get_by_role("button", name="Log in")
        await visit.open("/control/login?next=/control/search/orders/", sign=button)
        await page.get_by_role("textbox", name="Email").fill(account.user or "")
        await page.get_by_role("textbox", name="Password").fill(account.secret.get_secret_value())
        await visit.press(button, done=page.get_by_role("heading", name="Order search"))

    def signed_out(self, page: Page) -> Locator:
        return page.get_by_role("textbox", name="Password")


async def _api_sighting(visit: Visit, order: Order, names: dict[int, str]) -> Sighting:
    currency = visit.venue.currency
    if not order.positions:  # a fee was kept, the places were given back
        return Sighting(
            guest_email=order.email, status=VenueStatus.CANCELLED, reference=order.code, key=_guest_path(visit, order)
        )
    products = one_of(names[position.item] for position in order.positions)
    dates = {position.subevent for position in order.positions}
    total = Money.read(order.total, currency)
    paid = sum(
        Money.read(payment.amount, currency).minor for payment in order.payments if payment.state == "confirmed"
    )
    awaits_approval = order.require_approval and order.status == "n"  # a denied order keeps the mark
    return Sighting(
        when=await slot_in_calendar(visit, dates.pop()) if len(dates) == 1 else None,
        resource=products,
        service=products,
        party=Party(units=len(order.positions)),
        guest_name=one_of(position.attendee_name or "" for position in order.positions),
        guest_email=order.email,
        price=total,
        due=total.model_copy(update={"minor": total.minor - paid}),
        status=visit.status("Approval pending" if awaits_approval else order.status),
        reference=order.code,
        key=_guest_path(visit, order),
    )


def _guest_path(visit: Visit, order: Order) -> str:
    return f"{shop_of(visit)}order/{order.code}/{order.secret}/"


async def _desk_sighting(visit: Visit, path: str, code: str) -> Sighting:
    page = visit.page
    title = page.get_by_role("heading", name=f"Order details: {code}")
    await visit.open(path, sign=title)
    # why: positions and totals are rows of layout without a role
    rows = page.locator(".items .product-row")
    lines = await rows.filter(has_text=re.compile(r"^\s*#\d+ –")).all()
    # why: a position begins with its product, and only its weight says so
    products = one_of([await line.locator("strong").first.inner_text() for line in lines])
    # why: a position's date is a link by number
    links = [await link.get_attribute("href") or "" for link in await rows.locator("a[href*='/subevents/']").all()]
    dates = {int(number) for link in links for number in re.findall(r"/subevents/(\d+)", link)}
    # why: no role tells the sum of a row
    total = rows.filter(has=page.get_by_text("Total", exact=True)).locator(".price")
    guest_page = page.get_by_role("link", name="View order as user")
    return Sighting(
        when=await slot_in_calendar(visit, dates.pop() if dates else None) if len(dates) <= 1 else None,
        resource=products,
        service=products,
        party=Party(units=len(lines)),
        guest_name=one_of(await value_of(rows, "Attendee name").all_inner_texts()),
        guest_email=(await value_of(page, "Contact email").inner_text()).split()[0],
        price=Money.read(await total.inner_text(), visit.venue.currency),
        status=visit.status((await title.inner_text()).partition(code)[2]),
        reference=code,
        key=await guest_page.get_attribute("href") or "",
    )
