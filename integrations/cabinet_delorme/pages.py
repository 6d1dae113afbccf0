"""What the practice's pages and letters show: free slots, an appointment's facts, what was kept."""

from __future__ import annotations

import re
from datetime import datetime

from playwright.async_api import FrameLocator, Locator, Page

from farm.contract import Lookup
from farm.errors import OutcomeUnknown, RequestRefused, SlotLost, VenueChanged, VenueDown
from farm.facts import Facts, Money, Offer, Party, Sighting, Slot
from farm.mail import Mail
from farm.visit import Visit

_LINE = re.compile(r"(\S.*?) : (.+)")


def widget(page: Page) -> FrameLocator:
    """The appointment widget, which comes from another origin."""
    return page.get_by_title("Agenda en ligne").content_frame


def notice(frame: FrameLocator | Page) -> Locator:
    """The practice's own no."""
    return frame.get_by_role("alert")


async def refused(problem: Locator) -> SlotLost | VenueDown:
    """What the widget's notice means: the slot is gone, or the agenda itself does not answer."""
    if "ne répond pas" in await problem.inner_text():
        return VenueDown("the widget gets no answer")
    return SlotLost("the practice does not keep this slot any more")


async def free_slots(visit: Visit, service: str, day: str) -> list[Offer]:
    """What the calendar lists for a day. Which day, reason and price it shows is read from it."""
    frame = widget(visit.page)
    reason, problem = frame.get_by_label("Motif de consultation"), notice(frame)
    await visit.open("/rendez-vous", sign=reason)
    if service not in await reason.get_by_role("option").all_inner_texts():
        raise RequestRefused("the practice lists no such reason for a visit")
    await reason.select_option(label=service)
    await frame.get_by_label("Jour").fill(day)
    head = frame.get_by_role("heading", level=2)
    if await visit.press(frame.get_by_role("button", name="Voir les disponibilités"), day=head, no=problem) == "no":
        if "ne répond pas" in await problem.inner_text():
            raise VenueDown("the widget gets no answer")
        raise RequestRefused("the practice does not take this day")
    if not await visit.rows(frame.get_by_role("grid"), none=frame.get_by_text("Aucun créneau libre ce jour-là")):
        return []
    _, shown, price = await visit.lines(head)
    return [
        Offer(
            when=Slot(starts_at=datetime.fromisoformat(starts_at)),
            resource=practitioner,
            service=shown,
            party=Party(adults=1),  # a patient each: who comes with more people is not served by one
            price=Money.read(price, visit.venue.currency),
            key=day,
        )
        for starts_at, practitioner in await _cells(visit.page, frame)
    ]


async def _cells(page: Page, frame: FrameLocator) -> list[tuple[str, str]]:
    """When and with whom each cell is free. One that lies under what took it stays in the document."""
    free = frame.get_by_test_id("place").filter(has_text="libre").filter(has_not=page.get_by_role("note"))
    # all at once: each cell asked for itself would cross two processes
    cells = await free.evaluate_all("all => all.map(one => [one.querySelector('time').dateTime, one.textContent])")
    return [(at, text.partition("libre, ")[2]) for at, text in cells]


def cell(visit: Visit, offer: Offer) -> Locator:
    """The cell of an offer in the calendar."""
    if not isinstance(offer.when, Slot):
        raise VenueChanged("an offer of this practice is a time")
    # the text of a time may be in another zone: only its attribute has no doubt
    at = visit.page.locator(f'time[datetime="{offer.when.starts_at.isoformat()}"]')
    return widget(visit.page).get_by_role("gridcell").filter(has=at).filter(has_text=offer.resource or "")


async def moment(block: Locator) -> datetime:
    """The time that a block names."""
    return datetime.fromisoformat(await block.get_by_role("time").get_attribute("datetime") or "")


async def facts(visit: Visit, block: Locator) -> Facts:
    """A list of definitions, as recap and record have it."""
    lines = await visit.lines(block.locator("dl"))  # a list of definitions has no role
    return _facts(
        visit, dict(zip(lines[::2], lines[1::2], strict=True)), await moment(block.get_by_role("definition"))
    )


