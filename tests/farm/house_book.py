"""A house's book behind the real gate: what looks, cancellations and changes are tried on, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from farm.booking import Ask
from farm.compare import expected
from farm.contract import Lookup
from farm.errors import AccessRefused
from farm.facts import Claim, Hold, Offer, Refusal, Sighting, Slot
from farm.gate import Ruling
from farm.identity import Reference, plant
from farm.rules import ChangeRule
from farm.status import VenueStatus
from farm.verdict import Measure
from tests.farm.attempt import MANIFEST, OFFER, REQUEST, VENUE, WHEN

OURS = Reference("7K2M9Q4T3W", 1)
PLANTED = plant(REQUEST, OURS, MANIFEST.plants)
EXPECTED = expected(PLANTED, OFFER)
HOUSE = MANIFEST.model_copy(update={"change": ChangeRule(url="{origin}/sposta")})
PATHS = {"cancel": "/la-mia-prenotazione/annulla", "change": "/sposta", "release": "/prenota/rinuncia"}


def later(hours: float = 1) -> Slot:
    return Slot(starts_at=WHEN.starts_at + timedelta(hours=hours))


def record(reference: str | None = "OL-1", **changes: Any) -> Sighting:
    """A record that is just what was asked, and ours."""
    stands = {"reference": reference, "status": VenueStatus.CONFIRMED}
    return Sighting(**dict(EXPECTED)).model_copy(update=stands | changes)


def stranger(reference: str | None = "OL-9", **changes: Any) -> Sighting:
    """Somebody else's record on our place and time."""
    plain = {"guest_name": "Ida Verdi", "guest_email": "ida@example.com", "note": None}
    return record(reference, **plain | changes)


@dataclass
class Book:
    """The script and the house in one.

    Attributes:
        others: Who else the house shows on the slot.
        refusal: The words with which it refuses to change.
        deaf: Steps that the house hears, and does nothing about.
        meets: What a step meets, by its name; it may raise.
        did: Every step, in order.
        ruled: What the gate said of each request that changes something, by step.
        poison: What ends the visit from outside the script.
    """

    records: list[Sighting] = field(default_factory=lambda: [record()])
    others: list[Sighting] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    refusal: str = ""
    deaf: set[str] = field(default_factory=set)
    meets: dict[str, Callable[[], None]] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    ruled: list[tuple[str, Ruling]] = field(default_factory=list)
    given: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    visits: list[SimpleNamespace] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)
    gets_mail: bool = False
    poison: Exception | None = None
    gives: dict[str, Any] = field(default_factory=dict)
    entry: Any = None

    def _step(self, name: str, visit: Any) -> bool:
        """True when the house does what the step asks for."""
        self.did.append(name)
        if name in self.meets:
            self.meets[name]()
        if name not in PATHS:
            assert visit.gate.rule("GET", VENUE.origin, None, None) is Ruling.PASS
            return True
        ruling = visit.gate.rule("POST", VENUE.origin + PATHS[name], "document", None)
        self.ruled.append((name, ruling))
        return ruling is Ruling.PASS and name not in self.deaf

    # the script
    def signed_out(self, page):
        return None

    async def log_in(self, visit, account):
        self.did.append("log_in")
        self.given.append(account)

    async def search(self, visit, request):
        self._step("search", visit)
        return list(self.offers)

    async def read_back(self, visit, lookup):
        self._step("read_back", visit)
        return list(self.records)

    async def read_desk(self, visit, lookup):
        self._step("read_desk", visit)
        return list(self.records)

    async def occupants(self, visit, lookup):
        self._step("occupants", visit)
        return [*self.records, *self.others]

    async def cancel(self, visit, sighting):
        if self._step("cancel", visit):
            self.rewrite(sighting.reference, status=VenueStatus.CANCELLED)

    async def change(self, visit, sighting, request):
        self.given += [sighting, request]
        if not self._step("change", visit):
            return Claim(reference=sighting.reference)
        if self.refusal:
            return Refusal(text=self.refusal)
        at = datetime.combine(request.when.date, request.when.earliest, VENUE.zone)
        self.rewrite(sighting.reference, when=Slot(starts_at=at), party=request.party)
        return Claim(reference=sighting.reference)

    async def release(self, visit, hold):
        if self._step("release", visit):
            self.offers.append(hold.offer)

    def rewrite(self, reference: str | None, **changes: Any) -> None:
        self.records = [one.model_copy(update=changes) if one.reference == reference else one for one in self.records]

    def ends_the_visit(self) -> None:
        self.poison = AccessRefused("429")

    # the ports
    def check(self):
        if self.poison is not None:
            raise self.poison

    def has_account(self, role):
        return role in self.accounts

    def has_mailbox(self):
        return self.gets_mail

    @asynccontextmanager
    async def open(self, gate, steps, role, made=None):
        async def begin(wall):
            return None

        account = made or self.gives.get(role)
        visit = SimpleNamespace(page=None, gate=gate, steps=steps, role=role, account=account, venue=VENUE)
        visit.entry = self.entry
        visit.begin, visit.check, visit.watch_for = begin, self.check, lambda wall: None
        self.visits.append(visit)
        yield visit

    @asynccontextmanager
    async def stage(self, step):
        yield

    async def held(self, hold: Hold):
        raise AssertionError("nothing is held here")

    async def given_back(self):
        raise AssertionError("only an attempt says so")

    async def note(self, text):
        self.notes.append(text)


@dataclass
class Desk:
    """What the core is called with."""

    book: Book
    ask: Ask
    lookup: Lookup
    measure: Measure

    @property
    def told(self) -> tuple[Ask, Lookup, Measure, Any, Any]:
        return self.ask, self.lookup, self.measure, self.book, self.book


def desk(book: Book | None = None, *, wish: Any = PLANTED, wanted: Any = EXPECTED, made: Any = None, **says) -> Desk:
    """A desk at the house; ``says`` changes its manifest."""
    book = book or Book()
    script: Any = book
    ask = Ask(VENUE, HOUSE.model_copy(update=says), script, wish, lambda: datetime.now(UTC), made)
    lookup = Lookup(our_reference=str(OURS), guest=PLANTED.guest)
    return Desk(book, ask, lookup, Measure(OURS.code, wanted, None, HOUSE.tolerance, VENUE.zone))
