"""``readback rate``: the one number, with what it leaves out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.terminal import AsJson, printer, put

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from gateway.rates import Rate, RatesAnswer
    from ledger.records import Counts


def rate(*, as_json: AsJson = False) -> None:
    """Say the confirmation rate.

    That is confirmed bookings per accepted request that could be served.
    Confirmed means read back from the venue and compared field by field.
    Bookings that no venue had a free slot for, that the guest called off, or
    that are still open do not count.

    The bound is what the true rate is at least, with 95 % confidence (Wilson).
    """
    from gateway.deployment import open_ledger, settings
    from gateway.rates import rates

    here = settings()

    async def counted() -> Counts:
        async with open_ledger(here) as ledger:
            return await ledger.overview.counts()

    answer = rates(asyncio.run(counted()))
    if as_json:
        put(answer)
        return
    console = printer()
    console.print(_spoken("confirmation rate", answer.confirmation))
    console.print(_table(answer))


def _spoken(name: str, rate: Rate) -> Text:
    from rich.text import Text

    if rate.rate is None or rate.at_least is None:
        return Text.assemble((name, "bold"), "  no feasible booking is settled yet")
    bound = f"({rate.hits} of {rate.of}; at least {rate.at_least:.1%} with 95 % confidence)"
    return Text.assemble((f"{name}  {rate.rate:.1%}", "bold"), f"  {bound}")


def _table(answer: RatesAnswer) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column(style="dim", overflow="fold")
    for status, count in answer.by_status.items():
        table.add_row(status.replace("_", " "), str(count), "")
    if answer.in_doubt:
        table.add_row("", "", "in doubt: a person must look at the venue's record")
    table.add_row("", "", "")
    for venue in answer.by_venue:
        bound = f"{venue.booked.rate:.0%} of the attempts booked" if venue.booked.rate is not None else "still trying"
        states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in venue.attempts.items())
        table.add_row(venue.venue, f"{venue.booked.hits}/{venue.booked.of}", f"{bound}: {states}")
    table.add_row("", "", "")
    table.add_row("not known here", "", answer.not_known)
    return table
