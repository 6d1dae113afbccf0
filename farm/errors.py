"""Every error is an instruction to the core.

::

    FarmError
      NotBooked              nothing was committed (before-commit phase only): falling back is allowed
        NoAvailability         the venue shows "nothing", or nothing fits    next venue
        SlotLost               the slot or hold is gone            search again once, then next
        LeftAlone              the venue is given a rest           next venue; not a packet was sent
        SlotBusy               another booking of ours is on it    once more, then next
        RequestRefused         the venue cannot serve this         next venue, do not ask again
        PriceOverCap           the price has grown over the cap    next venue
        PaymentRefused         declined                            next venue or ask human, by cause
        VenueDown              5xx, maintenance                    back off, then next
        PacingDeferred         the agreed pace is used up          wait, then once more
        BrowserLost            our own browser or its driver died  once more, later; not the venue's fault
        VenueChanged           a sign is missing                   next venue, tell the owner
        RecapMismatch          recap or commit body differs        next venue, tell the owner
        SessionLost            logged out                          log in again, retry once
          KeptLogInLost          a log-in that was kept has ended    it is forgotten: once more, with one of its own
        AccountBusy            all agreed visits are under way     later; not a packet was sent
        AccessRefused          403, 429, challenge                stop here; no solver, no new identity
          AccessNotAgreed        no agreement covers this visit      next venue; not a packet was sent
        CancelledByGuest       the guest took the wish back        stop
      OutcomeUnknown         the commit may have gone out: read back only, then a human; never the next venue
      ReadBackMissing        a claim without a record
      ReadBackMismatch       the record differs
      CancelUnproven         still visible after cancel
      ContractBroken         script or manifest is wrong: a bug, fails in CI; past commit a doubt, not a crash

Messages never carry guest data: they name steps, signs, fields and venues.
"""

from __future__ import annotations

import copy
import inspect
from typing import Self

from farm.rebuff import Rebuff
from farm.status import Cause


class FarmError(Exception):
    """Something that the core knows how to act on."""

    default_cause = Cause.OUTCOME_UNKNOWN

    def __init__(self, message: str | None = None, *, cause: Cause | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)
        self.cause = cause or self.default_cause

    def retold(self, message: str) -> Self:
        """The same error in other words: everything that it knows besides them stays."""
        again = copy.copy(self)
        again.args = (message,)
        return again


class NotBooked(FarmError):
    """Nothing was committed at the venue."""

    default_cause = Cause.SLOT_UNAVAILABLE


class NoAvailability(NotBooked):
    """The venue shows nothing that fits the request."""


class SlotLost(NotBooked):
    """The slot or the hold is gone."""

    default_cause = Cause.LEASE_EXPIRED


class SlotBusy(NotBooked):
    """Another booking of ours has been committing on this slot for too long."""

    default_cause = Cause.SLOT_BUSY


class LeftAlone(NotBooked):
    """The venue is left alone for now: not a packet was sent."""

    default_cause = Cause.PACING_DEFERRED


class RequestRefused(NotBooked):
    """The venue cannot serve this request."""

    default_cause = Cause.REQUEST_REFUSED


class PriceOverCap(NotBooked):
    """The price is over the cap of the request."""

    default_cause = Cause.PRICE_OVER_CAP


class PaymentRefused(NotBooked):
    """The payment was declined."""

    default_cause = Cause.PAYMENT_ERROR_CARD_DECLINED


class VenueDown(NotBooked):
    """The venue does not answer, or answers with a server error."""

    default_cause = Cause.VENUE_UNREACHABLE


class PacingDeferred(NotBooked):
    """The pace that the partner agreed to is used up.

    Attributes:
        wait_s: When asking again may help.
    """

    default_cause = Cause.PACING_DEFERRED

    def __init__(self, message: str | None = None, wait_s: float = 0.0, *, cause: Cause | None = None) -> None:
        super().__init__(message, cause=cause)
        self.wait_s = wait_s


class BrowserLost(NotBooked):
    """Our own browser went away."""

    default_cause = Cause.WORKER_LOST


class WayOutLost(NotBooked):
    """Our own way out went away: nothing of the visit leaves any more."""

    default_cause = Cause.WORKER_LOST


class VenueChanged(NotBooked):
    """A sign that the script relies on is missing."""

    default_cause = Cause.VENUE_CHANGED


class RecapMismatch(NotBooked):
    """What the venue repeats before the last click differs from what was asked."""

    default_cause = Cause.RECAP_MISMATCH


class SessionLost(NotBooked):
    """The venue shows its log-in wall."""

    default_cause = Cause.SESSION_EXPIRED


class KeptLogInLost(SessionLost):
    """The log-in that an earlier visit left is no longer good: it was forgotten."""


class AccountBusy(NotBooked):
    """As many visits as the partner agreed to are under way with this account, or another one is logging in."""

    default_cause = Cause.PACING_DEFERRED


class AccessRefused(NotBooked):
    """The venue refuses the visit (403, 429 or a challenge): stop, and ask the partner.

    Attributes:
        rebuff: The answer that said so; None where it was not an answer of the venue.
    """

    default_cause = Cause.CHALLENGE_PRESENTED

    def __init__(
        self, message: str | None = None, *, cause: Cause | None = None, rebuff: Rebuff | None = None
    ) -> None:
        super().__init__(message, cause=cause)
        self.rebuff = rebuff

    @property
    def retry_after_s(self) -> float | None:
        """For how long the venue wants to be left alone, where it said so: from 1 s to a day."""
        return self.rebuff.retry_after_s if self.rebuff is not None else None


class AccessNotAgreed(AccessRefused):
    """The partner's agreement does not cover this visit."""

    default_cause = Cause.ACCESS_NOT_AGREED


class CancelledByGuest(NotBooked):
    """The guest cancelled before anything was committed."""

    default_cause = Cause.CANCEL_REQUESTED


class OutcomeUnknown(FarmError):
    """The commit may have gone out; only a read-back can tell."""


class ReadBackMissing(FarmError):
    """The venue has no record of what its page claimed."""

    default_cause = Cause.RECORD_MISSING


class ReadBackMismatch(FarmError):
    """The venue's record differs from the request."""

    default_cause = Cause.RECORD_MISMATCH


class CancelUnproven(FarmError):
    """The booking is still visible at the venue after the cancellation."""

    default_cause = Cause.CANCEL_UNPROVEN


class ContractBroken(FarmError):
    """The script or its manifest breaks the contract."""

    default_cause = Cause.CONTRACT_BROKEN
