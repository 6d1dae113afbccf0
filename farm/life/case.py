"""What is known of one booking when something is decided: frozen facts, read from the ledger in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from farm.facts import Claim, Facts, Hold
from farm.gate import Sent
from farm.life.states import PAST_GUARD, UNJUDGED
from farm.manifest import Manifest
from farm.request import Request
from farm.rest import Rest
from farm.status import LIVE_STATES, AttemptState, BookingStatus, Cause
from farm.venue import Venue
from farm.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Place:
    """One venue, as far as a decision needs it.

    Attributes:
        can_look: Some read-back channel can answer there; without one only a person can tell what became of a click.
    """

    venue: Venue
    manifest: Manifest
    can_look: bool = True

    @property
    def can_cancel(self) -> bool:
        """True when the farm can cancel there and see that it worked."""
        return self.manifest.cancel is not None and self.can_look

    @property
    def can_change(self) -> bool:
        """True when the venue has a way to change a record in place."""
        return self.manifest.change is not None and self.can_look


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one venue.

    Attributes:
        answered_at: When the venue's page claimed the booking; None when it never did: a request may be on its way.
        verdict: The last look's; of a row of looks that say the same, the first.
        given_back: Whether its hold was given back; None when nobody has tried.
    """

    id: str
    number: int
    venue: str
    state: AttemptState
    started_at: datetime
    cause: Cause | None = None
    detail: str = ""
    sent: Sent | None = None
    committed_at: datetime | None = None
    submit_deadline: datetime | None = None
    answered_at: datetime | None = None
    claim: Claim | None = None
    hold: Hold | None = None
    given_back: bool | None = None
    expected: Facts | None = field(default=None, repr=False)
    verdict: Verdict | None = None
    read_backs: int = 0
    widened: bool = False

    @property
    def is_live(self) -> bool:
        """True when a record of it may stand at the venue."""
        return self.state in LIVE_STATES

    @property
    def is_unjudged(self) -> bool:
        """True past the guard, while the venue's record has not settled it."""
        return self.state in UNJUDGED

    @property
    def was_refused(self) -> bool:
        """The venue said no in known words, and nobody has looked since."""
        return self.state is AttemptState.COMMITTING and self.cause is not None

    @property
    def may_surprise(self) -> bool:
        """Closed without a booking although a request may have left: a late record would be one too many."""
        return self.state in PAST_GUARD and self.committed_at is not None and self.sent != "no"

    def keeps_a_slot(self, now: datetime) -> bool:
        """True when it ended without a booking and the hold that it took may still stand."""
        return (
            self.hold is not None
            and self.hold.binding != "none"
            and self.given_back is None
            and self.hold.expires_at is not None
            and self.hold.expires_at > now
            and not self.is_live
            and self.state is not AttemptState.PREPARED
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One booking, with its attempts and what the farm knows of the places that it may go to.

    Attributes:
        request: The wish as it stands now.
        change: What it shall become, where that was asked for and is not done.
        replaces: The booking that this one shall replace once it is confirmed.
        candidates: Where the request may end, best first; empty with ``unknown``.
        places: The venues of the attempts; a venue that this farm does not know any more is missing.
        unknown: Why the candidates could not be found.
        closed: Candidates that take no new bookings, with why, for whoever runs the farm.
        resting: Candidates whose partner is left alone now.
    """

    id: str
    request: Request
    status: BookingStatus
    attempts: tuple[Attempt, ...] = ()
    candidates: tuple[Venue, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    unknown: str | None = None
    verdict: Verdict | None = None
    created_at: datetime | None = None
    settled_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    change: Request | None = None
    replaces: str | None = None
    closed: Mapping[str, str] = field(default_factory=dict)
    resting: Mapping[str, Rest] = field(default_factory=dict)

    @property
    def live(self) -> Attempt | None:
        """The attempt that a record may stand of; never more than one."""
        return next((attempt for attempt in self.attempts if attempt.is_live), None)

    def attempt(self, attempt_id: str) -> Attempt:
        """The attempt with this id."""
        return next(attempt for attempt in self.attempts if attempt.id == attempt_id)

    @property
    def was_dropped(self) -> bool:
        """A venue no longer had what it had confirmed: from then on it is wanted until it would begin."""
        return any(attempt.cause is Cause.VENUE_CANCELLED for attempt in self.attempts)

    def name(self, slug: str) -> str:
        """The venue as a guest knows it."""
        place = self.places.get(slug)
        return place.venue.name if place is not None else slug
