"""What the simulated demand asks for and where: real requests, venues and manifests, built once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import permutations
from typing import Literal

from farm.compare import expected
from farm.facts import Facts, Guest, Hold, Offer, Party, Sighting, Slot
from farm.identity import Reference, plant
from farm.life.case import Place
from farm.manifest import Channel, FactName, Manifest, Settle
from farm.request import Request, WantedSlot
from farm.rules import CancelRule, ChangeRule, CommitRule
from farm.status import VenueStatus
from farm.venue import Venue
from farm.verdict import Measure

BEGINS = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""When every booking is queued; each has its own world, so that they need no other hour."""
CODE = "0123456789"
STRANGER = "ZYXWVTSRQP"
DAY = date(2026, 12, 4)
SHIFT = timedelta(hours=1)
_SHOWS: tuple[FactName, ...] = ("when", "resource", "guest_email", "reference", "status")
_WHOLE = Channel(name="guest_page", proves="complete", shows=_SHOWS)
_CAPPED = Channel(name="guest_page", proves="capped", shows=_SHOWS)


def _place(
    slug: str, settle: Settle, deadline_s: float, channel: Channel = _WHOLE, *, occupants: bool = False
) -> Place:
    venue = Venue(
        slug=slug,
        integration="simulated",
        name=slug.title(),
        kind="restaurant",
        timezone="Europe/Rome",
        currency="EUR",
        origin=f"https://{slug}.example",
        partner=slug,
    )
    manifest = Manifest(
        name="simulated",
        source="benchmarks/simulate",
        plants=("email",),
        recap=("when",),
        commit=CommitRule(url="{origin}/book", deadline_s=deadline_s),
        cancel=CancelRule(url="{origin}/cancel"),
        change=ChangeRule(url="{origin}/change") if slug == "luna" else None,
        read_back=(channel,),
        settle=settle,
        occupants=occupants,
    )
    return Place(venue, manifest)


PLACES = {
    place.venue.slug: place
    for place in (
        _place("luna", Settle(settle_s=5, every_s=1), 10, occupants=True),
        _place("nord", Settle(settle_s=60, every_s=5), 30),
        _place("sole", Settle(settle_s=10, every_s=2, pending_every_s=240), 20),
        _place("faro", Settle(settle_s=10, every_s=2), 20, _CAPPED),
    )
}
"""At once; slow books; asks a person first; a page that never denies."""
ASKS_FIRST = frozenset({"sole"})
ONE_EACH = frozenset({"nord"})
"""Refuses a second booking of the same guest: "you already have one"."""
SURE = ("luna", "nord", "sole")


@dataclass(frozen=True, slots=True)
class Wish:
    """One kind of request, with its candidates."""

    number: int
    request: Request
    places: tuple[Place, ...]


def _wishes() -> tuple[Wish, ...]:
    guest = Guest(name="Ada Rossi", email="ada@example.com")
    when = WantedSlot(date=DAY, earliest=time(19), latest=time(21), preferred=time(20))
    orders = [*permutations(SURE), ("faro", "nord", "luna")]
    policies: tuple[Literal["ask", "amend", "cancel_and_fall_back"], ...] = (
        "cancel_and_fall_back",
        "amend",
        "cancel_and_fall_back",
        "ask",
    )
    made = [
        Request(
            guest=guest,
            party=Party(adults=2),
            when=when,
            venues=order,
            on_mismatch=policies[n % len(policies)],
            pending_min=(60, 240, None)[n % 3],
            know_by=BEGINS + timedelta(hours=12) if n % 5 == 0 else None,
        )
        for n, order in enumerate(orders * 4)
    ]
    return tuple(Wish(n, r, tuple(PLACES[slug] for slug in r.venues)) for n, r in enumerate(made))


WISHES = _wishes()
ZONE = PLACES["luna"].venue.zone
EVENING = datetime.combine(DAY, time(20), ZONE).astimezone(UTC)
OFFER = Offer(when=Slot(starts_at=EVENING), key="t1", resource="Table 1")
NO_HOLD = Hold(offer=OFFER, binding="none")


@cache
def wanted(slug: str, number: int) -> Facts:
    """What the record of the attempt with this number must show."""
    planted = plant(WISHES[0].request, Reference(CODE, number), PLACES[slug].manifest.plants)
    return expected(planted, OFFER)


@cache
def measure(slug: str, number: int, claimed: str | None) -> Measure:
    """What sightings are judged by."""
    return Measure(CODE, wanted(slug, number), claimed, PLACES[slug].manifest.tolerance, ZONE)


@cache
def sighting(slug: str, number: int, reference: str, status: VenueStatus, *, shifted: bool) -> Sighting:
    """The record of an attempt as the venue shows it."""
    facts = wanted(slug, number)
    starts_at = EVENING + SHIFT if shifted else EVENING
    return Sighting(
        reference=reference,
        when=Slot(starts_at=starts_at),
        resource=facts.resource,
        party=facts.party,
        guest_name=facts.guest_name,
        guest_email=facts.guest_email,
        status=status,
    )


@cache
def stranger() -> Sighting:
    """Somebody else at our table and hour."""
    facts = plant(WISHES[0].request, Reference(STRANGER, 1), ("email",))
    return Sighting(
        reference="X-1",
        when=OFFER.when,
        resource=OFFER.resource,
        guest_name="Bo Berg",
        guest_email=facts.guest.email,
        status=VenueStatus.CONFIRMED,
    )
