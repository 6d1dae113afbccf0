"""``readback cancel``: the guest calls a booking off, and it is proven at the venue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import ExitCode
from gateway.terminal import AsJson, printer, put, say

if TYPE_CHECKING:
    from gateway.answers import BookingAnswer
    from tasks.settings import Settings


def cancel(
    booking: Annotated[str, typer.Argument(metavar="ID", help="The booking, as `book` printed it.")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is cancelled and proven.")] = False,
    timeout: Annotated[float, typer.Option(metavar="S", min=0, help="Wait no longer than that.")] = 300.0,
    as_json: AsJson = False,
) -> None:
    """Call a booking off.

    It counts as cancelled when the venue's own record no longer has it.
    One that could not be proven is tried again when it is asked for again.

    Exit codes with --wait: 0 nothing stands at the venue any more,
    2 no such booking, 3 the booking stands, 4 in doubt or not settled yet.
    """
    from gateway.deployment import registry, settings

    here = settings()
    there = registry(here) if wait else None  # what cannot be waited for is not wished either
    answer, over = asyncio.run(_call_off(here, booking))
    if over or there is None:
        _print(here, answer, over=over, as_json=as_json)
        return
    from gateway.commands.answering import see_through

    code = see_through(here, there, booking, timeout_s=timeout, as_json=as_json, who="readback cancel")
    gone = {ExitCode.NOT_BOOKED: ExitCode.WELL, ExitCode.WELL: ExitCode.NOT_BOOKED}
    raise typer.Exit(gone.get(code, code))


async def _call_off(here: Settings, booking_id: str) -> tuple[BookingAnswer, bool]:
    """The booking, and whether there was nothing to call off."""
    from gateway.changing import NOTHING_TO_CALL_OFF, call_off
    from gateway.deployment import find, open_ledger, registry_if_whole
    from gateway.standing import answer_for

    async with open_ledger(here) as ledger:
        booking = await find(ledger, booking_id)
        over = booking.status in NOTHING_TO_CALL_OFF
        booking = await call_off(ledger, booking)
        return await answer_for(ledger, registry_if_whole(here), booking), over


def _print(here: Settings, answer: BookingAnswer, *, over: bool, as_json: bool) -> None:
    from gateway.presence import is_served

    if as_json:
        put(answer)
        return
    if over:
        printer().print(f"Nothing to call off: {answer.id} is {answer.status}. {answer.sentence}")
        return
    printer().print(f"{answer.id}: to be cancelled.")
    say(f"Follow it with  readback show {answer.id}")
    if not is_served(here):
        say("No farm serves this folder: it is cancelled once  readback up  runs.")
