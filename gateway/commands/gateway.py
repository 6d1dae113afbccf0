"""``readback gateway``: the API as a process of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import printer, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    from tasks.settings import Settings


def gateway(
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where it listens; 0.0.0.0 is everywhere.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0 takes one that is free.")] = 8642,
    behind_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--behind-proxy",
            metavar="ADDRESS",
            help="A proxy (or its network) whose word on a caller's address and scheme is taken; may be repeated.",
        ),
    ] = None,
) -> None:
    """Serve the API for platforms, with its pages at /docs, until Ctrl-C or SIGTERM.

    It only writes down and shows: workers and relay do the work. Any number
    may run on one ledger; `readback up` brings one with it. What is under way
    when it is told to end has 15 seconds; streams end at once, and go on at
    another gateway where they were.

    It speaks HTTP without TLS: beyond this machine a proxy with TLS belongs
    before it. Whoever asks needs a key: `readback keys new`.
    """
    from gateway.deployment import must_have_ledger, registry, settings

    here = settings()  # first: what is imported below reads them too

    import logging

    from gateway.api.serving import listening, log_to, must_be_proxies

    proxies = behind_proxy or []
    must_be_proxies(proxies)
    registry(here)
    must_have_ledger(here)
    bound = listening(host, port)
    log_to(logging.StreamHandler())
    with bound:
        asyncio.run(_until_told(here, bound, proxies))
    say("Ended.")


async def _until_told(here: Settings, bound: socket, proxies: Sequence[str]) -> None:
    from gateway.api.serving import served

    async with served(here, bound, proxies) as serving:
        _say_what_runs(here, bound, proxies)
        await serving


def _say_what_runs(here: Settings, bound: socket, proxies: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    from gateway.api.serving import address_of, is_for_this_machine
    from gateway.deployment import ledger_shown
    from gateway.presence import is_served

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("listens", address_of(bound))
    table.add_row("pages", f"{address_of(bound)}/docs")
    table.add_row("ledger", ledger_shown(here))
    console = printer()
    console.print(Text.assemble(("✓", "bold green"), (" The gateway is up.", "bold")))
    console.print(table)
    if not is_served(here):
        say("→ No farm serves this folder: what is booked waits until  readback up  runs.")
    if not proxies and not is_for_this_machine(bound):
        say("→ Others can reach it, and keys cross the network unencrypted: put a proxy with TLS before it.")
