"""What a guest writes down: read by a calendar's own parser, and held against the terms of schema.org."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from jsonschema import Draft202012Validator

from farm.facts import Facts, Money, Party, Slot, Stay
from farm.venue import Place, Venue
from gateway.api.calendar import _calendar
from gateway.api.reservation import reservation
from gateway.occasion import Occasion
from tests.gateway.api.test_bookings import kind, made
from tests.gateway.api.test_standing import ledger_url
from tests.gateway.api.working import worked_off
from tests.tasks.house import House

__all__ = ["ledger_url"]

MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"}
DAY = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
TEXT = {"type": "string", "minLength": 1}


def thing(*types: str, **terms: Any) -> dict[str, Any]:
    """A thing of schema.org with these terms of its types, and no others."""
    properties = {"@type": {"enum": list(types)}, **terms}
    return {
        "type": "object",
        "properties": properties,
        "required": ["@type", "name"],
        "additionalProperties": False,
    }


ADDRESS = {
    "type": "object",
    "properties": {
        "@type": {"const": "PostalAddress"},
        "streetAddress": TEXT,
        "addressLocality": TEXT,
        "addressCountry": {"type": "string", "pattern": "^[A-Z]{2}$"},
    },
    "required": ["@type"],
    "additionalProperties": False,
}
PLACE = {"name": TEXT, "address": ADDRESS}
EVENT = thing(
    "Event",
    "MusicEvent",
    "TheaterEvent",
    "ExhibitionEvent",
    name=TEXT,
    startDate=MOMENT,
    endDate=MOMENT,
    location=thing("Place", **PLACE),
)
RESERVATION = {
    "@context": {"const": "https://schema.org"},
    "@id": {"type": "string", "format": "uri"},
    "reservationId": TEXT,
    "reservationStatus": {
        "enum": ["https://schema.org/ReservationConfirmed", "https://schema.org/ReservationCancelled"]
    },
    "bookingTime": MOMENT,
    "modifiedTime": MOMENT,
    "provider": thing("Organization", name=TEXT),
    "totalPrice": {"type": "string", "pattern": r"^\d+(\.\d+)?$"},
    "priceCurrency": {"type": "string", "pattern": "^[A-Z]{3}$"},
}
OWN: dict[str, dict[str, Any]] = {
    "FoodEstablishmentReservation": {
        "reservationFor": thing("Restaurant", "BarOrPub", **PLACE),
        "startTime": MOMENT,
        "endTime": MOMENT,
        "partySize": {"type": "integer"},
    },
    "LodgingReservation": {
        "reservationFor": thing("Hotel", "LodgingBusiness", **PLACE),
        "checkinTime": DAY,
        "checkoutTime": DAY,
        "numAdults": {"type": "integer"},
        "numChildren": {"type": "integer"},
        "lodgingUnitDescription": TEXT,
    },
    "EventReservation": {"reservationFor": EVENT},
    "Reservation": {"reservationFor": EVENT},
}


def must_be_schema_org(document: Any) -> str:
    """The type of the document, every term of which is one of that type; ``underName`` is none of ours."""
    its_type: str = document["@type"]
    properties = {"@type": {"const": its_type}, **RESERVATION, **OWN[its_type]}
    needed = ["@context", "reservationStatus", "reservationFor"]
    schema = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    Draft202012Validator(schema).validate(document)
    return its_type


async def booked(client, ledger, settings, house):
    booking = await made(client)
    await worked_off(ledger, settings, house, booking)
    return booking


async def events_of(client, booking):
    answer = await client.get(f"/v1/bookings/{booking}/calendar.ics")
    assert answer.status_code == 200, answer.text
    calendar = Calendar.from_ical(answer.text)
    (event,) = calendar.events
    assert "Geheim" not in answer.text
    method = str(calendar["method"])
    assert answer.headers["content-type"] == f"text/calendar; charset=utf-8; method={method}"
    return method, event, calendar


class TestCalendar:
    async def test_a_confirmed_booking(self, mine, ledger, settings):
        booking = await booked(mine, ledger, settings, House())
        method, event, calendar = await events_of(mine, booking)
        assert (method, event["status"], event.sequence) == ("PUBLISH", "CONFIRMED", 0)
        assert event.start == datetime(2030, 6, 14, 19, tzinfo=ZoneInfo("Europe/Rome"))
        assert event["dtstart"].params["TZID"] == "Europe/Rome"
        assert [zone.tz_name for zone in calendar.timezones] == ["Europe/Rome"]
        assert (event["summary"], event["uid"]) == ("Osteria Luna", f"{booking}@readback")
        assert event["location"] == "Osteria Luna, Via del Pratello 14, Bologna"
        assert event["description"] == "Reference OL-1\nTavolo 1\n2 people"

    async def test_a_change_and_the_end_follow_the_same_entry(self, mine, ledger, settings):
        house = House()
        booking = await booked(mine, ledger, settings, house)
        when = {"earliest": "20:30", "latest": "20:30"}
        assert (await mine.patch(f"/v1/bookings/{booking}", json={"when": when})).status_code == 202
        await worked_off(ledger, settings, house, booking)
        method, event, _ = await events_of(mine, booking)
        assert (method, event.sequence, event.start.hour, event.start.minute) == ("PUBLISH", 1, 20, 30)
        first = event["uid"]
        await mine.post(f"/v1/bookings/{booking}/cancel")
        await worked_off(ledger, settings, house, booking)
        method, event, _ = await events_of(mine, booking)
        assert (method, event["status"], event.sequence, event["uid"]) == ("CANCEL", "CANCELLED", 2, first)
        gone = await mine.get(f"/v1/bookings/{booking}/reservation.jsonld")
        assert gone.json()["reservationStatus"] == "https://schema.org/ReservationCancelled"

    @pytest.mark.parametrize("file", ["calendar.ics", "reservation.jsonld"])
    async def test_nothing_to_write_down_before_it_is_confirmed(self, mine, theirs, ledger, settings, file):
        booking = await made(mine)
        early = await mine.get(f"/v1/bookings/{booking}/{file}")
        assert (early.status_code, kind(early)) == (409, "not-confirmed")
        assert early.json()["detail"] == f"{booking} is queued"
        await mine.post(f"/v1/bookings/{booking}/cancel")
        await worked_off(ledger, settings, House(), booking)
        never = await mine.get(f"/v1/bookings/{booking}/{file}")
        assert (never.status_code, kind(never)) == (409, "not-confirmed")
        assert kind(await theirs.get(f"/v1/bookings/{booking}/{file}")) == "not-found"


async def test_the_reservation_of_a_confirmed_booking(mine, ledger, settings):
    booking = await booked(mine, ledger, settings, House())
    answer = await mine.get(f"/v1/bookings/{booking}/reservation.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    said = answer.json()
    assert must_be_schema_org(said) == "FoodEstablishmentReservation"
    assert (said["reservationId"], said["partySize"]) == ("OL-1", 2)
    assert said["startTime"] == "2030-06-14T19:00:00+02:00"
    assert said["reservationFor"] == {
        "@type": "Restaurant",
        "name": "Osteria Luna",
        "address": {
            "@type": "PostalAddress",
            "streetAddress": "Via del Pratello 14",
            "addressLocality": "Bologna",
            "addressCountry": "IT",
        },
    }
    assert "Geheim" not in answer.text


AT = datetime(2030, 6, 1, 12, 0, 1, 500_000, tzinfo=UTC)
VENUE = Venue(
    slug="seeblick",
    name="Seeblick",
    kind="hotel",
    timezone="Europe/Vienna",
    currency="EUR",
    origin="https://seeblick.example",
    partner="seeblick",
    place=Place(city="Weyregg", country="AT"),
)
NIGHTS = Stay(check_in=date(2030, 6, 14), check_out=date(2030, 6, 16))
SHOW = Slot(starts_at=AT, ends_at=AT + timedelta(hours=2))
OCCASION = Occasion(
    booking_id="bk_1",
    attempt=1,
    venue=VENUE,
    when=NIGHTS,
    shows=Facts(
        when=NIGHTS,
        resource="Turmsuite",
        party=Party(adults=2, children=1),
        price=Money(minor=42050, currency="EUR"),
    ),
    reference="HS-7",
    stands=True,
    sequence=0,
    told_at=AT,
    confirmed_at=AT,
    made_at=AT,
)


def at(kind, when=SHOW, **shows):
    venue = VENUE.model_copy(update={"kind": kind})
    return replace(OCCASION, venue=venue, when=when, shows=Facts(when=when, **shows))


def test_a_stay_is_of_whole_days():
    (event,) = Calendar.from_ical(_calendar(OCCASION).to_ical()).events
    assert (event.start, event.end) == (date(2030, 6, 14), date(2030, 6, 16))
    assert event["dtstart"].params["VALUE"] == "DATE"
    said = reservation(OCCASION)
    assert must_be_schema_org(said) == "LodgingReservation"
    assert (said["checkinTime"], said["totalPrice"], said["numChildren"]) == ("2030-06-14", "420.50", 1)


@pytest.mark.parametrize(
    ("occasion", "its_type", "for_what"),
    [
        (at("concert", service="Nadia Okoro Quintet"), "EventReservation", ("MusicEvent", "Nadia Okoro Quintet")),
        (at("theatre"), "EventReservation", ("TheaterEvent", "Seeblick")),
        (at("dentist", service="Contrôle"), "Reservation", ("Event", "Contrôle")),
        (at("bar"), "FoodEstablishmentReservation", ("BarOrPub", "Seeblick")),
        (at("boat", NIGHTS), "LodgingReservation", ("LodgingBusiness", "Seeblick")),
    ],
)
def test_each_kind_of_venue_has_its_type(occasion, its_type, for_what):
    said = reservation(occasion)
    assert must_be_schema_org(said) == its_type
    assert (said["reservationFor"]["@type"], said["reservationFor"]["name"]) == for_what
    (event,) = Calendar.from_ical(_calendar(occasion).to_ical()).events
    assert event["summary"] == (f"{for_what[1]}, Seeblick" if occasion.shows.service else "Seeblick")
