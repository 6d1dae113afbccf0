"""Seeing a booking through to its end: waiting, the result, the exit code. Shared by ``book`` and ``cancel``."""

from __future__ import annotations

import asyncio

from farm.registry import Registry
from farm.status import BookingStatus, Cause
from gateway.answers import BookingAnswer
from gateway.complaint import ExitCode
from gateway.deployment import find, make_home, open_ledger, registry_if_whole
from gateway.presence import Service, is_served
from gateway.results import short
from gateway.standing import answer_for
from gateway.terminal import printer, put, say
from gateway.waiting import wait
from tasks.settings import Settings
from tools.stock import STOCK

_CODES = {
    BookingStatus.CONFIRMED: ExitCode.WELL,
    BookingStatus.UNAVAILABLE: ExitCode.NOT_BOOKED,
    BookingStatus.FAILED: ExitCode.NOT_BOOKED,
    BookingStatus.CANCELLED: ExitCode.NOT_BOOKED,
    BookingStatus.EXPIRED: ExitCode.NOT_BOOKED,
}
"""Everything else is in doubt: nobody can say yet what stands at the venue."""


def see_through(
    here: Settings, there: Registry, booking_id: str, *, timeout_s: float, as_json: bool, who: str
) -> ExitCode:
    """Wait for a booking, print how it ended, and give the exit code of ``book``.

    Raises:
        Complaint: No farm works on it, and none can be started.
    """
    make_home(here)
    names = {venue.slug: venue.name for venue in there.venues.values()}
    with Service(here, who, say) as service:
        try:
            wait(here, booking_id, names, service, timeout_s)
        except KeyboardInterrupt:
            say("You stopped waiting.")
        else:
            answer = asyncio.run(look_up(here, booking_id))
            if as_json:
                put(answer)
            else:
                printer().print(short(answer, names))
            for hint in _hints(answer, timeout_s):
                say(hint)
            return _CODES.get(answer.status, ExitCode.IN_DOUBT)
    say(_after_stopping(here, asyncio.run(look_up(here, booking_id))))
    return ExitCode.INTERRUPTED


def _after_stopping(here: Settings, answer: BookingAnswer) -> str:
    """What becomes of a booking that nobody waits for any more; a farm of this command's own has ended by now."""
    stands = answer.status.replace("_", " ")
    if answer.settled or is_served(here):
        goes_on = "" if answer.settled else ", and the farm goes on with it"
        return f"{answer.id} is {stands}{goes_on}.  readback show {answer.id}"
    ended = "The farm that was started for it has ended too"
    return f"{ended}: {answer.id} is {stands}, and goes on once  readback up  runs."


async def look_up(here: Settings, booking_id: str) -> BookingAnswer:
    """The booking as the ledger has it now.

    Raises:
        Complaint: There is none of this id.
    """
    async with open_ledger(here) as ledger:
        return await answer_for(ledger, registry_if_whole(here), await find(ledger, booking_id))


def _hints(answer: BookingAnswer, timeout_s: float) -> list[str]:
    if answer.status is BookingStatus.IN_DOUBT:
        return [
            "→ Nothing more is tried by itself: a person must look at the venue's record.  readback resolve --help"
        ]
    if answer.status is BookingStatus.PENDING_VENUE:
        return ["→ The venue has not decided yet; the farm asks it again until it has."]
    if not answer.settled:
        return [f"→ Not settled after {timeout_s:g} s; the booking goes on while a farm runs (readback up)."]
    down = {a.venue for a in answer.attempts if a.cause is Cause.VENUE_UNREACHABLE}
    local = [name for name, slugs in STOCK.items() if down & set(slugs)]
    if answer.status is not BookingStatus.CONFIRMED and local:
        named = " ".join(f"--with {name}" for name in local)
        return [f"→ Nobody answers there; that venue can stand on this machine:  readback up {named}"]
    return []
