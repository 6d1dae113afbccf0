"""Museo Ribera: a single-page app over a JSON API; the pages book, the API is read back."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from farm.contract import Lookup
from farm.errors import RequestRefused, SlotLost, VenueDown
from farm.facts import Claim, Hold, Offer, Recap, Refusal, Sighting
from farm.request import Request
from farm.visit import Visit
from integrations.museo_ribera.pages import claim, entry, facts, free_entries, gone, look_up, no, sighting
from integrations.museo_ribera.records import MuseumRecords


class MuseoRibera(MuseumRecords):
    async def search(self, visit: Visit, request: Request) -> list[Offer]:
        page, party = visit.page, request.party
        wish = {"dia": request.when.day.isoformat(), "general": party.adults, "ninos": party.children}
        await visit.open(f"/entradas?{urlencode(wish)}", sign=page.get_by_role("heading", name="Elija su visita"))
        if request.resource:
            await page.get_by_role("radio", name=request.resource).check()
        offers = await free_entries(visit)
        if await no(page).is_visible():
            raise VenueDown("the museum's list of entries did not come")
        if await page.get_by_role("note").is_visible():
            raise RequestRefused("the museum sells no such day or party on its site")
        return offers

    async def hold(self, visit: Visit, offer: Offer) -> Hold:
        page, choice = visit.page, entry(visit.page, offer)
        if not await choice.is_visible():
            await visit.open(offer.key.partition("#")[0], sign=page.get_by_role("heading", name="Elija su visita"))
            await free_entries(visit)
        if not await choice.is_visible():
            raise SlotLost("the museum lists this entry no more")
        onward = page.get_by_role("button", name="Continuar")
        kept = page.get_by_role("status").get_by_text("Le guardamos")
        if await visit.press(choice, chosen=onward, no=no(page)) == "no" or (
            await visit.press(onward, kept=kept, no=no(page)) == "no"
        ):
            await self._told_no(visit)
        units = int((await kept.inner_text()).split()[2])
        if offer.party is not None and units != offer.party.units:
            await visit.press(
                page.get_by_role("button", name="Renunciar"), done=page.get_by_role("heading", name="Elija su visita")
            )
            raise SlotLost(f"the museum keeps {units} tickets only")
        until = await kept.get_by_role("time").get_attribute("datetime") or ""
        address = urlsplit(page.url)
        key = f"{address.path}?{address.query}"
        return Hold(offer=offer, binding="soft", expires_at=datetime.fromisoformat(until), key=key)

    async def enter_guest(self, visit: Visit, hold: Hold, request: Request) -> Recap:
        page, guest = visit.page, request.guest
        name = page.get_by_label("Nombre y apellidos")
        if not await name.is_visible():
            await visit.open(hold.key, sign=name.or_(gone(page)))
            if await gone(page).is_visible():
                raise SlotLost("the reservation has ended")
        await name.fill(guest.name)
        await page.get_by_label("Correo electrónico").fill(guest.email)
        await page.get_by_label("Teléfono").fill(guest.phone or "")
        await page.get_by_label("Observaciones").fill(request.note or "")
        recap = page.get_by_role("heading", name="Revise su visita")
        onward, box = page.get_by_role("button", name="Revisar"), page.get_by_role("alertdialog")
        invalid = page.get_by_role("alert")
        answer = await visit.press(onward, recap=recap, gone=gone(page), down=box, invalid=invalid)
        if answer == "gone":
            raise SlotLost("the reservation has ended")
        if answer == "down":
            raise VenueDown("the museum takes no guest details now")
        if answer == "invalid":
            raise RequestRefused("the museum does not take these guest details")
        return Recap(**dict(await facts(visit, page.get_by_role("main"))))

    async def submit(self, visit: Visit, hold: Hold) -> Claim | Refusal:
        page = visit.page
        confirmed = page.get_by_role("heading", name="Su visita está confirmada")
        asked = page.get_by_role("heading", name="Solicitud recibida")
        last = page.get_by_role("button", name="Confirmar visita")
        last = last.or_(page.get_by_role("button", name="Enviar solicitud"))
        if await visit.press(last, thanks=confirmed.or_(asked), no=no(page)) == "no":
            return Refusal(text=await no(page).inner_text())
        return await claim(visit)

    async def read_page(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        return [await sighting(visit, record) for record in await look_up(visit, lookup.guest.email)]

    async def cancel(self, visit: Visit, sighting: Sighting) -> None:
        page = visit.page
        code, _, email = sighting.key.partition(" ")
        await look_up(visit, email)
        record = page.get_by_role("article", name=code, exact=True)
        sure = page.get_by_role("button", name="Sí, anular")
        await visit.press(record.get_by_role("button", name="Anular visita"), asked=sure)
        await visit.press(sure, done=page.get_by_role("status").get_by_text("Visita anulada"), no=no(page))

    async def release(self, visit: Visit, hold: Hold) -> None:
        (token,) = parse_qs(urlsplit(hold.key).query)["reserva"]
        await visit.call("DELETE", f"/api/v1/reservas/{token}")

    async def _told_no(self, visit: Visit) -> None:
        """What a modal box or a notice says instead of keeping tickets."""
        said = await no(visit.page).inner_text()
        if "no quedan entradas" in said:
            raise SlotLost("somebody else was faster")
        raise VenueDown("the museum keeps no tickets now")
