"""A booking in the words of schema.org, as search engines, mail programs and assistants read them. No guest data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farm.amounts import decimals
from farm.facts import Money, Slot, Stay, When
from farm.venue import Venue
from gateway.occasion import Occasion

_SCHEMA = "https://schema.org"
_FOOD = {"restaurant": "Restaurant", "bar": "BarOrPub", "cafe": "CafeOrCoffeeShop", "winery": "Winery"}
_LODGING = {"hotel": "Hotel", "hostel": "Hostel", "guesthouse": "BedAndBreakfast", "campsite": "Campground"}
_EVENTS = {
    "concert": "MusicEvent",
    "theatre": "TheaterEvent",
    "cinema": "ScreeningEvent",
    "museum": "ExhibitionEvent",
    "event": "Event",
}


def reservation(found: Occasion) -> Mapping[str, Any]:
    """The document; what the venue's record does not show is left out."""
    venue, shows = found.venue, found.shows
    said: dict[str, Any] = {
        "@context": _SCHEMA,
        "@id": f"urn:readback:{found.booking_id}",
        "reservationId": found.reference,
        "reservationStatus": f"{_SCHEMA}/Reservation{'Confirmed' if found.stands else 'Cancelled'}",
        "bookingTime": found.confirmed_at.isoformat(timespec="seconds"),
        "modifiedTime": found.told_at.isoformat(timespec="seconds"),
        "provider": {"@type": "Organization", "name": venue.name},
        **_price(shows.price),
        **_of_its_kind(found),
    }
    return {name: value for name, value in said.items() if value is not None}


def _of_its_kind(found: Occasion) -> Mapping[str, Any]:
    venue, shows, when = found.venue, found.shows, found.when
    if isinstance(when, Stay):
        return {
            "@type": "LodgingReservation",
            "reservationFor": _business(venue, _LODGING.get(venue.kind, "LodgingBusiness")),
            "checkinTime": when.check_in.isoformat(),
            "checkoutTime": when.check_out.isoformat(),
            "numAdults": shows.party.adults if shows.party is not None else None,
            "numChildren": shows.party.children if shows.party is not None else None,
            "lodgingUnitDescription": shows.resource,
        }
    if venue.kind in _FOOD:
        return {
            "@type": "FoodEstablishmentReservation",
            "reservationFor": _business(venue, _FOOD[venue.kind]),
            **_times(when, "startTime", "endTime"),
            "partySize": shows.party.people if shows.party is not None else None,
        }
    return {
        "@type": "EventReservation" if venue.kind in _EVENTS else "Reservation",
        "reservationFor": {
            "@type": _EVENTS.get(venue.kind, "Event"),
            "name": shows.service or venue.name,
            **_times(when, "startDate", "endDate"),
            "location": _business(venue, "Place"),
        },
    }


def _times(when: When, begin: str, end: str) -> Mapping[str, str]:
    if not isinstance(when, Slot):
        return {}
    moments = {begin: when.starts_at, end: when.ends_at}
    return {name: moment.isoformat(timespec="seconds") for name, moment in moments.items() if moment is not None}


def _business(venue: Venue, kind: str) -> Mapping[str, Any]:
    place = venue.place
    if place is None:
        return {"@type": kind, "name": venue.name}
    address = {
        "@type": "PostalAddress",
        "streetAddress": place.address,
        "addressLocality": place.city,
        "addressCountry": place.country,
    }
    return {"@type": kind, "name": venue.name, "address": {k: v for k, v in address.items() if v is not None}}


def _price(price: Money | None) -> Mapping[str, str]:
    if price is None:
        return {}
    places = decimals(price.currency)
    return {"totalPrice": f"{price.minor / 10**places:.{places}f}", "priceCurrency": price.currency}
