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
    from gateway.answers import BookingAnswer
    from gateway.deployment import find, names_of_venues, open_ledger, settings
    from gateway.results import whole

    here = settings()

    async def look() -> None:
        async with open_ledger(here) as ledger:
            answer = BookingAnswer.of(await find(ledger, booking), await ledger.attempts(booking))
            if as_json:
                put(answer)
                return
            printer().print(whole(answer, await ledger.events(booking), names_of_venues(here)))

    asyncio.run(look())
