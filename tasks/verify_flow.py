"""Reads a booking back and writes down what the venue's record says. The only place that reports ``confirmed``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from farm import reading
from farm.booking import Ask
from farm.contract import Lookup
from farm.errors import ContractBroken
from farm.facts import Claim, Facts
from farm.identity import Reference, plant
from farm.phases import Step
from farm.reading import Look
from farm.registry import UnknownName
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Measure, Verdict
from ledger.records import (
    UNSET,
    AttemptChange,
    AttemptRecord,
    BookingChange,
    BookingRecord,
    Lease,
    NewEvent,
    NewWakeUp,
)
from tasks.runtime import Farm
from tasks.working import LedgerJournal, come_again, lease_on

PATIENCE_S = 30 * 60
"""How long a venue that gives no usable answer is asked again (Expedia Rapid: keep retrieving for half an hour)."""
SLOWEST_S = 60.0
OPEN_STATES = frozenset(
    {AttemptState.COMMITTING, AttemptState.CLAIMED, AttemptState.IN_DOUBT, AttemptState.PENDING_VENUE}
)
"""Past the commit, and the venue's record has not settled it yet."""


@dataclass(frozen=True)
class Subject:
    """The attempt whose record is looked for, with everything to look and to judge by."""

    booking: BookingRecord
    attempt: AttemptRecord
    ask: Ask
    lookup: Lookup
    measure: Measure


async def verify(farm: Farm, booking_id: str) -> None:
    """One look, as the relay asks for it."""
    async with lease_on(farm, booking_id) as lease:
        if lease is None:
            await come_again(farm, booking_id, "verify")
            return
        await look_once(farm, lease)


async def look_once(farm: Farm, lease: Lease, *, refused: bool = False) -> bool:
    """Look once at the record of the booking's live attempt, and write what follows.

    Args:
        farm: This process's farm.
        lease: On the booking.
        refused: The venue said no in known words: when there is no record, that closes the attempt at once.

    Returns:
        True when nothing stands at the venue and the booking goes on to the next one.
    """
    booking = await farm.ledger.booking(lease.booking_id)
    attempts = await farm.ledger.attempts(lease.booking_id)
    attempt = next((a for a in attempts if a.state in OPEN_STATES), None)
    if attempt is None:
        await farm.ledger.conclude(lease, done=["verify"])
        return False
    try:
        about = subject(farm, booking, attempt)
    except (ContractBroken, UnknownName) as error:
        await _cannot_look(farm, lease, attempt, str(error))
        return False
    journal = LedgerJournal(farm.ledger, booking.id, attempt.number, attempt.venue)
    look = await reading.look(about.ask, about.lookup, about.measure, farm.visits(about.ask.venue), journal)
    return await _Conclusion(farm, lease, about, look, journal, refused=refused).write()


async def _cannot_look(farm: Farm, lease: Lease, attempt: AttemptRecord, why: str) -> None:
    """The integration that could look is gone or broken: a person must, and the booking says so."""
    await farm.ledger.conclude(
        lease,
        attempt=AttemptChange(id=attempt.id, state=AttemptState.NEEDS_HUMAN, detail=why),
        booking=BookingChange(
            status=BookingStatus.IN_DOUBT,
            cause=Cause.CONTRACT_BROKEN,
            sentence="We cannot look the booking up at the venue now: a person must.",
        ),
        events=[NewEvent("booking.in_doubt", attempt.number, attempt.venue, {"detail": why})],
        done=["verify"],
    )


def subject(farm: Farm, booking: BookingRecord, attempt: AttemptRecord) -> Subject:
    """Everything that a look at an attempt's record needs.

    Raises:
        ContractBroken: The attempt never came to its guard, so there is nothing to compare with.
    """
    reference = Reference.found_in(attempt.our_reference)
    if attempt.expected is None or reference is None:
        raise ContractBroken(f"attempt {attempt.number} of {booking.id} has nothing to compare a record with")
    venue = farm.registry.venue(attempt.venue)
    manifest = farm.registry.manifest(venue)
    wanted = Facts.model_validate_json(attempt.expected)
    claim = Claim.model_validate_json(attempt.claim) if attempt.claim else Claim()
    planted = plant(booking.wanted(), reference, manifest.plants)
    lookup = Lookup(
        our_reference=str(reference),
        guest=planted.guest,
        when=wanted.when,
        reference=claim.reference,
        link=claim.link,
    )
    measure = Measure(booking.code, wanted, claim.reference, manifest.tolerance, venue.zone)
    ask = Ask(venue, manifest, farm.registry.script(venue), planted, farm.clock)
    return Subject(booking, attempt, ask, lookup, measure)


def _answered_at(attempt: AttemptRecord) -> datetime | None:
    """When the venue's page claimed the booking; None when it never did, and a request may still be on its way."""
    if attempt.claim is None or attempt.committed_at is None:
        return None
    clicked = [stage.seconds for stage in attempt.stages if stage.stage == Step.SUBMIT]
    return attempt.committed_at + timedelta(seconds=sum(clicked))


