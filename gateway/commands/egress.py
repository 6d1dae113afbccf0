"""``readback egress``: the guard that everything leaves through, and what went through it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint, ExitCode
from gateway.terminal import AsJson, printer, put

if TYPE_CHECKING:
    from gateway.answers import EgressAnswer
    from tasks.settings import Settings


def egress(
    *,
    counts: Annotated[
        bool, typer.Option("--counts", help="Say what went through the guard that runs here, and end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run this host's egress guard.

    Browsers of the workers here reach venues through it alone, each visit under
    a credential that ends with its booking's lease. Until SIGTERM; visits that
    are out then still end. A worker that finds no guard starts one by itself:
    as a process of its own it outlasts them all.

    With --counts: connections and bytes, up and down, by partner, since the
    guard has started.
    """
    from gateway.deployment import make_home, settings

    here = settings()
    if counts:
        _tell(_counted(here), as_json=as_json)
        return
    from profiles.egress.control import AlreadyGuarded
    from tasks.guarding import guard_until_told

    make_home(here)
    try:
        asyncio.run(guard_until_told(here.home, here.egress_host))
    except AlreadyGuarded:
        raise Complaint(
            f"an egress guard already runs in {here.home}",
            then="one is enough for all workers of a host; `readback egress --counts` says what went through it",
        ) from None
    except OSError as error:
        raise Complaint(f"the egress guard does not start: {error}", code=ExitCode.MACHINE) from None


def _counted(here: Settings) -> EgressAnswer:
    """What went through.

    Raises:
        Complaint: No guard runs here.
    """
    from gateway.answers import EgressAnswer
    from profiles.egress.way_out import counts_at

    try:
        return EgressAnswer.model_validate({"partners": asyncio.run(counts_at(here.home))})
    except OSError:
        raise Complaint(
            f"no egress guard runs in {here.home}", then="workers start it with their first visit"
        ) from None


def _tell(answer: EgressAnswer, *, as_json: bool) -> None:
    if as_json:
        put(answer)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("partner", style="bold", no_wrap=True)
    for name in ("connections", "bytes up", "bytes down"):
        table.add_column(name, justify="right")
    for partner, count in answer.partners.items():
        table.add_row(partner, *(f"{n:,}" for n in (count.connections, count.bytes_up, count.bytes_down)))
    printer().print(table if answer.partners else "Nothing has gone through it yet.")
