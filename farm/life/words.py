"""The one sentence for the guest, in English. A platform may show it as it is: venues and times, never guest data.

What is said once it has ended; ``meanwhile`` has the phrases until then. Which one is said when stands elsewhere: in
the decisions and in ``sentence``. Another language is two modules with these functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from farm.facts import Facts, Slot, Stay
from farm.life.case import Attempt, Case
from farm.routing import Tried, because, told
from farm.status import VerdictKind
from farm.verdict import Verdict

_DOUBTS = {
    VerdictKind.MISMATCHED: "its record differs from what was asked",
    VerdictKind.DUPLICATED: "its record has it more than once",
    VerdictKind.CONTESTED: "it has given the place to somebody else too",
}


def confirmed(case: Case, attempt: Attempt, reference: str | None, tried: Sequence[Tried]) -> str:
    """Where, when, under which reference; and why there, when it was not the first choice."""
    why = because([t for t in tried if t.venue != attempt.venue], case.candidates)
    said = f"Confirmed at {case.name(attempt.venue)}{_at(case, attempt)}, reference {reference or 'by name'}"
    return f"{said}, because {why}." if why else f"{said}."


def _at(case: Case, attempt: Attempt, wanted: Facts | None = None) -> str:
    wanted = wanted or attempt.expected
    place, when = case.places.get(attempt.venue), wanted.when if wanted else None
    if isinstance(when, Slot) and place is not None:
        return f" for {when.starts_at.astimezone(place.venue.zone):%d %B %Y, %H:%M}"
    return f" from {when.check_in:%d %B %Y} to {when.check_out:%d %B %Y}" if isinstance(when, Stay) else ""


def pending(case: Case, attempt: Attempt, *, contested: bool) -> str:
    """The venue has to decide."""
    name = case.name(attempt.venue)
    if contested:
        return f"{name} has given the same place to somebody else too, and has to decide."
    return f"{name} has the request and has not answered yet."


def unsure(case: Case, attempt: Attempt | None, verdict: Verdict | None = None) -> str:
    """A person must look."""
    said = _DOUBTS.get(verdict.kind) if verdict is not None else None
    where = f" at {case.name(attempt.venue)}" if attempt is not None else ""
    return f"We cannot be sure of the booking{where}: {said or 'its record does not tell'}, and a person must look."


def no_look_up(case: Case, attempt: Attempt) -> str:
    """Nobody but the venue can tell."""
    return f"{case.name(attempt.venue)} has no way to look a booking up: a person must ask there."


def cannot_look() -> str:
    """The farm's own means are broken."""
    return "We cannot look the booking up at the venue now: a person must."


def lost(case: Case, attempt: Attempt) -> str:
    """The venue dropped what it had confirmed."""
    return f"{case.name(attempt.venue)} no longer has the booking; another place is looked for."


def cancelled(case: Case, attempt: Attempt | None) -> str:
    """Nothing stands any more."""
    if attempt is None:
        return "Cancelled before anything was booked."
    return f"Cancelled at {case.name(attempt.venue)}; its own record no longer has the booking."


def cancel_unproven() -> str:
    """A cancellation that nobody can prove."""
    return "The cancellation could not be proven at the venue: a person must look."


def changed(case: Case, attempt: Attempt, wanted: Facts | None, reference: str | None) -> str:
    """The record was changed in place."""
    return f"Changed at {case.name(attempt.venue)}{_at(case, attempt, wanted)}, reference {reference or 'by name'}."


def by_person(case: Case, attempt: Attempt, reference: str) -> str:
    """A person found the record."""
    return (
        f"Confirmed at {case.name(attempt.venue)}{_at(case, attempt)}, reference {reference}, as found by a person."
    )


def nothing_booked(case: Case, tried: Sequence[Tried], *, in_time: bool) -> str:
    """It ended without a booking."""
    return f"{'Nothing could be booked' if in_time else 'Time ran out'}: {told(tried, case.candidates)}"


def not_ours(_case: Case) -> str:
    """This deployment does not know what was asked for."""
    return "Nothing could be booked: what was asked for cannot be booked through us now."
