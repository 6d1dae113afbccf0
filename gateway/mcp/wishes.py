"""What a model fills in. The API checks the values, and names every fault; here stands only what each one is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from farm.facts import Fact


class GuestWish(Fact):
    """Who comes. The venue gets these."""

    name: Annotated[str, Field(description="Given and family name, as the venue shall write it down.", repr=False)]
    email: Annotated[str, Field(description="The guest's own address: the venue writes to it.", repr=False)]
    phone: Annotated[
        str | None, Field(description="With country code, as +39 051 555 0100; some venues need it.", repr=False)
    ] = None


class PartyWish(Fact):
    """How many come."""

    adults: Annotated[int, Field(description="Adults.")]
    children: Annotated[int, Field(description="Children.")] = 0


class SlotWish(Fact):
    """A time on a day, on the venue's own clock (no offset)."""

    date: Annotated[str, Field(description="As 2030-06-14.")]
    earliest: Annotated[str, Field(description="No start before this; as 19:00.")]
    latest: Annotated[str, Field(description="No start after this; as 21:00.")]
    preferred: Annotated[str | None, Field(description="The best start; as 20:00.")] = None
    duration_min: Annotated[int | None, Field(description="Minutes, where the venue sells time.")] = None


class StayWish(Fact):
    """Nights, on the venue's own calendar."""

    check_in: Annotated[str, Field(description="As 2030-06-14.")]
    check_out: Annotated[str, Field(description="As 2030-06-16.")]


class MoneyWish(Fact):
    """An amount in the smallest unit of its currency: 4200 EUR cents are 42 euros."""

    minor: Annotated[int, Field(description="Cents.")]
    currency: Annotated[str, Field(description="As EUR.")]


class BookingWish(Fact):
    """One booking that a guest wants; an unknown key is an error."""

    guest: GuestWish
    party: PartyWish
    when: SlotWish | StayWish
    venues: Annotated[
        tuple[str, ...] | None, Field(description="Slugs from find_venues, best first. Either this or `group`.")
    ] = None
    group: Annotated[str | None, Field(description="Any venue of this group will do. Either this or `venues`.")] = (
        None
    )
    service: Annotated[str | None, Field(description="Which of the things that the venue sells.")] = None
    resource: Annotated[str | None, Field(description="Which table, room or seat, in the venue's own words.")] = None
    title: Annotated[str | None, Field(description="Mr, Ms, ..., where a venue wants it.")] = None
    consents: Annotated[
        tuple[str, ...] | None, Field(description="What the guest has agreed to, where a venue asks for it.")
    ] = None
    price_cap: Annotated[MoneyWish | None, Field(description="Nothing is booked above it.")] = None
    know_by: Annotated[
        str | None,
        Field(description="The guest must know by then (RFC 3339, with an offset); nothing new is tried after it."),
    ] = None
    note: Annotated[str | None, Field(description="For the venue, as the guest says it.", repr=False)] = None
    reseller_reference: Annotated[str | None, Field(description="Your own id for it; not a name.")] = None
