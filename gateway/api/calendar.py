"""What a guest writes down: the calendar file of a confirmed booking, and its schema.org reservation."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from icalendar import Calendar, Event

from farm.facts import Slot
from gateway.api.bookings import own
from gateway.api.caller import Caller, Reader
from gateway.api.described import takes
from gateway.api.house import Here, House
from gateway.api.problems import Refused
from gateway.api.reservation import reservation
from gateway.occasion import NoOccasion, Occasion, occasion

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])

ICS, JSON_LD = "text/calendar", "application/ld+json"


class CalendarFile(Response):
    """An iCalendar file (RFC 5545)."""

    media_type = ICS


class LinkedData(Response):
    """A JSON-LD document."""

    media_type = JSON_LD


def _answers(media_type: str, says: str, shape: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": says, "content": {media_type: {"schema": shape}}}}


@router.get(
    "/{booking_id}/calendar.ics",
    summary="The calendar file of a confirmed booking",
    response_class=CalendarFile,
    responses=_answers(ICS, "One VEVENT, with its VTIMEZONE.", {"type": "string"}),
)
@takes(refuses=("not-confirmed",))
async def calendar_file(booking_id: str, here: Here, who: Reader) -> Response:
    """`METHOD:PUBLISH`; the same `UID` and a higher `SEQUENCE` once it is changed, `METHOD:CANCEL` once it is gone.

    A slot is on the venue's own clock, a stay is of whole days. Without an end where the venue shows none.
    """
    found = await _occasion(booking_id, here, who)
    content = _calendar(found).to_ical()
    method = "PUBLISH" if found.stands else "CANCEL"
    return Response(
        content,
        media_type=f"{ICS}; charset=utf-8; method={method}",
        headers={"Content-Disposition": f'attachment; filename="{found.booking_id}.ics"'},
    )


@router.get(
    "/{booking_id}/reservation.jsonld",
    summary="The schema.org Reservation of a confirmed booking",
    response_class=LinkedData,
    responses=_answers(JSON_LD, "A schema.org Reservation, without the guest.", {"type": "object"}),
)
@takes(refuses=("not-confirmed",))
async def linked_data(booking_id: str, here: Here, who: Reader) -> Response:
    """`FoodEstablishmentReservation`, `LodgingReservation`, `EventReservation` or `Reservation`, as the venue is.

    `underName` is left out: no answer has guest data in it. Add it before you show it to the guest.
    """
    found = await _occasion(booking_id, here, who)
    return Response(json.dumps(reservation(found), ensure_ascii=False, indent=2), media_type=JSON_LD)


async def _occasion(booking_id: str, here: House, who: Caller) -> Occasion:
    try:
        return await occasion(here.ledger, here.registry, await own(here, who, booking_id))
    except NoOccasion as why:
        raise Refused("not-confirmed", str(why)) from None


def _calendar(found: Occasion) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Readback//Readback//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH" if found.stands else "CANCEL")
    calendar.add_component(_event(found))
    calendar.add_missing_timezones()
    return calendar


def _event(found: Occasion) -> Event:
    event, shows, venue = Event(), found.shows, found.venue
    event.add("uid", f"{found.booking_id}@readback")
    event.add("sequence", found.sequence)
    event.add("status", "CONFIRMED" if found.stands else "CANCELLED")
    event.add("dtstamp", _whole(found.told_at))
    event.add("last-modified", _whole(found.told_at))
    event.add("created", _whole(found.made_at))
    if isinstance(found.when, Slot):
        event.add("dtstart", found.when.starts_at)
        if found.when.ends_at is not None:
            event.add("dtend", found.when.ends_at)
    else:
        event.add("dtstart", found.when.check_in)
        event.add("dtend", found.when.check_out)
    event.add("summary", f"{shows.service}, {venue.name}" if shows.service else venue.name)
    place = venue.place
    event.add("location", ", ".join(filter(None, [venue.name, *((place.address, place.city) if place else ())])))
    people = f"{shows.party.people} people" if shows.party is not None else None
    reference = f"Reference {found.reference}" if found.reference else None
    event.add("description", "\n".join(filter(None, [reference, shows.resource, people])))
    return event


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
