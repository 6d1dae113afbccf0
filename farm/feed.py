"""What platforms are told of a booking's history: a closed list of types, and one event as they see it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import AwareDatetime, JsonValue

from farm.facts import Fact

_RENAMED: Mapping[str, str] = MappingProxyType({"attempt.claimed": "booking.claimed"})
"""What the history calls otherwise, for those who read it by attempts."""

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "booking.queued": "It was accepted, and nothing has begun.",
        "booking.claimed": "The venue's page says yes, which proves nothing.",
        "booking.confirmed": "The venue's own record was read and matches.",
        "booking.pending_venue": "The venue has it, and has to decide.",
        "booking.in_doubt": "Nobody can tell what stands at the venue: a person must look.",
        "booking.unavailable": "No venue had a place that fits.",
        "booking.failed": "No venue could take it, for other reasons.",
        "booking.expired": "The moment by which the guest wanted to know came first.",
        "booking.lost": "The venue dropped what it had confirmed; another place is looked for.",
        "booking.deferred": "It waits: for a venue's agreed pace, or for one that wants to be left alone.",
        "booking.lease_ran_out": "Its worker went away; another one takes over.",
        "booking.cancel_requested": "Its cancellation was asked for.",
        "booking.cancelling": "It is being cancelled at the venue.",
        "booking.cancelled": "Nothing of it stands at a venue any more.",
        "booking.change_requested": "A change was asked for.",
        "booking.changing": "It is being changed at the venue.",
        "booking.changed": "The change is done and was read back.",
        "booking.change_given_up": "The change was given up; the booking stands as it was.",
        "booking.successor_queued": "Another booking was queued to take its place.",
        "attempt.started": "An attempt at one venue has begun.",
        "attempt.step": "A step of an attempt has begun.",
        "attempt.note": "Something went wrong that changes nothing.",
        "attempt.guarded": "This attempt alone may press the last button.",
        "attempt.refused": "The venue said no.",
        "attempt.in_doubt": "The click has no clear answer; the venue's record is looked up.",
        "attempt.not_booked": "The attempt ended without a booking.",
        "attempt.absent": "The venue has no record of the click: nothing was booked there.",
        "attempt.adopted": "A record of an earlier attempt was found and taken.",
        "attempt.came_late": "A record appeared after it had counted as absent.",
        "attempt.late_record_cancelled": "Such a late record was cancelled.",
        "attempt.repairing": "The record differs, and is being put right.",
        "attempt.cancelled": "The record of this attempt was cancelled.",
        "attempt.cancel_unproven": "A cancellation could not be proven.",
        "attempt.hold_given_back": "A hold was given back.",
        "verify.looked": "The venue's record was looked up.",
        "recheck.unanswered": "A later look at the record got no answer; it is looked up again.",
        "doubt.resolved": "A person has looked and said what stands at the venue.",
    }
)
"""Every type of event, with what it means. A platform must take unknown ones as news that it need not understand."""


class PublicEvent(Fact):
    """One event of a reseller's feed. Never guest data.

    Attributes:
        number: Counts from 1 without a gap over all bookings of the reseller.
        type: One of ``TYPES``.
        sequence: Counts from 1 without a gap in the booking.
    """

    number: int
    type: str
    at: AwareDatetime
    booking: str
    sequence: int
    attempt: int | None
    venue: str | None
    data: dict[str, JsonValue]


def public_data(payload: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What platforms see of an event's payload: everything but who of the farm's people acted."""
    return {name: value for name, value in payload.items() if name != "by"}


def public_type(kind: str) -> str:
    """What platforms call a kind of the history."""
    return _RENAMED.get(kind, kind)


def kinds_of(types: list[str]) -> list[str]:
    """The kinds of the history that these public types stand for."""
    kept = {public: kind for kind, public in _RENAMED.items()}
    return [kept.get(name, name) for name in types]
