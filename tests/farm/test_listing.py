"""What is kept of a venue's list: the venue's words, and of the request only what shaped the list."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from farm.facts import Guest, Money, Offer, Party, Slot, Stay
from farm.listing import MOST_OFFERS, Listing
from farm.request import Request, WantedSlot, WantedStay
from farm.venue import Sold, Venue

AT = datetime(2026, 12, 4, 23, 30, tzinfo=ZoneInfo("America/Chicago"))
VENUE = Venue(
    slug="hall", name="Hall", kind="concert", timezone="America/Chicago", currency="USD",
    origin="https://hall.example", partner="hall", resources=("Balcony",), sells=(Sold(service="Brass"),),
)  # fmt: skip
REQUEST = Request(
    reseller="theirs",
    reseller_reference="order 7719",
    guest=Guest(name="Ada Geheim", email="ada@example.com", phone="+39 051 555 0100"),
    party=Party(adults=2),
    when=WantedSlot(date=AT.date(), earliest=time(19), latest=time(23, 59)),
    venues=("hall",),
    note="by the window",
    context={"seat": "5523"},
)


def offer(**changes: Any) -> Offer:
    price = Money(minor=4500, currency="USD")
    new = Offer(when=Slot(starts_at=AT), key="/shows/4?for=ada@example.com", resource="Main Floor", price=price)
    return new.model_copy(update=changes)


def listing(*offers: Offer, **changes: Any) -> Listing:
    found = Listing.of(VENUE, REQUEST.model_copy(update=changes), offers)
    assert found is not None
    return found


def test_nothing_says_who_asked():
    text = listing(offer()).model_dump_json().lower()
    words = ("ada", "geheim", "example.com", "555", "theirs", "7719", "window", "5523", "/shows")
    assert [word for word in words if word in text] == []
    assert "main floor" in text


def test_only_offers_of_the_day_in_the_venues_zone_are_of_this_day():
    next_day = offer(when=Slot(starts_at=AT + timedelta(hours=1)))
    assert listing(next_day, offer()).offers == listing(offer()).offers
    assert listing(next_day).offers == ()


def test_a_stay_is_listed_under_its_arrival():
    when = WantedStay(check_in=date(2026, 12, 4), check_out=date(2026, 12, 7))
    nights = Stay(check_in=when.check_in, check_out=when.check_out)
    seen = listing(offer(when=nights), when=when)
    assert (seen.day, seen.nights, seen.earliest, seen.offers[0].when) == (when.check_in, 3, None, nights)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({"service": "brass"}, "Brass"),
        ({"resource": "BALCONY"}, "Balcony"),
        ({"resource": "main floor"}, "Main Floor"),
    ],
)
def test_what_was_asked_for_is_said_in_the_venues_own_word(asked, kept):
    seen = listing(offer(), **asked)
    assert (seen.service or seen.resource) == kept


@pytest.mark.parametrize("asked", [{"service": "for Ada Geheim"}, {"resource": "her usual one"}])
def test_a_word_that_only_the_request_has_is_not_kept(asked):
    assert Listing.of(VENUE, REQUEST.model_copy(update=asked), [offer()]) is None


def test_a_list_without_end_is_cut():
    assert len(listing(*[offer()] * (MOST_OFFERS + 1)).offers) == MOST_OFFERS
