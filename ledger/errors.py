"""What the ledger refuses. None of these is a word to the guest: they stop the worker that meets them.

::

    LedgerError
      NoSuchBooking          the id names nothing
      NoSuchWebhook          nor does that of an endpoint, or of a delivery to it
      TooManyWebhooks        a reseller has as many endpoints as it may have
      IdempotencyConflict    the same key came with another body
      NotChangeable          the booking is not one that can be changed (any more)
      NoSuchKey              the id names no API key
      KeyIsOver              the API key was revoked or replaced, or has expired
      CodeTaken              another booking has that reference code: mint a new one
      Busy                   somebody else holds what must be written, for longer than the caller waits: ask again
      SlotTaken              another booking of ours is committing on the same slot: wait for its click to end
      LeaseLost              the lease ran out, or another worker took it: stop, write nothing
        AnotherAttemptLive     another attempt of this booking is past its commit guard: stop
      IllegalChange          a change that the table of transitions does not know (a ``ValueError``: a bug)
"""

from __future__ import annotations

import inspect


class LedgerError(Exception):
    """The ledger refuses."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)


class NoSuchBooking(LedgerError):
    """No booking has this id."""


class NoSuchWebhook(LedgerError):
    """No webhook, or no delivery of it, has this id."""


class TooManyWebhooks(LedgerError):
    """This reseller has as many webhooks as it may have."""


class IdempotencyConflict(LedgerError):
    """This idempotency key was used with another request."""


class NotChangeable(LedgerError):
    """The booking cannot be changed."""


class NoSuchKey(LedgerError):
    """No API key has this id."""


class KeyIsOver(LedgerError):
    """The API key was revoked or replaced, or has expired."""


class CodeTaken(LedgerError):
    """Another booking has this reference code."""


class Busy(LedgerError):
    """Somebody else is writing the same thing now, and the caller does not wait for it."""


class SlotTaken(LedgerError):
    """Another booking of ours is committing on this slot now."""


class LeaseLost(LedgerError):
    """The lease is no longer ours: another worker may be at this booking."""


class AnotherAttemptLive(LeaseLost):
    """Another attempt of this booking is past its commit guard."""


class IllegalChange(LedgerError, ValueError):
    """No such transition."""
