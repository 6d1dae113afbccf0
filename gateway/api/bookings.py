"""Bookings: queued, listed, shown, changed, called off."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Response

from farm.facts import Fact
from farm.request import Request
from farm.schema import Fault
from gateway.admission import admitted, must_have_venue
from gateway.answers import BookingAnswer
from gateway.api.body import NAME, Body
from gateway.api.caller import Caller, Creator, Reader, Writer
from gateway.api.described import takes
from gateway.api.house import Here, House
from gateway.api.idempotency import IdempotencyKey
from gateway.api.problems import Refused
from gateway.api.wishes import BookingsWanted, ChangeWanted, as_change
from gateway.changing import call_off, change
from gateway.standing import answer_for, answers_for
from ledger.errors import Busy, IdempotencyConflict, NoSuchBooking, NotChangeable
from ledger.records import Accepted, BookingRecord
from tasks.accepting import made_before, queued

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])

PATIENCE_S = 1.0
"""How long a request waits for another one with the same key."""
_ID = re.compile(r"bk_[0-9a-z]{20}")


class BookingsPage(Fact):
    """Bookings, newest first.

    Attributes:
        next: The cursor of the next page; null at the end.
    """

    bookings: tuple[BookingAnswer, ...]
    next: str | None


async def own(here: House, who: Caller, booking_id: str) -> BookingRecord:
    """The caller's booking; another reseller's is as if it were not there.

    Raises:
        NoSuchBooking: There is none of this caller's.
    """
    if not _ID.fullmatch(booking_id):
        raise NoSuchBooking
    booking = await here.ledger.booking(booking_id)
    if booking.reseller != who.reseller:
        raise NoSuchBooking
    return booking


@router.post(
    "",
    status_code=201,
    summary="Queue a booking",
    responses={200: {"model": BookingAnswer, "description": "This key has queued it before; as it is now"}},
)
@takes(Request)
async def book(here: Here, who: Creator, key: IdempotencyKey, body: Body, response: Response) -> BookingAnswer:
    """Every fault in a request is named at once, and then nothing is queued.

    The same `Idempotency-Key` with the same request gives the same booking as it is now (200), also when its time
    is past by then; with another request it is refused.
    """
    accepted = await _accept(here, key, _of_caller(body, who))
    response.status_code = 201 if accepted.created else 200
    response.headers["Location"] = f"{router.prefix}/{accepted.booking.id}"
    return await answer_for(here.ledger, here.registry, accepted.booking)


@router.get("", summary="Your bookings, newest first")
async def list_bookings(here: Here, who: Reader, wanted: Annotated[BookingsWanted, Query()]) -> BookingsPage:
    """A page of them; `next` is the `cursor` of the one after it."""
    found = await here.ledger.overview.listed(wanted.of(who.reseller), wanted.limit + 1, wanted.after)
    page = found[: wanted.limit]
    return BookingsPage(
        bookings=tuple(await answers_for(here.ledger, here.registry, page)),
        next=wanted.next_of(found, lambda one: one.id),
    )


@router.get("/{booking_id}", summary="One booking as it is now")
async def show(booking_id: str, here: Here, who: Reader) -> BookingAnswer:
    """Everything that is known of it; never guest data."""
    return await answer_for(here.ledger, here.registry, await own(here, who, booking_id))


@router.patch("/{booking_id}", status_code=202, summary="Ask for another time or party")
@takes(ChangeWanted, refuses=("not-changeable",))
async def ask_for_change(booking_id: str, here: Here, who: Writer, body: Body) -> BookingAnswer:
    """New before old: what stands is given up only once the new one is confirmed, and stays if that cannot be."""
    booking = await own(here, who, booking_id)
    wish = as_change(body)
    try:
        booking = await change(here.settings, here.registry, here.ledger, booking, wish.when, wish.party)
    except NotChangeable as why:
        raise Refused("not-changeable", f"{booking_id} cannot be changed: {why}") from None
    return await answer_for(here.ledger, here.registry, booking)


@router.post("/{booking_id}/cancel", status_code=202, summary="Call a booking off")
async def cancel(booking_id: str, here: Here, who: Writer) -> BookingAnswer:
    """It is `cancelled` once the venue's own record no longer has it. Asked for again it changes nothing."""
    booking = await call_off(here.ledger, await own(here, who, booking_id))
    return await answer_for(here.ledger, here.registry, booking)


def _of_caller(body: object, who: Caller) -> object:
    """The request with its reseller, who is the key's."""
    if not isinstance(body, dict):
        return body
    if body.get("reseller", who.reseller) != who.reseller:
        fault = Fault("reseller", f"is not the one of this key, `{who.reseller}`; leave it out")
        raise Refused("bad-request", "nothing was queued", faults=[fault])
    return body | {"reseller": who.reseller}


async def _accept(here: House, key: str, written: object) -> Accepted:
    try:
        known = await made_before(here.ledger, written, key)
        if known is not None:
            return Accepted(known, created=False)
        wanted = admitted(here.settings, written, NAME, here.registry)
        await must_have_venue(here.settings, wanted, NAME, here.registry, here.ledger)
        return await queued(here.ledger, wanted, key, PATIENCE_S)
    except IdempotencyConflict:
        raise Refused("idempotency-conflict", "nothing was queued") from None
    except Busy:
        raise Refused(
            "still-being-written", "it is not known yet what it made", headers={"Retry-After": "1"}
        ) from None