def _facts(visit: Visit, shown: dict[str, str], starts_at: datetime) -> Facts:
    return Facts(
        when=Slot(starts_at=starts_at),
        resource=shown.get("Praticien"),
        service=shown.get("Motif"),
        guest_name=shown.get("Patient"),
        guest_email=shown.get("E-mail"),
        guest_phone=shown.get("Téléphone"),
        note=shown.get("Remarque"),
        price=Money.read(shown["Tarif"], visit.venue.currency) if "Tarif" in shown else None,
        status=visit.status(shown["Statut"]) if "Statut" in shown else None,
    )


async def look_up(visit: Visit, email: str, phone: str) -> list[Locator]:
    """The patient's appointments on the look-up page."""
    page = visit.page
    records, none = page.get_by_role("article"), page.get_by_text("Nous n'avons trouvé aucun rendez-vous")
    await visit.open("/mon-rendez-vous", sign=page.get_by_label("E-mail"))
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Téléphone").fill(phone)
    await visit.press(page.get_by_role("button", name="Retrouver mon rendez-vous"), records=records, none=none)
    return await visit.rows(records, none=none)


async def sighting(visit: Visit, record: Locator) -> Sighting:
    """One appointment of the look-up page; its key is what acts on it there."""
    shown, code = await facts(visit, record), await record.get_by_role("heading").inner_text()
    return Sighting(**dict(shown), reference=code, key=_key(code, shown.guest_email, shown.guest_phone))


def _key(code: str, email: str | None, phone: str | None) -> str:
    return f"{code} {email} {phone}"


def told(visit: Visit, letters: list[Mail], lookup: Lookup) -> list[Sighting]:
    """What the practice last wrote about each appointment."""
    latest: dict[str, Sighting] = {}
    for letter in letters:
        shown = dict(_LINE.findall(letter.text))
        if not {"Numéro", "Date", "Statut"} <= shown.keys():
            continue  # the letter with the link, before there was an appointment
        at = datetime.strptime(shown["Date"], "%d/%m/%Y à %H:%M").replace(tzinfo=visit.venue.zone)
        seen = _facts(visit, shown, at).model_copy(update={"guest_email": lookup.guest.email})
        key = _key(shown["Numéro"], lookup.guest.email, lookup.guest.phone)
        latest[shown["Numéro"]] = Sighting(**dict(seen), reference=shown["Numéro"], key=key)
    return list(latest.values())


async def agenda_day(visit: Visit, lookup: Lookup) -> list[Sighting]:
    """The practice's own list of the day that was booked.

    Raises:
        OutcomeUnknown: Nobody knows the day.
    """
    if not isinstance(lookup.when, Slot):
        raise OutcomeUnknown("the agenda lists one day, and nobody knows which")
    page, day = visit.page, lookup.when.starts_at.astimezone(visit.venue.zone).date()
    listed = page.get_by_role("heading", level=2)
    await visit.open(f"/equipe?jour={day}", sign=listed)
    if (await moment(listed)).date() != day:
        raise VenueChanged("the agenda lists another day than the one that was asked for")
    rows = page.get_by_role("row").filter(has=page.get_by_role("cell"))
    lines = await visit.rows(rows, none=page.get_by_text("Aucun rendez-vous ce jour-là"))
    return [await _agenda_line(visit, line) for line in lines]


async def _agenda_line(visit: Visit, line: Locator) -> Sighting:
    names = ("Heure", "Praticien", "Motif", "Patient", "E-mail", "Téléphone", "Remarque", "Tarif", "Numéro", "Statut")
    *cells, _ = await line.get_by_role("cell").all_inner_texts()  # the last one is for the practice's answers
    shown = dict(zip(names, cells, strict=True))
    seen = _facts(visit, {name: text for name, text in shown.items() if text}, await moment(line))
    return Sighting(
        **dict(seen), reference=shown["Numéro"], key=_key(shown["Numéro"], seen.guest_email, seen.guest_phone)
    )
