"""``readback new``: an integration to begin with, and a twin to try it on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import printer

REPOSITORY = Path(__file__).parents[2]
PORT = 8499
"""Of the first twin, as its venue's file and its agreement have it."""
DATA = "/tmp/twin"  # noqa: S108 - a word of an example


class From(StrEnum):
    """The kinds of sites that there are templates for."""

    TABLES = "tables"
    TICKETS = "tickets"
    ROOMS = "rooms"
    APPOINTMENTS = "appointments"


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the integration, as locanda_mare.")],
    *,
    like: Annotated[From, typer.Option("--from", help="Which kind of site it is most like.")],
    into: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Gets integrations/, partners/ and twins/; made when missing.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
) -> None:
    """Begin an integration: script, manifest, venue, cases, agreement, and a first twin.

    What only you can know is marked with TODO: `readback check` names each one
    that is left. The twin is a small site of its own with a book and faults;
    make it as the real one is, and the script with it.
    """
    from rich.text import Text

    from gateway.deployment import shown
    from tools.new.kinds import KINDS
    from tools.new.writing import MARK, CannotWrite, New

    try:
        written = New(name, KINDS[like.value], into).write(force=force)
    except CannotWrite as error:
        raise Complaint(str(error), then="nothing was written") from None
    out = printer()
    for path in written:
        left = path.read_text(encoding="utf-8").count(MARK)
        out.print(Text.assemble(shown(path), (f"  {left} to do" if left else "", "yellow")), soft_wrap=True)
    folders = f"READBACK_INTEGRATIONS={shown(into / 'integrations')} READBACK_PARTNERS={shown(into / 'partners')}"
    twin = f"PYTHONPATH={shown(into / 'twins')}:{shown(REPOSITORY)} python -m {name}_twin --port {PORT} --data {DATA}"
    out.print(
        f"\nNext: look at its twin on http://127.0.0.1:{PORT} (until Ctrl-C)\n  {twin}\n"
        f"do what is marked with TODO, then\n  {folders} readback check {name}",
        soft_wrap=True,
    )
