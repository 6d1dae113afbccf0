"""What the API says of venues and partners, and how bookings fare there."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from readback_client.answers import Answer, Money

By: TypeAlias = Literal["venue", "partner", "reseller", "total"]
"""What rates are told apart by: by venue and by partner attempts are counted, else bookings."""


class Sold(Answer):
    """One thing that a venue sells: what a request's ``service`` asks for, and the people per unit."""

    service: str
    seats: int


class Venue(Answer):
    """A venue.

    Attributes:
        takes: A ``slot`` is a time of a day, a ``stay`` is nights.
        needs: Parts that a request must have here.
        payment: How the guest pays; ``deposit`` and ``full`` need a ``card``.
        cancellable: The farm can cancel here.
        changeable: The venue changes a record in place; elsewhere a change is a new booking.
        open: A booking that is queued now may be tried now.
        closed: Why it is not.
        opens_at: When that ends by itself; None: nobody knows.
    """

    slug: str
    name: str
    kind: str
    language: str | None = None
    city: str | None = None
    country: str | None = None
    address: str | None = None
    timezone: str
    currency: str
    groups: tuple[str, ...] = ()
    partner: str | None = None
    takes: str | None = None
    sells: tuple[Sold, ...] = ()
    resources: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    payment: str | None = None
    cancellable: bool | None = None
    changeable: bool | None = None
    tier: str | None = None
    open: bool | None = None
    closed: str | None = None
    closed_for: str | None = None
    opens_at: AwareDatetime | None = None


class Offered(Answer):
    """One offer of a list, with the price for the whole party as the list showed it."""

    when: dict[str, Any]
    resource: str | None = None
    service: str | None = None
    price: Money | None = None
    price_stage: str | None = None
    left: int | None = None


class Seen(Answer):
    """What a venue listed when somebody last looked: as old as ``age_s`` says, never a promise.

    Attributes:
        state: ``listed``, or ``nothing_listed``: the venue was asked, and had nothing.
        earliest: Where a venue shows only the hours that are asked for: nothing is known of those before.
        latest: Nor of those after.
    """

    people: int
    units: int | None = None
    nights: int = 0
    service: str | None = None
    resource: str | None = None
    earliest: dt.time | None = None
    latest: dt.time | None = None
    seen_at: AwareDatetime
    age_s: float
    state: str
    offers: tuple[Offered, ...] = ()


class Availability(Answer):
    """What was last seen of one venue and day. ``looked`` is false where nobody ever has, which says nothing."""

    venue: str
    date: dt.date
    looked: bool = False
    seen: tuple[Seen, ...] = ()


class Rate(Answer):
    """So many of so many; the true rate is ``at_least`` that, with 95 % confidence."""

    hits: int
    of: int
    rate: float | None = None
    at_least: float | None = None


class RateRow(Answer):
    """One rate, and what stands beside it.

    Attributes:
        name: Of the venue, the partner or the reseller; ``total``; None: of venues that are not known any more.
    """

    name: str | None = None
    confirmation: Rate
    in_doubt: int = 0
    cancels_unproven: int = 0
    by_status: dict[str, int] = Field(default_factory=dict)
    by_cause: dict[str, int] = Field(default_factory=dict)


class Rates(Answer):
    """The rates of the bookings that were accepted in a stretch of time; ``counted``: bookings or attempts."""

    by: str
    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime = Field(alias="to")
    counted: str
    rows: tuple[RateRow, ...] = ()


class Pacing(Answer):
    """How fast the farm may go to a partner; None: nobody has set such a limit."""

    requests_per_min: int | None = None
    requests_per_min_now: float | None = None
    visits_at_once: int | None = None
    bookings_per_hour: int | None = None


class Demoted(Answer):
    """An integration that takes no new bookings as its tier says, since its check has failed."""

    integration: str
    tier: str
    since: AwareDatetime


class Partner(Answer):
    """How it stands with one partner.

    Attributes:
        open: Bookings at its venues may be tried now; a venue may have reasons of its own not to.
        circuit: ``open``: nobody goes there. ``half_open``: one visit may, to see.
        clean_visits: The share of the farm's visits that met no complaint.
        recent: Your own attempts there in the last seven days: so many of those that have ended are booked.
    """

    slug: str
    name: str
    venues: tuple[str, ...] = ()
    open: bool
    closed: str | None = None
    closed_for: str | None = None
    opens_at: AwareDatetime | None = None
    agreement_ends: dt.date
    pacing: Pacing
    circuit: str | None = None
    clean_visits: float | None = None
    demoted: tuple[Demoted, ...] = ()
    recent: Rate


class VenuesPage(Answer):
    """Some venues."""

    items: tuple[Venue, ...] = Field(alias="venues")
    next: str | None = None


class PartnersPage(Answer):
    """Some partners."""

    items: tuple[Partner, ...] = Field(alias="partners")
    next: str | None = None
