"""``readback change``: another time or another party, new before old."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, printer, put, say

if TYPE_CHECKING:
    from farm.registry import Registry
    from farm.request import Request
    from gateway.answers import BookingAnswer
    from tasks.settings import Settings


def change(
    booking: Annotated[str, typer.Argument(metavar="ID", help="The booking, as `book` printed it.")],
    *,
    date: Annotated[str | None, typer.Option(metavar="DAY", help="Another day, as 2027-12-04.")] = None,
    time: Annotated[str | None, typer.Option(metavar="HH:MM", help="Exactly this time.")] = None,
    earliest: Annotated[str | None, typer.Option(metavar="HH:MM", help="Not before; with --latest.")] = None,
    latest: Annotated[str | None, typer.Option(metavar="HH:MM", help="Not after; with --earliest.")] = None,
    adults: Annotated[int | None, typer.Option(metavar="N", help="So many adults.")] = None,
    children: Annotated[int | None, typer.Option(metavar="N", help="So many children.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change the time or the party of a booking.

    Where the venue has a way to change a record, the record is changed there and read back.
    Elsewhere another booking is queued; this one is cancelled only once that one is confirmed,
    and stays as it is if it cannot be.

    Exit codes: 0 written down, 2 bad input or not to be changed any more.
    """
    from gateway.deployment import registry, settings

    here = settings()
    there = registry(here)
    changes = {"date": date, "earliest": earliest or time, "latest": latest or time, "preferred": time}
    when = {name: value for name, value in changes.items() if value is not None}
    party = {name: value for name, value in (("adults", adults), ("children", children)) if value is not None}
    if not when and not party:
        raise Complaint("nothing is to be changed", then="`readback change --help` lists what can be")
    wish = asyncio.run(_wish(here, booking, when, party))
    from gateway.admission import admitted

    name = f"the change of {booking}"
    answer = asyncio.run(_ask(here, booking, admitted(here, wish, name, there), name, there))
    if as_json:
        put(answer)
        return
    printer().print(f"{answer.id}: to be changed.")
    say(f"Follow it with  readback show {answer.id}")


async def _wish(here: Settings, booking_id: str, when: dict[str, str], party: dict[str, int]) -> object:
    """The request of the booking with what is asked for put into it, as it would be written."""
    from gateway.deployment import find, open_ledger

    async with open_ledger(here) as ledger:
        booking = await find(ledger, booking_id)
    written = json.loads(booking.change or booking.request)
    if when and "check_in" in written["when"]:
        raise Complaint(f"{booking_id} is for nights, which cannot be changed yet", then="cancel it and book anew")
    if "earliest" in when:
        written["when"].pop("preferred", None)
    written["when"] |= when
    written["party"] |= party
    return written


async def _ask(here: Settings, booking_id: str, wish: Request, name: str, there: Registry) -> BookingAnswer:
    from gateway.admission import must_have_venue
    from gateway.answers import BookingAnswer
    from gateway.deployment import open_ledger
    from ledger.errors import NotChangeable

    async with open_ledger(here) as ledger:
        await must_have_venue(here, wish, name, there, ledger)
        try:
            booking = await ledger.request_change(booking_id, wish)
        except NotChangeable as why:
            then = f"`readback show {booking_id}` tells how it stands"
            raise Complaint(f"{booking_id} cannot be changed: {why}", then=then) from None
        return BookingAnswer.of(booking, await ledger.attempts(booking_id))
