"""Which offer of a venue's list is taken, and what a price cap allows. Pure."""

from __future__ import annotations

from datetime import timedelta

from farm.errors import NoAvailability, PriceOverCap
from farm.facts import Money, Offer
from farm.request import Request
from farm.venue import Venue


def choose(offers: list[Offer], request: Request, venue: Venue) -> Offer:
    """The offer that fits best: in the window, as asked for, big enough, in the cap; nearest to the wish first.

    Raises:
        NoAvailability: None fits.
        PriceOverCap: Some fit, but each is over the cap.
    """
    fitting = [offer for offer in offers if _fits(offer, request, venue)]
    if not fitting:
        raise NoAvailability(f"{venue.slug} lists {len(offers)} offers for that day, and none fits")
    affordable = [offer for offer in fitting if in_cap(offer.price, request)]
    if not affordable:
        raise PriceOverCap(f"each offer of {venue.slug} that fits is over the cap")
    return min(affordable, key=lambda offer: _rank(offer, request, venue))


def _fits(offer: Offer, request: Request, venue: Venue) -> bool:
    units = (offer.party and offer.party.units) or 1
    return (
        request.when.admits(offer.when, venue.zone)
        and _named(request.service, offer.service)
        and _named(request.resource, offer.resource)
        and (offer.party is None or offer.party.people == 0 or offer.party.people >= request.party.people)
        and (offer.left is None or offer.left >= units)
    )


def _named(asked: str | None, offered: str | None) -> bool:
    return asked is None or (offered is not None and asked.casefold() == offered.casefold())


def _rank(offer: Offer, request: Request, venue: Venue) -> tuple[timedelta, int, int]:
    spare = offer.party.people - request.party.people if offer.party is not None else 0
    return request.when.distance(offer.when, venue.zone), spare, offer.price.minor if offer.price is not None else 0


def in_cap(price: Money | None, request: Request) -> bool:
    """True when the price (where one is shown) is over no cap of the request."""
    return price is None or all(price.currency == cap.currency and price.minor <= cap.minor for cap in request.caps)
