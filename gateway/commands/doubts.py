"""``readback doubts`` and ``readback resolve``: what only a person can settle."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.complaint import Complaint, ExitCode
from gateway.terminal import AsJson, printer, put, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from farm.life.happened import Resolved
    from gateway.answers import BookingAnswer
    from tasks.settings import Settings

MOST_WORDS = 300


def doubts(*, as_json: AsJson = False) -> None:
    """List the bookings that wait for a person, longest waiting first.

    Look at the venue's own record (its page, its desk, the telephone),
    then say what stands there with  readback resolve.
    """
    from gateway.answers import BookingsAnswer
    from gateway.deployment import names_of_venues, settings

    here = settings()
    answers = asyncio.run(_waiting(here))
    if as_json:
        put(BookingsAnswer(bookings=tuple(answers)))
        return
    if not answers:
        printer().print("Nothing waits for a person.")
        return
    from gateway.results import doubtful

    names = names_of_venues(here)
    for answer in answers:
        printer().print(doubtful(answer, names))
    say("→ readback resolve ID --found REF --reason WHY   or   --absent --reason WHY   or   --cancelled")


async def _waiting(here: Settings) -> Sequence[BookingAnswer]:
    from gateway.deployment import open_ledger, registry_if_whole
    from gateway.standing import answers_for

    async with open_ledger(here) as ledger:
        rows = await ledger.overview.waiting_for_a_person()
        return await answers_for(ledger, registry_if_whole(here), rows)


def resolve(
    booking: Annotated[str, typer.Argument(metavar="ID", help="The booking, as `doubts` lists it.")],
    *,
    found: Annotated[
        str | None, typer.Option(metavar="REF", help="Its record stands at the venue, under this reference.")
    ] = None,
    absent: Annotated[bool, typer.Option("--absent", help="The venue has no record of it.")] = False,
    cancelled: Annotated[
        bool, typer.Option("--cancelled", help="Nor shall there be: it was cancelled, and nothing else is wanted.")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="WHY", help="How you know; no guest data: it is kept.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so; you, unless you name another.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what stands at the venue, where the farm cannot tell.

    --found confirms the booking by your word, --absent lets it go on to the next venue (or ends a cancellation),
    --cancelled ends it.
    Who, why and when are written into its history.

    Exit codes: 0 written down, 2 nothing to resolve or too early, 1 this machine lacks something.
    """
    from farm.life.happened import Resolved
    from gateway.deployment import names_of_venues, settings
    from gateway.results import short

    if [bool(found), absent, cancelled].count(True) != 1:
        then = "`readback show ID` tells what is known so far"
        raise Complaint("say one of --found REF, --absent and --cancelled", then=then)
    why = " ".join(reason.split())
    if not 0 < len(why) <= MOST_WORDS:
        raise Complaint(f"a reason has 1 to {MOST_WORDS} characters")
    here = settings()
    who = by or getpass.getuser()
    answer = asyncio.run(_resolve(here, booking, lambda now: Resolved(found, who, why, now, cancelled)))
    if as_json:
        put(answer)
        return
    printer().print(short(answer, names_of_venues(here)))


async def _resolve(here: Settings, booking_id: str, said_at: Callable[[datetime], Resolved]) -> BookingAnswer:
    from farm.life.decision import NothingToResolve, NotNow
    from gateway.deployment import find, open_ledger
    from gateway.standing import answer_for
    from tasks.resolving import SomebodyElseWorks
    from tasks.resolving import resolve as write_down
    from tasks.runtime import farm_of

    async with open_ledger(here) as ledger:
        await find(ledger, booking_id)
    async with farm_of(here) as farm:
        try:
            row = await write_down(farm, booking_id, said_at(farm.clock()))
        except NothingToResolve:
            then = "`readback doubts` lists what waits for a person"
            raise Complaint(f"{booking_id} waits for nobody's word", then=then) from None
        except NotNow as early:
            raise Complaint(f"{booking_id}: {early}", then="look at the venue again after that") from None
        except SomebodyElseWorks:
            then = "ask again in a moment"
            raise Complaint(f"a worker is at {booking_id}", then=then, code=ExitCode.IN_DOUBT) from None
        return await answer_for(farm.ledger, farm.registry, row)
