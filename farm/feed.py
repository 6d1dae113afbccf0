"""What a platform may learn of each event: the closed list of public types, and what each shows.

The history is written for the deployment's own people. A platform sees the same events under these names, with the
words that are listed here and no others: whatever else a payload holds stays inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from pydantic import AwareDatetime, JsonValue

from farm.facts import Fact


@dataclass(frozen=True, slots=True)
class EventType:
    """One public type.

    Attributes:
        kind: What the history calls it.
        says: What it means, in one sentence.
        shows: The words of its payload that a platform may see; free text is never one of them.
        name: What a platform calls it.
        progress: It says how the work goes on; nothing has changed for the guest.
    """

    kind: str
    says: str
    shows: tuple[str, ...] = ()
    name: str = ""
    progress: bool = False

    @property
    def type(self) -> str:
        """The name of the type."""
        return self.name or self.kind


def _progress(kind: str, says: str, *shows: str) -> EventType:
    return EventType(kind, says, shows, progress=True)


_LIST = (
    EventType("booking.queued", "The request is written down; nothing has been tried yet.", ("replaces",)),
    EventType("booking.deferred", "The agreed pace lets nobody in before `until`.", ("until",)),
    EventType(
        "attempt.started",
        "A visit to a venue begins.",
        ("tried", "left_s", "widened_min"),
    ),
    _progress("attempt.step", "The visit has reached a step.", "step"),
    _progress("attempt.note", "Something was written down for the deployment's own people."),
    _progress(
        "attempt.guarded",
        "The last click may follow now: from here on nothing is tried twice.",
        "submit_deadline",
    ),
    EventType(
        "attempt.claimed",
        "The venue's page says yes. It proves nothing: tell nobody that the booking stands.",
        ("sent",),
        name="booking.claimed",
    ),
    EventType("attempt.refused", "The venue said no; a look at its record has to bear that out.", ("sent", "cause")),
    EventType("attempt.in_doubt", "Nobody knows yet what the last click did; the record will be read.", ("sent",)),
    EventType("attempt.not_booked", "The attempt ended before anything was booked.", ("cause",)),
    EventType("attempt.absent", "The venue's record does not have it: nothing was booked there.", ("cause",)),
    EventType(
        "attempt.cancelled", "What stood at this venue was cancelled, and read back as gone.", ("cause", "channel")
    ),
    _progress("attempt.adopted", "The record of an earlier attempt has appeared; it is judged again."),
    _progress("attempt.repairing", "A record that is not as it should be is being put right.", "why"),
    _progress("attempt.hold_given_back", "A hold was given back, as far as the venue shows it.", "proven"),
    _progress("attempt.came_late", "A record has come after the booking went on without it; it is cancelled."),
    _progress(
        "attempt.late_record_cancelled", "The record that came late was cancelled, and read back as gone.", "channel"
    ),
    EventType("attempt.cancel_unproven", "A record that is one too many could not be cancelled: a person must look."),
    _progress("verify.looked", "The venue's own record was read.", "channel", "verdict"),
    _progress("recheck.unanswered", "The venue could not say whether it still has the booking; it stands as proven."),
    EventType(
        "booking.confirmed",
        "The booking was read back from the venue's own record and matches the request.",
        ("venue_reference",),
    ),
    EventType("booking.pending_venue", "The venue has the request and has to decide.", ("venue_reference",)),
    EventType(
        "booking.in_doubt", "The farm cannot tell what stands at the venue: a person must look.", ("venue_reference",)
    ),
    EventType("doubt.resolved", "A person has looked at the venue and says what stands there.", ("said",)),
    EventType("booking.unavailable", "No venue of the request can serve it.", ("cause", "sentence")),
    EventType("booking.failed", "The booking could not be made.", ("cause", "sentence")),
    EventType("booking.expired", "The time to know by is over, and nothing is booked.", ("cause", "sentence")),
    EventType("booking.lost", "The venue no longer has what it had confirmed; another place is looked for."),
    EventType("booking.cancel_requested", "Somebody wishes to cancel; that wins over everything."),
    EventType("booking.cancelling", "The venue is being asked to cancel."),
    EventType(
        "booking.cancelled",
        "Nothing stands any more: read back as gone, or never booked.",
        ("cause", "channel", "sentence"),
    ),
    EventType("booking.change_requested", "Somebody wishes to change the booking."),
    EventType("booking.changing", "The venue is being asked to change the record."),
    EventType(
        "booking.changed", "The booking is what it was asked to become, and read back.", ("how", "venue_reference")
    ),
    EventType("booking.change_given_up", "There is nothing that could be changed; all stays as it is."),
    EventType(
        "booking.successor_queued",
        "Another booking was queued in this one's place, which stands until that one is confirmed.",
    ),
    EventType("booking.arrived", "The guest came."),
    EventType("booking.no_show", "The guest did not come."),
    _progress("booking.lease_ran_out", "A worker was lost; another one goes on."),
)

TYPES: Mapping[str, EventType] = MappingProxyType({each.type: each for each in _LIST})
"""Every public type, by its name; in the order of a booking's life."""

_BY_KIND = {each.kind: each for each in _LIST}


class Written(Protocol):
    """A line of a booking's history, as the ledger hands it out."""

    @property
    def booking_id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def at(self) -> AwareDatetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def attempt(self) -> int | None: ...
    @property
    def venue(self) -> str | None: ...
    @property
    def payload(self) -> Mapping[str, JsonValue]: ...


class PublicEvent(Fact):
    """One event as a platform sees it; never guest data.

    Attributes:
        number: Its place among all events of the reseller: from 1 on, without a gap.
        type: One of ``TYPES``.
        sequence: Its place in the booking's own history.
        data: What its type shows.
    """

    number: int
    type: str
    at: AwareDatetime
    booking: str
    sequence: int
    attempt: int | None
    venue: str | None
    data: Mapping[str, JsonValue]

    @classmethod
    def of(cls, line: Written) -> PublicEvent:
        """The event behind a line of the history.

        A kind that this version does not know (a newer one writes it) keeps its name and shows nothing.
        """
        known = _BY_KIND.get(line.kind, EventType(line.kind, ""))
        return cls(
            number=line.position,
            type=known.type,
            at=line.at,
            booking=line.booking_id,
            sequence=line.number,
            attempt=line.attempt,
            venue=line.venue,
            data={word: line.payload[word] for word in known.shows if word in line.payload},
        )


def kinds_of(types: Sequence[str]) -> list[str]:
    """What the history calls these public types.

    Raises:
        KeyError: One of them is no public type.
    """
    return [TYPES[each].kind for each in types]
