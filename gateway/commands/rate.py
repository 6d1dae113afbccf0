"""``readback rate``: the one number, with what it leaves out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, printer, put

if TYPE_CHECKING:
    from datetime import datetime

    from rich.table import Table
    from rich.text import Text

    from farm.schema import Fault
    from gateway.rates import Rate, RatesAnswer
    from gateway.windows import RateRow, WindowRates
    from ledger.records import Counts
    from tasks.settings import Settings

_MOMENT = "a date (midnight in UTC), or a moment as 2026-11-01T12:00:00+01:00"


def rate(
    *,
    by: Annotated[
        str | None, typer.Option("--by", metavar="WHAT", help="venue, partner, reseller, or total.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Bookings accepted from then on; else 30 days before --until.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="And before then; else now.")] = None,
    reseller: Annotated[str | None, typer.Option(metavar="NAME", help="Those of this reseller alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say the confirmation rate: of all bookings there are, or of a stretch of time.

    That is confirmed bookings per accepted request that could be served.
    Confirmed means read back from the venue and compared field by field.
    Bookings that no venue had a free slot for, that the guest called off, or
    that are still open do not count.

    With --by venue or --by partner it is attempts that ended in a booking, of
    those that have ended: a booking may try several venues.

    The bound is what the true rate is at least, with 95 % confidence (Wilson).
    """
    from gateway.deployment import open_ledger, settings
    from gateway.rates import rates

    here = settings()
    if not (by is since is until is reseller is None):
        _of_window(here, by or "total", since, until, reseller, as_json=as_json)
        return

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


def _of_window(
    here: Settings, by: str, since: str | None, until: str | None, reseller: str | None, *, as_json: bool
) -> None:
    from farm.schema import Fault, nearest
    from gateway.deployment import open_ledger, registry
    from gateway.windows import USUAL, By, rates_in
    from ledger.tallies import Window

    faults: list[Fault] = []
    if by not in set(By):
        faults.append(Fault("--by", f"no `{by}`; {nearest(by, list(By))}"))
    first, last = _moment("--since", since, faults), _moment("--until", until, faults)
    if first is not None and last is not None and last <= first:
        faults.append(Fault("--until", "is not after --since"))
    if faults:
        raise Complaint("nothing was counted", faults=faults)
    there = registry(here)

    async def counted() -> WindowRates:
        async with open_ledger(here) as ledger:
            ends = last or ledger.clock()
            begins = first or ends - USUAL
            return await rates_in(Window(begins, ends, reseller), By(by), ledger.tallies, there)

    answer = asyncio.run(counted())
    if as_json:
        put(answer)
        return
    printer().print(_rows(answer))


def _moment(name: str, written: str | None, faults: list[Fault]) -> datetime | None:
    from datetime import UTC, datetime, time

    from pydantic import TypeAdapter, ValidationError

    from farm.schema import Fault
    from farm.written import Day, Moment

    if written is None:
        return None
    try:
        if "T" not in written:
            return datetime.combine(TypeAdapter(Day).validate_python(written), time(), tzinfo=UTC)
        moment: datetime = TypeAdapter(Moment).validate_python(written)
    except ValidationError:
        faults.append(Fault(name, f"is neither {_MOMENT}".replace(", or ", " nor ")))
        return None
    return moment


def _rows(answer: WindowRates) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name, side in ((answer.by, "left"), ("rate", "right"), ("at least", "right"), (answer.counted, "left")):
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(row.name or "not known any more", *_row(row))
    table.caption = f"accepted from {answer.since:%d %b %Y %H:%M} to {answer.until:%d %b %Y %H:%M} UTC"
    return table


def _row(row: RateRow) -> tuple[str, str, str]:
    stand = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in row.by_status.items())
    one = row.confirmation
    if one.rate is None or one.at_least is None:
        return "", "", stand
    return f"{one.rate:.1%}", f"{one.at_least:.1%}", f"{one.hits} of {one.of}: {stand}"


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
