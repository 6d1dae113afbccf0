"""``readback change``: another time or another party, new before old."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, printer, put, say

if TYPE_CHECKING:
    from farm.registry import Registry
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
    answer = asyncio.run(_ask(here, there, booking, when, party))
    if as_json:
        put(answer)
        return
    printer().print(f"{answer.id}: to be changed.")
    say(f"Follow it with  readback show {answer.id}")


async def _ask(
    here: Settings, there: Registry, booking_id: str, when: dict[str, str], party: dict[str, int]
) -> BookingAnswer:
    from gateway.changing import change
    from gateway.deployment import find, open_ledger
    from gateway.standing import answer_for
    from ledger.errors import NotChangeable

    async with open_ledger(here) as ledger:
        booking = await find(ledger, booking_id)
        try:
            booking = await change(here, there, ledger, booking, when, party)
        except NotChangeable as why:
            then = f"`readback show {booking_id}` tells how it stands"
            raise Complaint(f"{booking_id} cannot be changed: {why}", then=then) from None
        return await answer_for(ledger, there, booking)