@dataclass(frozen=True)
class _Conclusion:
    """What one look means for the booking."""

    farm: Farm
    lease: Lease
    about: Subject
    look: Look
    journal: LedgerJournal
    refused: bool

    async def write(self) -> bool:
        verdict = self.look.verdict
        if verdict.proves:
            return await self._confirm(verdict)
        if verdict.kind is VerdictKind.MATCHED and verdict.venue_status is VenueStatus.PENDING:
            return await self._pending(verdict)
        if verdict.kind in {VerdictKind.MISMATCHED, VerdictKind.DUPLICATED, VerdictKind.MATCHED}:
            return await self._ask_human(verdict)
        now = self.farm.clock()
        absent = verdict.kind is VerdictKind.NOT_FOUND and (verdict.complete or self.look.ours)
        if absent and (self.refused or now >= self._settled_at()):
            return await self._absent(verdict)
        if now >= self._settled_at() + timedelta(seconds=PATIENCE_S):
            return await self._ask_human(verdict)
        return await self._look_again(verdict, now)

    def _settled_at(self) -> datetime:
        """From when on "no record" means that there will be none."""
        attempt, settle = self.about.attempt, self.about.ask.manifest.settle
        if attempt.sent == "no":
            return attempt.committed_at or self.farm.clock()
        ended = _answered_at(attempt) or attempt.submit_deadline or attempt.started_at
        return ended + timedelta(seconds=settle.settle_s)

    async def _confirm(self, verdict: Verdict) -> bool:
        venue = self.about.ask.venue
        await self._conclude(
            verdict,
            AttemptState.CONFIRMED,
            BookingChange(
                status=BookingStatus.CONFIRMED,
                cause=None,
                verdict=verdict,
                venue_reference=verdict.venue_reference,
                sentence=f"Confirmed at {venue.name}, reference {verdict.venue_reference or 'by name'}.",
            ),
        )
        return False

    async def _pending(self, verdict: Verdict) -> bool:
        again = self.farm.clock() + timedelta(seconds=SLOWEST_S)
        await self._conclude(
            verdict,
            AttemptState.PENDING_VENUE,
            BookingChange(
                status=BookingStatus.PENDING_VENUE,
                verdict=verdict,
                venue_reference=verdict.venue_reference,
                sentence=f"{self.about.ask.venue.name} has the request and has not answered yet.",
            ),
            again,
        )
        return False

    async def _ask_human(self, verdict: Verdict) -> bool:
        state = {
            VerdictKind.MISMATCHED: AttemptState.MISMATCHED,
            VerdictKind.DUPLICATED: AttemptState.DUPLICATED,
        }.get(verdict.kind, AttemptState.NEEDS_HUMAN)
        mismatched = state is AttemptState.MISMATCHED
        await self._conclude(
            verdict,
            state,
            BookingChange(
                status=BookingStatus.IN_DOUBT,
                cause=Cause.RECORD_MISMATCH if mismatched else Cause.OUTCOME_UNKNOWN,
                verdict=verdict,
                venue_reference=verdict.venue_reference,
                sentence=f"We cannot be sure of the booking at {self.about.ask.venue.name}: {verdict.reason}.",
            ),
        )
        return False

    async def _absent(self, verdict: Verdict) -> bool:
        """Nothing stands there: the attempt is closed, and the booking goes on (or stops, when it was cancelled)."""
        cause = self.about.attempt.cause if self.refused else Cause.RECORD_MISSING
        await self.farm.ledger.conclude(
            self.lease,
            attempt=AttemptChange(
                id=self.about.attempt.id,
                state=AttemptState.REFUSED if self.refused else AttemptState.ABSENT,
                cause=cause,
                detail=UNSET if self.refused else verdict.reason,
                verdict=verdict,
                stages=self.journal.taken(),
                looked=1,
            ),
            booking=BookingChange(status=BookingStatus.ATTEMPTING, venue=None, venue_reference=None),
            events=[self._event(verdict)],
            wake=[NewWakeUp("book", self.farm.clock())],
            done=["verify"],
        )
        return True

    async def _look_again(self, verdict: Verdict, now: datetime) -> bool:
        settle = self.about.ask.manifest.settle
        wait_s = min(settle.every_s * 1.5**self.about.attempt.read_backs, SLOWEST_S)
        at = now + timedelta(seconds=wait_s)
        if now < self._settled_at() < at:
            at = self._settled_at()
        state = AttemptState.IN_DOUBT if self.about.attempt.state is AttemptState.COMMITTING else None
        await self._conclude(verdict, state, BookingChange(status=BookingStatus.VERIFYING), at)
        return False

    async def _conclude(
        self,
        verdict: Verdict,
        state: AttemptState | None,
        booking: BookingChange,
        again: datetime | None = None,
    ) -> None:
        cancel = self.about.booking.cancel_requested_at is not None and again is None
        await self.farm.ledger.conclude(
            self.lease,
            attempt=AttemptChange(
                id=self.about.attempt.id,
                state=state or UNSET,
                verdict=verdict,
                stages=self.journal.taken(),
                looked=1,
            ),
            booking=booking,
            events=[self._event(verdict), *self._status_event(booking)],
            wake=[
                *([NewWakeUp("verify", again)] if again is not None else []),
                *([NewWakeUp("cancel", self.farm.clock())] if cancel else []),
            ],
            done=["verify"],
        )

    def _event(self, verdict: Verdict) -> NewEvent:
        attempt = self.about.attempt
        payload = {"channel": verdict.channel, "verdict": str(verdict.kind), "reason": verdict.reason or ""}
        return NewEvent("verify.looked", attempt.number, attempt.venue, payload)

    def _status_event(self, booking: BookingChange) -> list[NewEvent]:
        if booking.status in {UNSET, BookingStatus.VERIFYING}:
            return []
        attempt = self.about.attempt
        payload = {"venue_reference": self.look.verdict.venue_reference or ""}
        return [NewEvent(f"booking.{booking.status}", attempt.number, attempt.venue, payload)]
