"""The museum's records on the wire, as its API gives them to a guest and to the ticket office: no page is drawn."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, Field

from farm.contract import Account, Lookup, VenueScript
from farm.errors import OutcomeUnknown, SessionLost
from farm.facts import Money, Party, Sighting, Slot
from farm.visit import Visit

UNAUTHORIZED = 401


class Tickets(BaseModel):
    """How many of each kind."""

    general: int
    reducida: int
    ninos: int
    total: int


class Buyer(BaseModel):
    """Who comes."""

    nombre: str
    correo: str
    telefono: str
    nota: str


class Record(BaseModel):
    """One visit in the museum's book."""

    localizador: str
    exposicion: str
    inicio: AwareDatetime
    fin: AwareDatetime
    entradas: Tickets
    total_minor: int
    moneda: str = Field(pattern="^[A-Z]{3}$")
    comprador: Buyer
    estado: str

    def sighting(self, visit: Visit) -> Sighting:
        """All of it, as the core reads it."""
        buyer, tickets = self.comprador, self.entradas
        return Sighting(
            when=Slot(starts_at=self.inicio, ends_at=self.fin),
            resource=self.exposicion,
            party=Party(
                adults=tickets.general + tickets.reducida, children=tickets.ninos, units=tickets.total or None
            ),
            guest_name=buyer.nombre,
            guest_email=buyer.correo,
            guest_phone=buyer.telefono or None,
            note=buyer.nota or None,
            price=Money(minor=self.total_minor, currency=self.moneda),
            status=visit.status(self.estado),
            reference=self.localizador,
            key=f"{self.localizador} {buyer.correo}",
        )


class Found(BaseModel):
    """All visits of an address, or of a day; an answer without them is no "nothing"."""

    visitas: list[Record]


class MuseumRecords(VenueScript):
    """A guest is asked for nothing but the e-mail; the ticket office, with an account, shows one day."""

    async def read_back(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        wanted = {"correo": lookup.guest.email}
        answer = await visit.call("POST", "/api/v1/visitas/consulta", json=wanted)
        return [record.sighting(visit) for record in Found.model_validate(answer.json()).visitas]

    async def read_office(self, visit: Visit, lookup: Lookup) -> list[Sighting]:
        if not isinstance(lookup.when, Slot):
            raise OutcomeUnknown("the ticket office lists one day, and nobody knows which")
        day = lookup.when.starts_at.astimezone(visit.venue.zone).date()
        answer = await visit.call("GET", f"/api/v1/taquilla/visitas?dia={day}")
        if answer.status == UNAUTHORIZED:
            raise SessionLost("the ticket office wants a log-in")
        return [record.sighting(visit) for record in Found.model_validate(answer.json()).visitas]

    async def log_in(self, visit: Visit, account: Account) -> None:
        given = {"usuario": account.user, "clave": account.secret.get_secret_value()}
        answer = await visit.call("POST", "/api/v1/taquilla/sesion", json=given)
        if answer.status == UNAUTHORIZED:
            raise SessionLost("the ticket office does not take this user and password")
