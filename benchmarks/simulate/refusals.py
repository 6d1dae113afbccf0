"""What the ledger refuses to write, as ``ledger/conclusions.py`` does: always with ``IllegalChange``."""

from __future__ import annotations

from farm.life.case import Attempt, Case
from farm.life.states import ENDED_WITHOUT, attempt_sources, booking_sources
from farm.life.transition import UNSET, AttemptChange, BookingChange
from farm.status import AttemptState, BookingStatus
from farm.verdict import Verdict
from ledger.errors import IllegalChange

_BOOKING_SOURCES = {status: frozenset(booking_sources(status)) for status in BookingStatus}
_ATTEMPT_SOURCES = {state: frozenset(attempt_sources(state)) for state in AttemptState}


def check_status(case: Case, status: BookingStatus) -> None:
    """The table of the booking's statuses."""
    if case.status not in _BOOKING_SOURCES[status]:
        raise IllegalChange(f"a booking that is {case.status} cannot become {status}")


def check_attempt(before: Attempt, change: AttemptChange) -> None:
    """The table of transitions, and what may only happen before, or never after, the click."""
    state = change.state
    if state is UNSET:
        return
    if before.state not in _ATTEMPT_SOURCES[state]:
        raise IllegalChange(f"an attempt that is {before.state} cannot become {state}")
    if state is AttemptState.COMMITTING and before.state is not state:
        raise IllegalChange("only the commit guard makes an attempt committing")
    sent = before.sent if change.sent is UNSET else change.sent
    past_guard = before.state is not AttemptState.PREPARED
    if past_guard and state is AttemptState.NOT_BOOKED is not before.state and sent != "no":
        raise IllegalChange("past the guard an attempt is not_booked only if nothing was sent")


def check_booking(case: Case, change: BookingChange, attempts: tuple[Attempt, ...]) -> None:
    """A status that may follow, with the proof or the end of all attempts that it needs."""
    status = change.status
    if status is UNSET:
        return
    check_status(case, status)
    if status is BookingStatus.CONFIRMED and not (isinstance(change.verdict, Verdict) and change.verdict.proves):
        raise IllegalChange("a booking is confirmed by a verdict that proves it, given in the same change")
    if status in ENDED_WITHOUT and any(attempt.is_live for attempt in attempts):
        raise IllegalChange(f"a booking cannot become {status} while an attempt is live")
