"""A house without pages: core, flows and ledger are real, only the browser and the venue are a few lines here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from farm.contract import VenueScript
from farm.facts import Claim, Guest, Hold, Offer, Party, Recap, Refusal, Sighting, Slot
from farm.gate import Ruling
from farm.identity import mint_code
from farm.registry import Registry
from farm.request import Clock, Request, WantedSlot
from farm.status import VenueStatus
from ledger.records import AttemptRecord, BookingRecord, EventRecord, WakeUp
from ledger.store import Ledger
from profiles.partner import Partners
from tasks.driving import drive
from tasks.runtime import Farm
from tasks.settings import Settings

STOCK = Path(__file__).parents[2]
EVENING = datetime(2029, 12, 4, 19, tzinfo=UTC)
VENUES = ("osteria_luna", "trattoria_sole")
FIRST, SECOND = VENUES
WANTED = WantedSlot(date=date(2029, 12, 4), earliest=time(19), latest=time(21), preferred=time(20))
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
        status: With which the next record is written.
        binding: How a hold binds.
        refusal: What the next click is refused with.
        hidden: The book does not show its records (yet).
        others: Who else sits there.
        account: With which the last visit was opened.
        elsewhere: Houses of their own, by venue; every other venue is this house.
        opens: Called before a visit opens; raises where none can be opened.
        at: Called in a step, by its name; raises what the step shall meet.
    """

    records: list[Sighting] = field(default_factory=list)
    status: VenueStatus = VenueStatus.CONFIRMED
    clicks: int = 0
    binding: str = "none"
    refusal: str = ""
    hidden: bool = False
    others: list[Sighting] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)
    account: Any = None
    elsewhere: dict[str, House] = field(default_factory=dict)
    opens: Hook | None = None
    at: dict[str, Hook] = field(default_factory=dict)

    async def step(self, name: str) -> None:
        if name in self.at:
            await self.at[name]()

    def of(self, slug: str) -> House:
        """The house that is this venue."""
        return self.elsewhere.get(slug, self)

    @property
    def standing(self) -> list[Sighting]:
        """What stands in the book, shown or not."""
        return [record for record in self.records if record.stands]

    def answers(self, status: VenueStatus) -> None:
        """The house changes the status of what stands."""
        self.records = [record.model_copy(update={"status": status}) for record in self.records]


class Script(VenueScript):
    def __init__(self, house: House) -> None:
        self._default = house

    def _at(self, visit: Any) -> House:
        return self._default.of(visit.venue.slug)

    async def search(self, visit: Any, request: Any) -> list[Offer]:
        await self._at(visit).step("search")
        zone, wish = visit.venue.zone, request.when
        at = datetime.combine(wish.date, wish.preferred or wish.earliest, zone)
        return [Offer(when=Slot(starts_at=at), key="t", resource="Tavolo 1")]

    async def hold(self, visit: Any, offer: Offer) -> Hold:
        house = self._at(visit)
        await house.step("hold")
        if house.binding == "none":
            return Hold(offer=offer, binding="none")
        return Hold(offer=offer, binding="firm", expires_at=visit.now + timedelta(minutes=10), key="b1")

    async def enter_guest(self, visit: Any, hold: Hold, request: Any) -> Recap:
        visit.request = request
        await self._at(visit).step("enter_guest")
        return Recap(
            when=hold.offer.when,
            party=request.party,
            resource=hold.offer.resource,
            guest_name=request.guest.name,
            guest_email=request.guest.email,
        )

    async def submit(self, visit: Any, hold: Hold) -> Claim | Refusal:
        house = self._at(visit)
        await house.step("submit")
        ruling = visit.gate.rule("POST", f"{visit.venue.origin}/prenota/conferma", "document", "")
        assert ruling is Ruling.PASS
        house.clicks += 1
        if house.refusal:
            refusal, house.refusal = house.refusal, ""
            return Refusal(text=refusal)
        guest = visit.request.guest
        record = Sighting(
            reference=f"OL-{house.clicks}",
            when=hold.offer.when,
            party=visit.request.party,
            resource=hold.offer.resource,
            guest_name=guest.name,
            guest_email=guest.email,
            status=house.status,
        )
        house.records.append(record)
        await house.step("submitted")
        return Claim(reference=record.reference)

    async def read_back(self, visit: Any, lookup: Any) -> list[Sighting]:
        house = self._at(visit)
        visit.gate.rule("GET", visit.venue.origin, None, None)
        await house.step("read_back")
        return [] if house.hidden else list(house.records)

    async def occupants(self, visit: Any, lookup: Any) -> list[Sighting]:
        return list(self._at(visit).others)

    async def cancel(self, visit: Any, sighting: Any) -> None:
        house = self._at(visit)
        await house.step("cancel")
        house.records = [
            record.model_copy(update={"status": VenueStatus.CANCELLED})
            if record.reference == sighting.reference
            else record
            for record in house.records
        ]

    async def change(self, visit: Any, sighting: Any, request: Any) -> Claim | Refusal:
        house = self._at(visit)
        await house.step("change")
        if house.refusal:
            return Refusal(text=house.refusal)
        at = datetime.combine(request.when.date, request.when.preferred or request.when.earliest, visit.venue.zone)
        changed = {"when": Slot(starts_at=at), "party": request.party}
        house.records = [
            record.model_copy(update=changed) if record.reference == sighting.reference else record
            for record in house.records
        ]
        return Claim(reference=sighting.reference)

    async def log_in(self, visit: Any, account: Any) -> None:
        await self._at(visit).step("log_in")

    async def release(self, visit: Any, hold: Hold) -> None:
        await self._at(visit).step("release")
        self._at(visit).given_back.append(hold.key)


