"""Cabinet Delorme: a widget in a frame of another origin, and an appointment that only a link in an e-mail makes."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.async_api import Locator, Page

from farm.contract import Account, Lookup, VenueScript
from farm.errors import SessionLost, SlotLost, VenueChanged
from farm.facts import Claim, Hold, Offer, Recap, Refusal, Sighting, Slot
from farm.mail import Mail
from farm.request import Request
from farm.visit import Visit
from integrations.cabinet_delorme.pages import (
    agenda_day,
    cell,
    facts,
    free_slots,
    look_up,
    moment,
    notice,
    refused,
    sighting,
    told,
    widget,
)

SETTLED_MS = 500
"""The widget asks its agenda again a quarter of a second after each choice, and may choose otherwise then."""


class CabinetDelorme(VenueScript):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        return await free_slots(visit, request.service or "", request.when.day.isoformat())

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        frame, choice = widget(visit.page), cell(visit, offer)
        if not await choice.is_visible():
            await free_slots(visit, offer.service or "", offer.key)
            if not await choice.is_visible():
                raise SlotLost("the practice lists this slot no more")
        await choice.click()
        await visit.quiet(SETTLED_MS)
        if await choice.get_attribute("aria-selected") != "true":
            raise SlotLost("the widget chose another slot by itself")
        kept, problem = frame.get_by_role("status").get_by_text("Ce créneau vous est gardé"), notice(frame)
        onward = frame.get_by_role("button", name="Continuer")
        if await visit.press(onward, kept=kept, lost=problem) == "lost":
            raise await refused(problem)
        summary = frame.get_by_test_id("kept")
        if Slot(starts_at=await moment(summary)) != offer.when or offer.resource not in await visit.lines(summary):
            raise SlotLost("the widget keeps another slot than the one that was picked")
        key = await summary.get_by_role("link", name="Lien vers ce créneau").get_attribute("href") or ""
        return Hold(offer=offer, binding="firm", expires_at=await moment(kept), key=key)

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest, asked_at = visit.page, request.guest, datetime.now(UTC)
        frame = widget(page)
        name, problem = frame.get_by_label("Prénom et nom"), notice(frame)
        if not await name.is_visible():
            await visit.open(hold.key, sign=name.or_(problem))
            if await problem.is_visible():
                raise await refused(problem)
        await name.fill(guest.name)
        await frame.get_by_label("E-mail").fill(guest.email)
        await frame.get_by_label("Téléphone").fill(guest.phone or "")
        await frame.get_by_label("Remarque").fill(request.note or "")
        sent, onward = frame.get_by_role("heading", name="Vérifiez votre e-mail"), "Recevoir le lien de confirmation"
        if await visit.press(frame.get_by_role("button", name=onward), sent=sent, no=problem) == "no":
            raise await refused(problem)
        wait_s = visit.venue.number("mail_s")
        letter = await visit.mailbox.wait(guest.email, asked_at, "Confirmez votre rendez-vous", wait_s)
        recap = page.get_by_role("heading", name="Confirmez votre rendez-vous")
        await visit.open(_link(letter), sign=recap.or_(notice(page)))
        if await notice(page).is_visible():
            raise SlotLost("the link of the e-mail is good for nothing any more")
        return Recap(**dict(await facts(visit, page.get_by_role("main"))))

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page = visit.page
        confirmed = page.get_by_role("heading", name="Rendez-vous confirmé")
        passed_on = page.get_by_role("heading", name="Demande transmise au cabinet")
        no, code = notice(page), page.get_by_label("Numéro")
        confirm = page.get_by_role("button", name="Confirmer le rendez-vous")
        if await visit.press(confirm, thanks=confirmed.or_(passed_on), refused=no) == "refused":
            return Refusal(text=await no.inner_text())
        await page.wait_for_load_state("domcontentloaded")  # the number comes below the heading, or not at all
        number = await code.inner_text() if await code.is_visible() else None
        return Claim(reference=number, shows=await facts(visit, page.get_by_role("main")))

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        records = await look_up(visit, lookup.guest.email, lookup.guest.phone or "")
        return [await sighting(visit, record) for record in records]

    async def read_letters(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return told(visit, await visit.mailbox.all(lookup.guest.email), lookup)

    async def read_agenda(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return await agenda_day(visit, lookup)

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        code, email, phone = sighting.key.split(" ", 2)
        await look_up(visit, email, phone)
        record = page.get_by_role("article", name=code, exact=True)
        call_off = record.get_by_role("button", name="Annuler ce rendez-vous")
        await visit.press(call_off, done=page.get_by_role("heading", name="Rendez-vous annulé"))

    async def release(self, visit: Visit, hold: Hold) -> None:
        frame = widget(visit.page)
        give_back, gone = frame.get_by_role("button", name="Rendre ce créneau"), notice(frame)
        await visit.open(hold.key, sign=give_back.or_(gone))
        if await give_back.is_visible():
            await visit.press(give_back, done=frame.get_by_label("Motif de consultation"))

    async def log_in(self, visit: Visit, account: Account) -> None:
        page = visit.page
        await visit.open("/equipe", sign=page.get_by_label("Identifiant"))
        await page.get_by_label("Identifiant").fill(account.user or "")
        await page.get_by_label("Mot de passe").fill(account.secret.get_secret_value())
        inside = page.get_by_role("heading", name="Agenda du cabinet")
        enter = page.get_by_role("button", name="Se connecter")
        if await visit.press(enter, inside=inside, wrong=notice(page)) == "wrong":
            raise SessionLost("the practice does not take the desk's password")

    def signed_out(self, page: Page) -> Locator:
        return page.get_by_role("heading", name="Espace équipe")


def _link(letter: Mail) -> str:
    link = next((address for address in letter.links if "/confirmation/" in address), None)
    if link is None:
        raise VenueChanged("the practice's e-mail has no link that confirms")
    return link
