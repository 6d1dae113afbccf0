"""What the guest is told while a booking is under way, in English: see ``words``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from farm.life.awaiting import Awaited
from farm.life.case import Attempt, Case
from farm.routing import Tried, because
from farm.status import VerdictKind


def under_way(case: Case, what: Awaited, attempt: Attempt | None, tried: Sequence[Tried], by: str) -> str:
    """While it is under way: why it is not where it was to be, what happens now, and when the guest knows."""
    why = because([t for t in tried if attempt is None or t.venue != attempt.venue], case.candidates)
    now = f"{_now(case, what, attempt, looks_on=bool(why))}; {by}."
    return f"{why}. {now}" if why else now


def _now(case: Case, what: Awaited, attempt: Attempt | None, *, looks_on: bool) -> str:
    name = case.name(attempt.venue) if attempt is not None else "the venue"
    start = name[:1].upper() + name[1:]
    match what:
        case Awaited.VENUE_PAGE:
            return f"We are asking {name}"
        case Awaited.RECORD:
            return f"We have asked {name}, and are reading in its own record whether it has the booking"
        case Awaited.VENUE_ANSWER:
            if case.verdict is not None and case.verdict.kind is VerdictKind.CONTESTED:
                return f"{start} has given the same place to somebody else too, and has to decide"
            return f"{start} has the request and has not answered yet"
        case Awaited.CANCELLATION:
            return f"We are asking {name} to cancel" if attempt is not None else "We are calling your request off"
        case Awaited.CHANGE:
            return f"We are asking {name} for the change"
        case Awaited.PACE:
            return "We have to wait for our turn at the next place" if looks_on else "We wait for our turn"
        case _:
            return "We are looking for another place" if looks_on else "We have your request and begin soon"


def wished(what: Awaited, by: str) -> str:
    """Beside how it stands: what was asked for since."""
    said = {Awaited.CANCELLATION: "The cancellation", Awaited.CHANGE: "The change"}[what]
    return f"{said} that was asked for is under way; {by}."


def known_by(until: datetime | None, zone: ZoneInfo | None, now: datetime) -> str:
    """When the guest knows, on the venue's own clock."""
    if until is None:
        return "a person is looking"
    if until < now:
        return "it takes longer than it should, and goes on"
    local = (until + timedelta(seconds=59)).astimezone(zone or UTC)  # a minute that has begun counts
    clock = f"{local:%H:%M}" if zone is not None else f"{local:%H:%M} UTC"
    is_today = local.date() == now.astimezone(zone or UTC).date()
    return f"you will know by {clock}" if is_today else f"you will know by {clock} on {local.day} {local:%B %Y}"


def waiting(case: Case, what: Awaited, attempt: Attempt | None) -> str:
    """What it waits for, for whoever watches it."""
    name = case.name(attempt.venue) if attempt is not None else "the venue"
    said = {
        Awaited.WORKER: "a worker will take it up",
        Awaited.PACE: "the agreed pace lets nobody in yet",
        Awaited.VENUE_PAGE: f"{name} is being asked",
        Awaited.RECORD: f"the record of {name} is being read",
        Awaited.VENUE_ANSWER: f"{name} has to decide",
        Awaited.PERSON: f"a person must look at {name}",
        Awaited.CANCELLATION: f"{name} is being asked to cancel" if attempt is not None else "it is being called off",
        Awaited.CHANGE: f"{name} is being asked for the change",
        Awaited.RECHECK: f"the record of {name} will be read again",
    }[what]
    return f"{said[:1].upper()}{said[1:]}."
