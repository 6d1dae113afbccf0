"""A house without pages: core, flows and ledger are real, only the browser and the venue are a few lines here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from farm.contract import VenueScript
from farm.facts import Claim, Guest, Hold, Offer, Party, Recap, Sighting, Slot
from farm.gate import Ruling
from farm.identity import mint_code
from farm.registry import Registry
from farm.request import Request, WantedSlot
from farm.status import VenueStatus
from ledger.records import AttemptRecord, BookingRecord, WakeUp
from ledger.store import Ledger
from profiles.partner import Partners
from tasks.runtime import Farm
from tasks.settings import Settings

STOCK = Path(__file__).parents[2]
EVENING = datetime(2029, 12, 4, 19, tzinfo=UTC)
VENUES = ("osteria_luna", "trattoria_sole")
Hook = Callable[[], Awaitable[None]]


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2029, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class House:
    """What stands in the houses' books, and what happens at the next visit of a step.

    Attributes:
        opens: Called before a visit opens; raises where none can be opened.
        at: Called in a step, by its name; raises what the step shall meet.
    """

    records: list[Sighting] = field(default_factory=list)
    status: VenueStatus = VenueStatus.CONFIRMED
    clicks: int = 0
    opens: Hook | None = None
    at: dict[str, Hook] = field(default_factory=dict)

    async def step(self, name: str) -> None:
        if name in self.at:
            await self.at[name]()

    def answers(self, status: VenueStatus) -> None:
        """The house changes the status of what stands."""
        self.records = [record.model_copy(update={"status": status}) for record in self.records]


class Script(VenueScript):
    def __init__(self, house: House) -> None:
        self._house = house

    async def search(self, visit: Any, request: Any) -> list[Offer]:
        await self._house.step("search")
        return [Offer(when=Slot(starts_at=EVENING), key="t", resource="Tavolo 1")]

    async def hold(self, visit: Any, offer: Offer) -> Hold:
        return Hold(offer=offer, binding="none")

    async def enter_guest(self, visit: Any, hold: Hold, request: Any) -> Recap:
        visit.request = request
        await self._house.step("enter_guest")
        return Recap(
            when=hold.offer.when,
            party=request.party,
            resource=hold.offer.resource,
            guest_name=request.guest.name,
            guest_email=request.guest.email,
        )

    async def submit(self, visit: Any, hold: Hold) -> Claim:
        await self._house.step("submit")
        ruling = visit.gate.rule("POST", f"{visit.venue.origin}/prenota/conferma", "document", "")
        assert ruling is Ruling.PASS
        self._house.clicks += 1
        guest = visit.request.guest
        record = Sighting(
            reference=f"OL-{self._house.clicks}",
            when=hold.offer.when,
            party=visit.request.party,
            resource=hold.offer.resource,
            guest_name=guest.name,
            guest_email=guest.email,
            status=self._house.status,
        )
        self._house.records.append(record)
        await self._house.step("submitted")
        return Claim(reference=record.reference)

    async def read_back(self, visit: Any, lookup: Any) -> list[Sighting]:
        visit.gate.rule("GET", visit.venue.origin, None, None)
        await self._house.step("read_back")
        return list(self._house.records)

    async def cancel(self, visit: Any, sighting: Any) -> None:
        await self._house.step("cancel")
        self._house.answers(VenueStatus.CANCELLED)


class _Visit:
    """As much of a visit as the core touches."""

    def __init__(self, venue: Any, gate: Any) -> None:
        self.venue, self.gate, self.page, self.account = venue, gate, None, None

    async def begin(self, wall: Any) -> None:
        pass

    def check(self) -> None:
        pass


class _Visits:
    def __init__(self, house: House, venue: Any) -> None:
        self._house, self._venue = house, venue

    def has_account(self, role: str) -> bool:
        return True

    @asynccontextmanager
    async def open(self, gate: Any, steps: Any, role: Any, made: Any = None) -> AsyncIterator[_Visit]:
        if self._house.opens is not None:
            await self._house.opens()
        yield _Visit(self._venue, gate)


@dataclass
class HouseFarm(Farm):
    """A farm whose every visit is to the one house."""

    house: House = field(default_factory=House)

    def visits(self, venue: Any) -> Any:
        return _Visits(self.house, venue)

    async def queue(self, *venues: str, **changes: Any) -> str:
        """A booking that waits to be taken."""
        request = Request(
            guest=Guest(name="Ada Rossi", email="ada@example.com"),
            party=Party(adults=2),
            when=WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21)),
            venues=venues or VENUES[:1],
            **changes,
        )
        return (await self.ledger.accept(request, mint_code())).booking.id

    async def look(self, booking_id: str) -> tuple[BookingRecord, list[AttemptRecord], dict[str, WakeUp]]:
        """The booking, its attempts and its open wake-ups by kind."""
        wake_ups: dict[str, WakeUp] = {each.kind: each for each in await self.ledger.wake_ups(booking_id)}
        return await self.ledger.booking(booking_id), await self.ledger.attempts(booking_id), wake_ups


def farm_at(house: House, ledger: Ledger, settings: Settings, owner: str = "test") -> HouseFarm:
    """A worker's farm on this ledger, with the ledger's clock."""
    registry = Registry.load([STOCK / "integrations"])
    for name in registry.integrations:
        registry._scripts[name] = Script(house)
    partners = Partners.load([STOCK / "profiles" / "partners"])
    nowhere: Any = None
    return HouseFarm(settings, ledger, registry, partners, nowhere, ledger.clock, owner, house)
