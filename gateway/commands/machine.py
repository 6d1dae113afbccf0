"""``readback doctor``, ``migrate`` and ``demo``: the machine, its tables, and the whole farm at work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import printer, say

if TYPE_CHECKING:
    from tasks.settings import Settings

DEMO_DAYS = 7


def doctor() -> None:
    """Say what is missing on this machine and how to get it.

    Everything is looked at by using it. Exit code 1 when anything is missing.
    """
    from tools.doctor import main

    raise typer.Exit(main())


def migrate() -> None:
    """Bring the ledger's tables to this version.

    Quick when there is nothing to do. On one machine `readback up` does it by
    itself.
    """
    from gateway.deployment import ledger_shown, must_have_ledger, settings
    from ledger.migrate import HEAD

    here = settings()
    must_have_ledger(here)
    say(f"{ledger_shown(here)}: at revision {HEAD}")


def demo(
    venue: Annotated[
        str | None, typer.Option(metavar="pretix", help="A real ticket shop instead of the three restaurants.")
    ] = None,
) -> None:
    """See the farm at work at venues that misbehave.

    They run on this machine. Guests book at them and meet every fault that a
    booking can meet; at the end each row is held against the venues' own
    databases. Exit code 0 only if all agree; then it makes an API key, valid
    for a week, and says how to book with it.
    """
    if venue not in {None, "pretix"}:
        raise Complaint(f"the demo knows no venue `{venue}`", then="leave it out, or say --venue pretix")
    from gateway.deployment import make_home, settings
    from tools.demo.run import run_demo

    here = settings()
    make_home(here)
    code = run_demo(venue, printer())
    if code == 0 and here.is_alone:  # servers' keys are made by whoever runs them
        _say_how_to_book(asyncio.run(_key(here)), venue or "osteria_luna")
    raise typer.Exit(code)


async def _key(here: Settings) -> str:
    """A key for the farm of the state folder; the demo's own is gone with the demo."""
    from gateway.deployment import open_ledger
    from gateway.keys import EVERYTHING, make_key, wanted

    async with open_ledger(here, make=True) as ledger:
        return (await make_key(ledger, wanted("demo", "made by readback demo", [EVERYTHING], DEMO_DAYS))).key


def _say_how_to_book(key: str, stock: str) -> None:
    import shutil
    import sys
    from pathlib import Path

    from rich.text import Text

    from gateway.api.serving import PORT
    from gateway.commands.up import TRY
    from gateway.deployment import shown

    command = "readback" if shutil.which("readback") else shown(Path(sys.executable).with_name("readback"))
    console = printer()
    console.print(f"\nBook yourself, by the API, with a key of the reseller demo ({DEMO_DAYS} days):")
    for line in (
        f"{command} up --with {stock}    # in another terminal",
        f"export READBACK_API_KEY={key}",
        f'curl http://127.0.0.1:{PORT}/v1/bookings -H "Authorization: Bearer $READBACK_API_KEY"'
        f' -H "Idempotency-Key: first" -H "Content-Type: application/json" -d @{TRY[stock]}',
    ):
        console.print(Text(f"  {line}", style="cyan"), soft_wrap=True)
    console.print(f"Its pages:  http://127.0.0.1:{PORT}/docs", style="dim")
