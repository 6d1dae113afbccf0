"""``readback book``: a request from a file into the ledger, and the answer when it is waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint
from gateway.terminal import AsJson, printer, put, say

if TYPE_CHECKING:
    from gateway.answers import BookingAnswer
    from tasks.settings import Settings

KEY_LENGTH = 255


def book(
    request: Annotated[str, typer.Argument(metavar="REQUEST.json", help="The request; - reads standard input.")],
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end, and show what happens.")] = False,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="K", help="The same key gives the same booking, however often it is sent.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="S", min=0, help="Wait no longer than that.")] = 300.0,
    as_json: AsJson = False,
) -> None:
    """Queue a booking; with --wait, see it through.

    A request that cannot be right is refused before anything is queued,
    with every fault named at once.

    Where no farm runs (readback up), --wait starts one for the time being.

    Exit codes: 0 confirmed (without --wait: queued), 2 bad input,
    3 not booked, 4 in doubt or not settled yet, 1 this machine lacks something.
    """
    from gateway.deployment import registry, settings
    from gateway.reading import read_json

    if idempotency_key is not None and not 0 < len(idempotency_key) <= KEY_LENGTH:
        raise Complaint(f"an idempotency key has 1 to {KEY_LENGTH} characters")
    here = settings()
    written, name = read_json(request)
    queued = asyncio.run(_sent_before(here, written, idempotency_key)) if idempotency_key is not None else None
    if queued is None:
        queued = asyncio.run(_accept(here, written, name, idempotency_key))
    if wait:
        from gateway.commands.answering import see_through

        raise typer.Exit(
            see_through(here, registry(here), queued.id, timeout_s=timeout, as_json=as_json, who="readback book")
        )
    if as_json:
        put(queued)
    else:
        _say_queued(here, queued)


async def _sent_before(here: Settings, written: object, key: str) -> BookingAnswer | None:
    """The booking that the key made, whatever has become of its venues and its time since."""
    from gateway.deployment import has_ledger, open_ledger, registry_if_whole
    from gateway.standing import answer_for
    from ledger.errors import IdempotencyConflict
    from tasks.accepting import made_before

    if not has_ledger(here):
        return None
    async with open_ledger(here) as ledger:
        try:
            booking = await made_before(ledger, written, key)
        except IdempotencyConflict:
            raise _conflict(key) from None
        return await answer_for(ledger, registry_if_whole(here), booking) if booking is not None else None


def _conflict(key: str) -> Complaint:
    return Complaint(
        f"the idempotency key `{key}` belongs to another request",
        then="nothing was queued: use a new key for a new request, or send the first request again",
    )


async def _accept(here: Settings, written: object, name: str, key: str | None) -> BookingAnswer:
    from gateway.admission import admitted, must_have_venue
    from gateway.deployment import open_ledger, registry
    from gateway.standing import answer_for
    from ledger.errors import IdempotencyConflict
    from tasks.accepting import queued

    there = registry(here)
    wanted = admitted(here, written, name, there)
    async with open_ledger(here, make=True) as ledger:
        await must_have_venue(here, wanted, name, there, ledger)
        try:
            accepted = await queued(ledger, wanted, key)
        except IdempotencyConflict:
            raise _conflict(key or "") from None
        return await answer_for(ledger, there, accepted.booking)


def _say_queued(here: Settings, queued: BookingAnswer) -> None:
    from gateway.presence import is_served

    printer().print(queued.id)
    say(f"{queued.status}; follow it with  readback show {queued.id}")
    if not is_served(here) and not queued.settled:
        say("No farm serves this folder: it stays queued until  readback up  runs.")
