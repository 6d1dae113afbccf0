"""What the API answers, as frozen models. What a newer server adds is kept (``model_extra``) and breaks nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

UNDER_WAY = {"cancellation", "change"}
"""What a booking that is settled may yet wait for; a person's look goes on for as long as it likes."""


class Answer(BaseModel):
    """Anything that the API answers with."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Money(Answer):
    """An amount in the smallest unit of its currency: 4200 EUR cents are 42 euros."""

    minor: int
    currency: str


class Party(Answer):
    """How many come; ``units`` where what is sold is not one per head."""

    adults: int = 0
    children: int = 0
    units: int | None = None


class FieldResult(Answer):
    """One field of the venue's record beside what was asked: ``same``, ``within_tolerance`` or ``differs``."""

    field: str
    result: str
    wanted: Any = None
    seen: Any = None


class Verdict(Answer):
    """What a look at the venue's own record has shown.

    Attributes:
        kind: ``matched``, ``contested``, ``mismatched``, ``not_found``, ``duplicated`` or ``in_doubt``.
        channel: The path that was read; ``person`` where somebody looked and said so.
        complete: Its "nothing" means that there is no record.
        alike: References of records that are just what was asked and carry nobody's reference.
    """

    kind: str
    channel: str
    at: AwareDatetime
    complete: bool = False
    venue_reference: str | None = None
    venue_status: str | None = None
    fields: tuple[FieldResult, ...] = ()
    not_compared: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    reason: str | None = None


class Stage(Answer):
    """How long one step took."""

    stage: str
    seconds: float


class Attempt(Answer):
    """One attempt at one venue."""

    number: int
    venue: str
    state: str
    our_reference: str | None = None
    cause: str | None = None
    detail: str | None = None
    sent: str | None = None
    stages: tuple[Stage, ...] = ()
    started_at: AwareDatetime | None = None
    committed_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None


class Waits(Answer):
    """What a booking waits for, and until when.

    Attributes:
        waiting_for: ``worker``, ``pace``, ``venue_page``, ``record``, ``venue_answer``, ``person``, ``cancellation``,
            ``change`` or, once it is settled, ``recheck``: the next look at the venue's record.
        until: When this wait ends at the latest; None where nobody can say.
    """

    waiting_for: str = Field(alias="for")
    until: AwareDatetime | None = None
    sentence: str


class Booked(Answer):
    """What stands in the venue's record: a slot has ``starts_at``, a stay ``check_in`` and ``check_out``."""

    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    check_in: dt.date | None = None
    check_out: dt.date | None = None
    resource: str | None = None
    service: str | None = None
    party: Party | None = None
    price: Money | None = None


class Booking(Answer):
    """One booking as it is now.

    Attributes:
        settled: How it is may be told: `confirmed`, or one of the ends without a booking, or a doubt.
        sentence: What the guest may be told now.
        waits: What it waits for; None once nothing more is to come.
        know_by: When the guest knows at the latest whether a place was found.
        venue_reference: The venue's own booking number.
        booked: The facts of the venue's record; None unless it is confirmed.
        verdict: What the last look at the venue's record has shown; None before there was one.
        last_event: The ``sequence`` of its newest event: ``stream`` behind it tells what changes from here on.
    """

    id: str
    status: str
    settled: bool
    sentence: str | None = None
    waits: Waits | None = None
    know_by: AwareDatetime | None = None
    cause: str | None = None
    reseller: str | None = None
    reseller_reference: str | None = None
    venue: str | None = None
    venue_reference: str | None = None
    booked: Booked | None = None
    verdict: Verdict | None = None
    attempts: tuple[Attempt, ...] = ()
    attendance: str | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    settled_at: AwareDatetime | None = None
    cancel_requested_at: AwareDatetime | None = None
    last_event: int = 0
    replaces: str | None = None
    replaced_by: str | None = None

    @property
    def at_rest(self) -> bool:
        """True when nothing more happens by itself: it is settled, and neither called off nor changed meanwhile."""
        return self.settled and (self.waits is None or self.waits.waiting_for not in UNDER_WAY)

    @property
    def confirmed(self) -> bool:
        """True only when the venue's own record was read, and is what was asked. A claim or a doubt never is."""
        return self.status == "confirmed" and self.verdict is not None and self.verdict.kind == "matched"


class Event(Answer):
    """Something that happened. ``booking.claimed`` proves nothing; ``booking.confirmed`` was read back.

    Attributes:
        number: Its place among all events of the reseller, without gaps: what a stream resumes after.
        sequence: Its place among the events of its booking.
    """

    number: int
    type: str
    at: AwareDatetime
    booking: str
    sequence: int
    attempt: int | None = None
    venue: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Evidence(Answer):
    """A picture or text of an attempt, behind a link that needs no key and ends at ``expires_at``."""

    id: str
    attempt: int
    venue: str
    scene: str
    kind: str
    at: AwareDatetime
    media_type: str
    size_bytes: int
    sha256: str
    url: str
    expires_at: AwareDatetime


class Missing(Answer):
    """What was not kept, and why."""

    attempt: int
    venue: str
    scene: str
    kind: str
    at: AwareDatetime
    why: str


class Kept(Answer):
    """What was kept of a booking's attempts, in the order in which it was seen, and what was not."""

    evidence: tuple[Evidence, ...]
    missing: tuple[Missing, ...]


class Doubt(Answer):
    """A booking that waits for a person's word.

    Attributes:
        attempt: The one that it is about.
        our_reference: What to look for in the venue's record.
        claimed_reference: What the venue's page said after the last click; it proves nothing.
        wanted: What the record must show.
        may_say: What ``resolve`` takes now.
        nothing_before: Until then a click may still be on its way, and nobody can say that nothing stands.
    """

    booking: str
    reseller_reference: str | None = None
    status: str
    cause: str | None = None
    attempt: int
    venue: str
    venue_name: str | None = None
    city: str | None = None
    address: str | None = None
    our_reference: str
    claimed_reference: str | None = None
    wanted: Booked | None = None
    sent: str | None = None
    known: str | None = None
    verdict: Verdict | None = None
    since: AwareDatetime
    may_say: tuple[str, ...] = ()
    nothing_before: AwareDatetime | None = None


class Limit(Answer):
    """How often something may be done."""

    name: str
    quota: int
    window_s: int


class Me(Answer):
    """Whose key this is, and what it may do.

    Attributes:
        key: The part of the key that may be shown: ``rb_<this>_...``.
    """

    reseller: str
    key: str
    scopes: tuple[str, ...]
    expires_at: AwareDatetime | None = None
    limits: tuple[Limit, ...] = ()


class Fault(Answer):
    """One thing that is wrong with what was sent, and its place in it."""

    where: str
    what: str


class ProblemBody(Answer):
    """RFC 9457, as the API writes it; a proxy's answer may have nothing of it."""

    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    instance: str | None = None
    faults: tuple[Fault, ...] = ()
    then: str | None = None


class BookingsPage(Answer):
    """Some bookings, newest first."""

    items: tuple[Booking, ...] = Field(alias="bookings")
    next: str | None = None


class EventsPage(Answer):
    """Some events, in their order."""

    items: tuple[Event, ...] = Field(alias="events")
    next: int | None = None


class DoubtsPage(Answer):
    """Some doubts, oldest first."""

    items: tuple[Doubt, ...] = Field(alias="doubts")
    next: str | None = None
