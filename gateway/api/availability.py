"""Availability as last seen: what a venue listed when somebody last looked, and how long ago that was."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from farm.facts import Fact
from farm.listing import Offered
from farm.schema import nearest
from farm.written import Day
from gateway.api.caller import Reader
from gateway.api.house import Here
from gateway.api.problems import Refused
from ledger.availability import LastSeen

router = APIRouter(prefix="/v1/venues", tags=["venues"])


class SeenAnswer(Fact):
    """One list of a venue as it was at `seen_at`; a booking may find another one.

    Attributes:
        people: For how many it was asked.
        units: For how many tickets or rooms, where that was said.
        nights: 0 for a slot.
        service: For what, where not for anything.
        resource: In what, where not in anything.
        earliest: Some venues show only the hours that are asked for, from this one
        latest: to this one; nothing is known of others.
        age_s: How old it is now.
        state: `nothing_listed`: the venue was asked, and had nothing.
        offers: As listed, with prices for the whole party: no promise of a price, and none of a place.
    """

    people: int
    units: int | None
    nights: int
    service: str | None
    resource: str | None
    earliest: dt.time | None
    latest: dt.time | None
    seen_at: AwareDatetime
    age_s: float
    state: Literal["listed", "nothing_listed"]
    offers: tuple[Offered, ...]

    @classmethod
    def of(cls, last: LastSeen, now: dt.datetime) -> SeenAnswer:
        """What was seen, with its age."""
        listing = last.listing
        return cls(
            people=listing.party.people,
            units=listing.party.units,
            nights=listing.nights,
            service=listing.service,
            resource=listing.resource,
            earliest=listing.earliest,
            latest=listing.latest,
            seen_at=last.seen_at,
            age_s=round(max((now - last.seen_at).total_seconds(), 0.0), 1),
            state="listed" if listing.offers else "nothing_listed",
            offers=listing.offers,
        )


class AvailabilityAnswer(Fact):
    """What was last seen of a venue's day.

    Attributes:
        date: In the venue's own zone; of a stay, the arrival.
        looked: False: nobody has ever searched this day, which says nothing about it.
        seen: The newest list for each question, newest first.
    """

    venue: str
    date: dt.date
    looked: bool
    seen: tuple[SeenAnswer, ...]


@router.get("/{slug}/availability", summary="What a venue listed when it was last searched")
async def availability(
    slug: str,
    here: Here,
    who: Reader,  # noqa: ARG001 - any reader's: it is what the venue shows to everybody
    date: Annotated[Day, Query(description="A day in the venue's own zone; of a stay, the arrival.")],
    people: Annotated[int | None, Query(ge=1, le=500, description="Only lists for so many people.")] = None,
) -> AvailabilityAnswer:
    """As seen by the farm's own visits, however old: `age_s` says how old. It is never a promise.

    Nobody looks because you ask. Only a booking takes a place, and compares the price.
    """
    venues = here.registry.venues
    if slug not in venues:
        raise Refused("not-found", f"there is no venue `{slug[:80]}`", then=nearest(slug[:80], list(venues)))
    found, now = await here.ledger.availability.of_day(slug, date), here.ledger.clock()
    return AvailabilityAnswer(
        venue=slug,
        date=date,
        looked=bool(found),
        seen=tuple(SeenAnswer.of(last, now) for last in found if people in {None, last.listing.party.people}),
    )
