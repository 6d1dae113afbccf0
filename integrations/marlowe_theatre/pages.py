"""What the theatre's pages show: the seating plan, a booking's facts, what became of a basket."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

from playwright.async_api import Locator, Page

from farm.errors import VenueChanged
from farm.facts import Facts, Money, Offer, Party, Slot
from farm.visit import Visit

SEAT = re.compile(r'button "(?P<block>[^"]+?), row (?P<row>\w+), seat (?P<seat>\d+), (?P<price>[^"]+)"')
RUN = re.compile(r"(?P<block>.+) · Row (?P<row>\w+) · Seats? (?P<first>\d+)(?:–(?P<last>\d+))?")
IS_ON_TOP = """seat => {
    seat.scrollIntoView({block: "center"});
    const box = seat.getBoundingClientRect();
    return seat.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""


async def open_plan(visit: Visit, path: str) -> list[Locator]:
    """The free seats of a performance, as buttons."""
    free, none = plan(visit.page).get_by_role("button"), visit.page.get_by_text("No seats left for this performance")
    await visit.open(path, sign=free.or_(none))
    return await visit.rows(free, none=none)


async def runs(visit: Visit, path: str, people: int) -> list[Offer]:
    """So many seats side by side: of every row that has them the most central ones."""
    page, currency = visit.page, visit.venue.currency
    slot = Slot(starts_at=await moment(visit, page.get_by_role("main")))
    title = await page.get_by_role("heading", level=1).inner_text()
    rows: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for seat in SEAT.finditer(await plan(page).aria_snapshot()):  # one call for the whole house
        rows[seat["block"], seat["row"], seat["price"]].append(int(seat["seat"]))
    offers = []
    for (block, row, price), seats in rows.items():
        fitting = [first for first in seats if set(range(first, first + people)) <= set(seats)]
        if not fitting:
            continue
        resource = _in_words(block, row, fitting[len(fitting) // 2], people)
        each = Money.read(price, currency)
        offers.append(
            Offer(
                when=slot,
                resource=resource,
                service=title,
                party=Party(adults=people, units=people),
                price=Money(minor=each.minor * people, currency=currency),
                key=f"{path}#{resource}",
            )
        )
    return offers


def seats_of(page: Page, offer: Offer) -> list[Locator]:
    """The buttons of an offer's seats.

    Raises:
        VenueChanged: It is no run of seats.
    """
    run = RUN.fullmatch(offer.resource or "")
    if run is None:
        raise VenueChanged("the offer is no run of seats as the theatre names them")
    numbers = range(int(run["first"]), int(run["last"] or run["first"]) + 1)
    return [
        plan(page).get_by_role("button", name=f"{run['block']}, row {run['row']}, seat {number}, ")  # then its price
        for number in numbers
    ]


async def can_be_had(choice: Locator) -> bool:
    """Whether a seat is there and nothing lies over it: the mark of a seat that went is drawn above its button."""
    return await choice.is_visible() and bool(await choice.evaluate(IS_ON_TOP))


def plan(page: Page) -> Locator:
    """The whole house."""
    return page.get_by_role("group", name="Seating plan")


async def facts(visit: Visit, block: Locator) -> Facts:
    """A list of definitions, as basket, payment, review and record have it."""
    terms = await block.get_by_role("term").all_inner_texts()
    shown = dict(zip(terms, await block.get_by_role("definition").all_inner_texts(), strict=True))
    return Facts(
        when=Slot(starts_at=await moment(visit, block)),
        resource=shown["Seats"],
        service=shown["Performance"],
        party=Party(units=int(shown["Tickets"])),
        guest_name=shown.get("Name"),
        guest_email=shown.get("E-mail"),
        guest_phone=shown.get("Telephone"),
        note=shown.get("Notes"),
        price=Money.read(shown["Total"], visit.venue.currency),
        status=visit.status(shown["Status"]) if "Status" in shown else None,
    )


def gone(page: Page) -> Locator:
    """The page that comes when a basket is no more."""
    return page.get_by_role("heading", name="We could not complete your booking")


async def moment(visit: Visit, block: Locator) -> datetime:
    """The time that a block names; one without an offset is the theatre's own."""
    named = datetime.fromisoformat(await block.get_by_role("time").get_attribute("datetime") or "")
    return named if named.tzinfo is not None else named.replace(tzinfo=visit.venue.zone)


def _in_words(block: str, row: str, first: int, people: int) -> str:
    said = f"Seat {first}" if people == 1 else f"Seats {first}–{first + people - 1}"
    return f"{block} · Row {row} · {said}"
