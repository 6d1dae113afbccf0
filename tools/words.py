"""What the ledger's words mean to a person: steps, causes, in a few words each."""

from __future__ import annotations

from farm.phases import Step
from farm.status import Cause

STEPS: dict[str, str] = {
    Step.LOG_IN: "logging in",
    Step.SEARCH: "looking for slots",
    Step.HOLD: "holding the slot",
    Step.ENTER_GUEST: "entering guest",
    Step.PAY: "paying",
    Step.GUARD: "checking what will be sent",
    Step.SUBMIT: "pressing the last button",
    Step.READ_BACK: "reading its record",
    Step.CANCEL: "cancelling at the venue",
    Step.RELEASE: "giving the hold back",
}
CAUSES: dict[str, str] = {
    Cause.SLOT_UNAVAILABLE: "full",
    Cause.LEASE_EXPIRED: "slot lost",
    Cause.PRICE_OVER_CAP: "over the price cap",
    Cause.REQUEST_REFUSED: "cannot serve this",
    Cause.VENUE_UNREACHABLE: "cannot be reached",
    Cause.VENUE_CHANGED: "its page has changed",
    Cause.RECAP_MISMATCH: "would have booked something else",
    Cause.RECORD_MISSING: "said yes, kept no record",
    Cause.ACCESS_NOT_AGREED: "access not agreed",
    Cause.CHALLENGE_PRESENTED: "turned us away",
    Cause.TIER_TOO_LOW: "has not earned real bookings",
    Cause.SESSION_EXPIRED: "logged out",
    Cause.CANCEL_REQUESTED: "called off",
    Cause.CONTRACT_BROKEN: "integration is broken",
    Cause.WORKER_LOST: "our worker went away",
}


def in_words(cause: str | None) -> str:
    """A cause in a few words; its own name where there are none."""
    if cause is None:
        return "not booked"
    return CAUSES.get(Cause(cause), cause) if cause in set(Cause) else cause
