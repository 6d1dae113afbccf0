"""``readback up``: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint, ExitCode
from gateway.terminal import printer, say

if TYPE_CHECKING:
    from socket import socket

    from rich.table import Table

    from tasks.embedded import EmbeddedFarm
    from tasks.settings import Settings
    from tools.stock import Stands

LOOK_S = 0.5
TRY = {"osteria_luna": "examples/table-for-two.json", "pretix": "examples/pretix-ticket.json"}


def up(
    *,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="VENUES", help="Also run these venues here: osteria_luna, pretix."),
    ] = None,
    pool: Annotated[
        str, typer.Option(metavar="POOL", help="threads: many visits on one browser. prefork: one visit per process.")
    ] = "threads",
    concurrency: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Visits at once.")] = 2,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Where the API listens, on this machine alone.")
    ] = 8642,
) -> None:
    """Run a whole farm here until Ctrl-C.

    That is a ledger, a broker, a worker, a relay and the API for platforms;
    with --with, venues to book at. Everything is kept in READBACK_HOME, so
    that a farm that is ended and started again goes on where it was.
    """
    from gateway.deployment import make_home, must_have_ledger, registry, settings

    here = settings()  # first: what is imported below reads them too

    from farm.schema import nearest
    from gateway.presence import Taken, Tenancy
    from tasks.embedded import EmbeddedFarm, NotStarted
    from tasks.machine.private_redis import RedisNotStarted
    from tasks.worker import POOLS
    from tools.stock import STOCK, NotStanding, standing

    wanted = list(dict.fromkeys(with_ or []))
    for name in wanted:
        if name not in STOCK:
            raise Complaint(f"nothing called `{name}` can be run here", then=nearest(name, list(STOCK)))
    if pool not in POOLS:
        raise Complaint(f"no pool `{pool}`", then=nearest(pool, POOLS))
    there = registry(here)
    make_home(here)
    must_have_ledger(here)
    with ExitStack() as running:
        running.enter_context(contextlib.suppress(KeyboardInterrupt))
        try:
            running.callback(Tenancy.take(here.home, "readback up").leave)
            stands = [
                one
                for name in wanted
                for one in running.enter_context(standing(name, there, here.home.absolute() / "venues", say))
            ]
            bound = door(running, port)
            farm = running.enter_context(EmbeddedFarm(here, pool, concurrency))
        except Taken as error:
            raise Complaint(
                f"a farm already runs in {here.home}: {error}",
                then="use it, end it there with Ctrl-C, or set READBACK_HOME to another folder",
            ) from None
        except NotStanding as error:
            raise Complaint(str(error), code=ExitCode.MACHINE) from None
        except (NotStarted, RedisNotStarted) as error:
            raise Complaint(
                f"the farm does not start: {error}", then="run  readback doctor", code=ExitCode.MACHINE
            ) from None
        _say_what_runs(here, farm, bound, stands, f"{concurrency} visit{'s' * (concurrency > 1)} at once, {pool}")
        _say_next(wanted)
        asyncio.run(_until_told(here, farm, bound))
        say("Ending: what is being done is finished; what is still to be read back, with the next  readback up.")


def door(running: ExitStack, port: int) -> socket | None:
    """The socket of the API; None where it is taken: the farm goes on without it."""
    from gateway.api.serving import listening

    try:
        return running.enter_context(listening("127.0.0.1", port))
    except Complaint as taken:
        say(f"→ The API is not served: {taken.what}. --port names another one.")
        return None


def _say_what_runs(here: Settings, farm: EmbeddedFarm, bound: socket | None, stands: list[Stands], how: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from gateway.api.serving import address_of
    from gateway.deployment import ledger_shown, shown

    worker, relay = farm.pids
    table: Table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("ledger", ledger_shown(here))
    named = here.broker_url or here.redis_url
    table.add_row("broker", "as READBACK_BROKER_URL or READBACK_REDIS_URL says" if named else "a private Redis")
    table.add_row("worker", f"pid {worker}: {how}")
    table.add_row("relay", f"pid {relay}")
    table.add_row("api", "not served" if bound is None else f"{address_of(bound)}  (its pages: /docs)")
    table.add_row("logs", shown(farm.logs))
    for one in stands:
        table.add_row("venue", f"{one.name}  {one.address}")
    console = printer()
    console.print(Text.assemble(("✓", "bold green"), (" The farm is up.", "bold")))
    console.print(table)


def _say_next(wanted: list[str]) -> None:
    console = printer()
    console.print("\nIn another terminal:", style="dim")
    for example in [TRY[name] for name in wanted if name in TRY] or ["REQUEST.json"]:
        console.print(f"  readback book {example} --wait", style="cyan", soft_wrap=True)
    console.print("  readback keys new RESELLER", style="cyan", soft_wrap=True)
    console.print("Ctrl-C ends everything; bookings are kept.\n", style="dim")


async def _until_told(here: Settings, farm: EmbeddedFarm, bound: socket | None) -> None:
    """Serve the API, and say how each booking ends, until a signal comes.

    Raises:
        Complaint: The worker or the relay ended by itself.
    """
    from gateway.api.serving import log_to, served

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # the API's server hears of them, too
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as running:
        if bound is not None:
            log_to(logging.FileHandler(farm.logs / "gateway.log"))
            await running.enter_async_context(served(here, bound))
        await _say_ends(here, farm, stop)


async def _say_ends(here: Settings, farm: EmbeddedFarm, stop: asyncio.Event) -> None:
    from rich.text import Text

    from gateway.deployment import open_ledger
    from tools.watching import status_text

    console = printer()
    async with open_ledger(here, make=True) as ledger:
        known = {booking.id: booking.updated_at for booking in await ledger.bookings()}
        while not stop.is_set():
            for booking in reversed(await ledger.bookings()):
                if known.get(booking.id) != booking.updated_at and booking.status.settled:
                    line = Text.assemble((f"{booking.id}  ", "dim"), status_text(booking.status), "  ")
                    console.print(line.append(booking.sentence or ""), soft_wrap=True)
                known[booking.id] = booking.updated_at
            if not farm.is_whole():
                raise Complaint(
                    "the worker or the relay ended by itself", then=f"see {farm.logs}", code=ExitCode.MACHINE
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await stop.wait()
