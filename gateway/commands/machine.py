"""``readback doctor``, ``migrate`` and ``demo``: the machine, its tables, and the whole farm at work."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import printer, say


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
    databases. Exit code 0 only if all agree.
    """
    if venue not in {None, "pretix"}:
        raise Complaint(f"the demo knows no venue `{venue}`", then="leave it out, or say --venue pretix")
    from gateway.deployment import make_home, settings
    from tools.demo.run import run_demo

    make_home(settings())
    raise typer.Exit(run_demo(venue, printer()))
