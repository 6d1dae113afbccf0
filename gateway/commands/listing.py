"""``readback list``: the newest bookings."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, printer, put


def listing(
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many.")] = 20,
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="Only those that stand so.")] = None,
    as_json: AsJson = False,
) -> None:
    """List bookings, newest first."""
    from rich.table import Table

    from farm.schema import nearest
    from farm.status import BookingStatus
    from gateway.answers import BookingAnswer, BookingsAnswer
    from gateway.deployment import open_ledger, registry_if_whole, settings
    from gateway.standing import answers_for
    from tools.watching import status_text

    if status is not None and status not in set(BookingStatus):
        raise Complaint(f"no status `{status}`", then=nearest(status, list(BookingStatus)))
    here = settings()

    async def found() -> list[BookingAnswer]:
        async with open_ledger(here) as ledger:
            rows = await ledger.bookings(limit, BookingStatus(status) if status else None)
            return await answers_for(ledger, registry_if_whole(here), rows)

    answers = asyncio.run(found())
    if as_json:
        put(BookingsAnswer(bookings=tuple(answers)))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("booking", "status", "made", "venue", "reference"):
        table.add_column(name, no_wrap=name != "venue", overflow="fold")
    for answer in answers:
        made = answer.created_at.astimezone().strftime("%d %b %H:%M")
        table.add_row(answer.id, status_text(answer.status), made, answer.venue or "", answer.venue_reference or "")
    printer().print(table if answers else "No such booking." if status else "Nothing is booked yet.")
