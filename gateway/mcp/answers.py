"""What the tools answer: small, and plain about what is proven. No guest data."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field
from readback_client import Availability, Booking, Venue

from farm.facts import Fact


class BookingResult(Fact):
    """A booking as it is now."""

    confirmed: Annotated[
        bool,
        Field(
            description="True only if the venue's own record was read back and matches. Anything else, whatever the "
            "status sounds like, is NOT a confirmation: never tell the guest that it is booked."
        ),
    ]
    booking_id: Annotated[str, Field(description="What the other tools ask for.")]
    status: Annotated[
        str,
        Field(
            description="queued, attempting, verifying (the venue said yes, which proves nothing yet), confirmed, "
            "pending_venue (the venue must still decide), in_doubt (a person must look), unavailable, failed, "
            "cancelling (not proven yet), cancelled, expired."
        ),
    ]
    settled: Annotated[bool, Field(description="Nothing more happens by itself; if false, wait_for_booking.")]
    tell_the_guest: Annotated[str | None, Field(description="What may be said to the guest now, in these words.")]
    waits_for: Annotated[str | None, Field(description="What it waits for now.")]
    waits_until: Annotated[AwareDatetime | None, Field(description="When that has ended, in whatever way.")]
    know_by: Annotated[
        AwareDatetime | None, Field(description="When the guest knows at the latest whether a place was found.")
    ]
    venue: str | None
    venue_reference: Annotated[
        str | None, Field(description="The venue's own booking number; proof only where confirmed is true.")
    ]
    booked: Annotated[
        dict[str, Any] | None, Field(description="What stands in the venue's record: when, for how many, the price.")
    ]
    cause: Annotated[str | None, Field(description="Why it is not confirmed, where it is not.")]

    @classmethod
    def of(cls, booking: Booking) -> Self:
        """The result for what the API answers."""
        return cls(
            confirmed=booking.confirmed,
            booking_id=booking.id,
            status=booking.status,
            settled=booking.at_rest,
            tell_the_guest=booking.sentence,
            waits_for=booking.waits.sentence if booking.waits is not None else None,
            waits_until=booking.waits.until if booking.waits is not None else None,
            know_by=booking.know_by,
            venue=booking.venue,
            venue_reference=booking.venue_reference,
            booked=booking.booked.model_dump(mode="json", exclude_none=True) if booking.booked is not None else None,
            cause=booking.cause,
        )


class VenueResult(Fact):
    """One venue."""

    slug: Annotated[str, Field(description="What `book` takes in `venues`.")]
    name: str
    city: str | None
    kind: str
    groups: Annotated[tuple[str, ...], Field(description="What `book` takes as `group`: any venue of it will do.")]
    timezone: str
    currency: str
    takes: Annotated[str | None, Field(description="slot: a time of a day; stay: nights.")]
    needs: Annotated[tuple[str, ...], Field(description="What `book` must say here beside guest, party and when.")]
    payment: Annotated[str | None, Field(description="none, at_venue, transfer; deposit and full need a card.")]
    services: Annotated[tuple[str, ...], Field(description="What `book` may ask for as `service`.")]
    resources: Annotated[tuple[str, ...], Field(description="What `book` may ask for as `resource`.")]
    closed: Annotated[str | None, Field(description="Why a booking is not tried there now; null when it is.")]
    opens_at: Annotated[AwareDatetime | None, Field(description="When that ends by itself, where anybody knows.")]

    @classmethod
    def of(cls, venue: Venue) -> Self:
        """The result for what the API answers."""
        return cls(
            slug=venue.slug,
            name=venue.name,
            city=venue.city,
            kind=venue.kind,
            groups=venue.groups,
            timezone=venue.timezone,
            currency=venue.currency,
            takes=venue.takes,
            needs=venue.needs,
            payment=venue.payment,
            services=tuple(sold.service for sold in venue.sells),
            resources=venue.resources,
            closed=venue.closed,
            opens_at=venue.opens_at,
        )


class VenuesResult(Fact):
    """Venues that fit."""

    venues: tuple[VenueResult, ...]


class SeenResult(Fact):
    """What somebody saw when the venue was last looked at."""

    people: int
    age_s: Annotated[float, Field(description="How old this is, in seconds.")]
    state: Annotated[str, Field(description="listed or nothing_listed, as it was then.")]
    offers: tuple[dict[str, Any], ...]


class AvailabilityResult(Fact):
    """What was last seen of a venue's day. Never a promise."""

    venue: str
    date: str
    looked: Annotated[bool, Field(description="False: nobody has ever searched this day, which says nothing of it.")]
    seen: tuple[SeenResult, ...]

    @classmethod
    def of(cls, found: Availability) -> Self:
        """The result for what the API answers."""
        seen = (
            SeenResult(
                people=each.people,
                age_s=each.age_s,
                state=each.state,
                offers=tuple(offer.model_dump(mode="json", exclude_none=True) for offer in each.offers),
            )
            for each in found.seen
        )
        return cls(venue=found.venue, date=str(found.date), looked=found.looked, seen=tuple(seen))
