"""Venues: what can be booked, what a request for it must have, and whether it is open now."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from farm.facts import Fact
from farm.request import Need
from farm.tier import Tier
from farm.venue import Venue
from farm.written import Line
from gateway.answers import SoldAnswer
from gateway.api.caller import Reader
from gateway.api.house import Here, House
from gateway.api.paging import PageWanted
from gateway.api.problems import Refused
from gateway.openness import Closure, Openness

router = APIRouter(prefix="/v1/venues", tags=["venues"])

NEAREST = 3
_Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,80}$")]
_Words = Annotated[Line, Field(max_length=80)]


class VenuesWanted(PageWanted):
    """Which venues. Words are compared without case and accents.

    Attributes:
        kind: As `restaurant`.
        group: Those of this group.
        partner: Those of this partner.
        city: Those in this city.
        place: Those whose address, city or country has all of these words.
        q: Those that have all of these words in their name, their place, or what they sell.
        limit: How many on a page.
        cursor: The `next` of the page before.
    """

    kind: _Name | None = None
    group: _Name | None = None
    partner: _Name | None = None
    city: _Words | None = None
    place: _Words | None = None
    q: _Words | None = None

    def admits(self, venue: Venue) -> bool:
        """Whether it is one of them."""
        place = venue.place
        where = (place.city, place.country, place.address or "") if place is not None else ()
        sold = (*(one.service for one in venue.sells), *venue.resources)
        return (
            (self.kind is None or venue.kind == self.kind)
            and (self.group is None or self.group in venue.groups)
            and (self.partner is None or venue.partner == self.partner)
            and (self.city is None or (place is not None and _plain(place.city) == _plain(self.city)))
            and _has_all(self.place, where)
            and _has_all(self.q, (venue.name, venue.slug, venue.kind, *where, *sold))
        )


class PublicVenue(Fact):
    """One venue that can be booked.

    Attributes:
        language: Of its own pages.
        groups: What a request may name as `group`: it falls back inside it.
        takes: A `slot` is a time of a day, a `stay` is nights.
        sells: What a request's `service` may ask for; empty where the venue's own pages say it.
        resources: What a request's `resource` may ask for; empty where the venue's own pages say it.
        needs: Parts that a request must have here.
        payment: How the guest pays; `deposit` and `full` need a `card`.
        cancellable: The farm can cancel here.
        changeable: The venue changes a record in place; elsewhere a change is a new booking.
        tier: What its integration has earned: `gold` finds out what became of a lost answer by itself.
        open: A booking that is queued now may be tried now.
        closed: Why it is not.
        opens_at: When that ends by itself; null: nobody knows.
    """

    slug: str
    name: str
    kind: str
    language: str
    city: str | None
    country: str | None
    address: str | None
    timezone: str
    currency: str
    groups: tuple[str, ...]
    partner: str
    takes: Literal["slot", "stay"]
    sells: tuple[SoldAnswer, ...]
    resources: tuple[str, ...]
    needs: tuple[Need, ...]
    payment: Literal["none", "at_venue", "transfer", "deposit", "full"]
    cancellable: bool
    changeable: bool
    tier: Tier
    open: bool
    closed: str | None
    closed_for: Closure | None
    opens_at: AwareDatetime | None

    @classmethod
    def of(cls, venue: Venue, by: Openness) -> Self:
        """The answer for a venue."""
        manifest, place, closed = by.there.manifest(venue), venue.place, by.closed(venue)
        return cls(
            slug=venue.slug,
            name=venue.name,
            kind=venue.kind,
            language=venue.language,
            city=place.city if place is not None else None,
            country=place.country if place is not None else None,
            address=place.address if place is not None else None,
            timezone=venue.timezone,
            currency=venue.currency,
            groups=venue.groups,
            partner=venue.partner,
            takes=manifest.takes,
            sells=tuple(SoldAnswer(service=one.service, seats=one.seats) for one in venue.sells),
            resources=venue.resources,
            needs=tuple(dict.fromkeys((*manifest.demands, *venue.needs))),
            payment=manifest.payment,
            cancellable=manifest.cancel is not None,
            changeable=manifest.change is not None,
            tier=by.tier(venue.integration),
            open=closed is None,
            closed=closed.sentence if closed is not None else None,
            closed_for=closed.why if closed is not None else None,
            opens_at=closed.until if closed is not None else None,
        )


class VenuesPage(Fact):
    """Venues, by slug.

    Attributes:
        next: The cursor of the next page; null at the end.
    """

    venues: tuple[PublicVenue, ...]
    next: str | None


@router.get("", summary="The venues that can be booked")
async def list_venues(here: Here, _who: Reader, wanted: Annotated[VenuesWanted, Query()]) -> VenuesPage:
    """A page of them; `next` is the `cursor` of the one after it."""
    after = wanted.after or ""
    found = [one for slug, one in sorted(here.registry.venues.items()) if slug > after and wanted.admits(one)]
    by = await openness(here)
    return VenuesPage(
        venues=tuple(PublicVenue.of(one, by) for one in found[: wanted.limit]),
        next=wanted.next_of(found, lambda one: one.slug),
    )


@router.get("/{slug}", summary="One venue")
async def show_venue(slug: str, here: Here, _who: Reader) -> PublicVenue:
    """What it sells, what a request must have there, and whether it is open now."""
    return PublicVenue.of(known_venue(here, slug), await openness(here))


def known_venue(here: House, slug: str) -> Venue:
    """The venue of this name.

    Raises:
        Refused: There is none; the nearest names are told.
    """
    venue = here.registry.venues.get(slug)
    if venue is None:
        raise Refused(
            "not-found", "there is no such venue", then=nearest_of(slug, here.registry.venues, router.prefix)
        )
    return venue


def nearest_of(name: str, known: Iterable[str], listed_at: str) -> str:
    """What to do about a name that nothing has: the nearest ones, and where all of them are."""
    near = difflib.get_close_matches(name[:80], known, n=NEAREST)
    did_you_mean = f"did you mean {' or '.join(f'`{one}`' for one in near)}? " if near else ""
    return f"{did_you_mean}`GET {listed_at}` lists them all"


async def openness(here: House) -> Openness:
    """What decides now whether venues are open."""
    return await Openness.read(here.registry, here.partners, here.settings.least_tier, here.ledger)


def _has_all(words: str | None, texts: Iterable[str]) -> bool:
    if words is None:
        return True
    text = _plain(" ".join(texts))
    return all(word in text for word in _plain(words).split())


def _plain(text: str) -> str:
    """Without case and accents."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in spread if not unicodedata.combining(character))
