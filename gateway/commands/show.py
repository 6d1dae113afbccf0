"""``readback show``: one booking with its whole history."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gateway.terminal import AsJson, printer, put


def show(
    booking: Annotated[str, typer.Argument(metavar="ID", help="The booking, as `book` printed it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one booking.

    How it stands, the venue's record field by field, every attempt, the
    history.
    """
    from gateway.deployment import find, open_ledger, registry_if_whole, settings
    from gateway.results import whole
    from gateway.standing import answer_for

    here = settings()

    async def look() -> None:
        async with open_ledger(here) as ledger:
            there = registry_if_whole(here)
            answer = await answer_for(ledger, there, await find(ledger, booking))
            if as_json:
                put(answer)
                return
            names = {venue.slug: venue.name for venue in there.venues.values()}
            printer().print(whole(answer, await ledger.events(booking), names))

    asyncio.run(look())
