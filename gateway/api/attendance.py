"""Whether the guest came, as the platform was told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter

from farm.facts import Fact, Slot
from farm.status import Attendance, BookingStatus
from gateway.answers import BookingAnswer
from gateway.api.body import Body, fitting
from gateway.api.bookings import own
from gateway.api.caller import Writer
from gateway.api.described import takes
from gateway.api.house import Here
from gateway.api.problems import Refused
from gateway.occasion import NoOccasion, Occasion, occasion
from gateway.standing import answer_for

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])

EARLY = timedelta(minutes=60)
"""A guest may come so long before the time."""


class AttendanceSaid(Fact):
    """What became of the guest."""

    attendance: Literal["arrived", "no_show"]


@router.post("/{booking_id}/attendance", summary="Say whether the guest came")
@takes(AttendanceSaid, refuses=("not-confirmed", "too-early"))
async def say_attendance(booking_id: str, here: Here, who: Writer, body: Body) -> BookingAnswer:
    """Of a confirmed booking: `arrived` from 60 minutes before its time on, `no_show` from its time on.

    Of a stay `no_show` can be said once the day of arrival is over. The same again changes nothing; the other one
    corrects it. Each is an event: `booking.arrived`, `booking.no_show`.
    """
    booking = await own(here, who, booking_id)
    said = Attendance(fitting(body, AttendanceSaid, "nothing was written down").attendance)
    try:
        found = await occasion(here.ledger, here.registry, booking)
    except NoOccasion as why:
        raise Refused("not-confirmed", str(why)) from None
    if not found.stands:
        raise Refused("not-confirmed", f"{booking_id} is {booking.status}")
    opens_at = _opens_at(found, said)
    if here.ledger.clock() < opens_at:
        on_its_clock = opens_at.astimezone(found.venue.zone)
        raise Refused("too-early", f"`{said}` can be said of {booking_id} from {on_its_clock.isoformat()} on")
    booking = await here.ledger.attendances.say(booking_id, found.attempt, said)
    if booking.status is not BookingStatus.CONFIRMED:
        raise Refused("not-confirmed", f"{booking_id} is {booking.status}")
    return await answer_for(here.ledger, here.registry, booking)


def _opens_at(found: Occasion, said: Attendance) -> datetime:
    when, came = found.when, said is Attendance.ARRIVED
    if isinstance(when, Slot):
        return when.starts_at - EARLY if came else when.starts_at
    first, zone = datetime.combine(when.check_in, datetime.min.time()), found.venue.zone
    return (first if came else first + timedelta(days=1)).replace(tzinfo=zone)