class _Visit:
    """As much of a visit as the core touches."""

    def __init__(self, venue: Any, gate: Any, now: datetime, account: Any) -> None:
        self.venue, self.gate, self.page, self.account, self.now = venue, gate, None, account, now
        self.entry = None

    def watch_for(self, wall: Any) -> None:
        pass

    async def begin(self, wall: Any) -> None:
        pass

    def check(self) -> None:
        pass


class _Visits:
    def __init__(self, house: House, venue: Any, clock: Clock) -> None:
        self._house, self._venue, self._clock = house.of(venue.slug), venue, clock

    def has_account(self, role: str) -> bool:
        return False

    def has_mailbox(self) -> bool:
        return False

    @asynccontextmanager
    async def open(self, gate: Any, steps: Any, role: Any, made: Any = None) -> AsyncIterator[_Visit]:
        if self._house.opens is not None:
            await self._house.opens()
        self._house.account = made
        yield _Visit(self._venue, gate, self._clock(), made)


@dataclass
class HouseFarm(Farm):
    """A farm whose every visit is to the one house."""

    house: House = field(default_factory=House)

    def visits(self, venue: Any, good_until: Any = None) -> Any:
        return _Visits(self.house, venue, self.clock)

    async def queue(self, *venues: str, **changes: Any) -> str:
        """A booking that waits to be taken."""
        wanted: dict[str, Any] = {
            "guest": Guest(name="Ada Rossi", email="ada@example.com"),
            "party": Party(adults=2),
            "when": WANTED,
            "venues": venues or VENUES[:1],
        }
        request = Request(**(wanted | changes))
        return (await self.ledger.accept(request, mint_code())).booking.id

    def declares(self, **changes: Any) -> None:
        """Change what the houses' manifest says."""
        stock = self.registry.integrations["osteria_luna"]
        manifest = stock.manifest.model_copy(update=changes)
        self.registry.integrations["osteria_luna"] = replace(stock, manifest=manifest)

    async def serve(self, clock: HandClock, booking_id: str, until_s: float = 0) -> BookingRecord:
        """Take every message of the booking that comes within so long, in their order, each at its time."""
        ends_at = clock.now + timedelta(seconds=until_s)
        while open_now := await self.ledger.wake_ups(booking_id):
            first = min(open_now, key=lambda wake_up: wake_up.due_at)
            if first.due_at > max(ends_at, clock.now):
                break
            clock.now = max(clock.now, first.due_at)
            await drive(self, booking_id, first.kind)
        clock.now = max(clock.now, ends_at)
        return await self.ledger.booking(booking_id)

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
    return HouseFarm(settings, ledger, registry, partners, nowhere, nowhere, ledger.clock, owner, house=house)


def kinds(events: Sequence[EventRecord]) -> list[str]:
    """What happened, in a word each."""
    return [event.kind for event in events]


def evening(farm: HouseFarm) -> datetime:
    """When the wish would best be met, in the first house's zone."""
    return datetime.combine(WANTED.date, time(20), farm.registry.venue(FIRST).zone)
