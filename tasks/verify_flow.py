"""Reads a booking back and writes down what the venue's record says. The only place that reports ``confirmed``."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from farm import reading
from farm.errors import ContractBroken
from farm.phases import Step
from farm.reading import Look
from farm.registry import UnknownName
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict
from ledger.records import (
    UNSET,
    AttemptChange,
    AttemptRecord,
    BookingChange,
    Lease,
    NewEvent,
    NewWakeUp,
)
from tasks.runtime import Farm
from tasks.subject import OPEN_STATES, Subject, subject
from tasks.working import LedgerJournal, come_again, in_short, lease_on

log = logging.getLogger(__name__)

PATIENCE_S = 30 * 60
"""How long a venue is asked again from its first look without a usable answer on, or from the first after one.

Source: Expedia Rapid, which has its partners keep retrieving for half an hour.
"""
SLOWEST_S = 60.0


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
    journal = LedgerJournal(farm.ledger, booking.id, attempt.number, attempt.venue)
    try:
        about = subject(farm, booking, attempt)
        look = await reading.look(about.ask, about.lookup, about.measure, farm.visits(about.ask.venue), journal)
    except (ContractBroken, UnknownName) as error:
        await _cannot_look(farm, lease, attempt, str(error))
        return False
    except Exception as error:  # noqa: BLE001 - past the commit every error is a doubt, not only a script's
        log.error("%s: the look at attempt %d broke: %s", booking.id, attempt.number, in_short(error))  # noqa: TRY400
        await _look_broke(farm, lease, attempt, in_short(error))
        return False
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


async def _look_broke(farm: Farm, lease: Lease, attempt: AttemptRecord, why: str) -> None:
    """A fault of our own kept us from looking: patience holds as for a venue that gives no usable answer."""
    now = farm.clock()
    verdict = Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=now, reason=f"the look broke: {why}")
    lasting = _lasting(verdict, attempt)
    if now >= lasting.at + timedelta(seconds=PATIENCE_S):
        await _cannot_look(farm, lease, attempt, verdict.reason or why)
        return
    await farm.ledger.conclude(
        lease,
        attempt=AttemptChange(id=attempt.id, verdict=lasting, looked=1),
        events=[_looked(attempt, verdict)],
        wake=[NewWakeUp("verify", now + timedelta(seconds=SLOWEST_S))],
        done=["verify"],
    )


def _denies(verdict: Verdict) -> bool:
    """True when the venue's record says that nothing of ours stands."""
    return verdict.kind is VerdictKind.NOT_FOUND and (verdict.complete or verdict.venue_status is not None)


def _is_doubt(verdict: Verdict) -> bool:
    """True when a look settled nothing: no answer, or a "nothing" of a channel that cannot deny."""
    return verdict.kind in {VerdictKind.NOT_FOUND, VerdictKind.IN_DOUBT} and not _denies(verdict)


def _lasting(verdict: Verdict, attempt: AttemptRecord) -> Verdict:
    """What the attempt keeps: the new verdict, but of a row of doubts the first, for it tells since when."""
    before = Verdict.model_validate_json(attempt.verdict) if attempt.verdict else None
    return before if before is not None and _is_doubt(before) and _is_doubt(verdict) else verdict


def _looked(attempt: AttemptRecord, verdict: Verdict) -> NewEvent:
    payload = {"channel": verdict.channel, "verdict": str(verdict.kind), "reason": verdict.reason or ""}
    return NewEvent("verify.looked", attempt.number, attempt.venue, payload)


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
        now = self.farm.clock()
        pending = verdict.kind is VerdictKind.MATCHED and verdict.venue_status is VenueStatus.PENDING
        if pending and not self._is_too_late(now):
            return await self._pending(verdict)
        if not (_denies(verdict) or _is_doubt(verdict)):
            return await self._ask_human(verdict)
        if _denies(verdict) and (self.refused or now >= self._settled_at()):
            return await self._absent(verdict)
        doubted_at = max(self._settled_at(), _lasting(verdict, self.about.attempt).at)
        if _is_doubt(verdict) and now >= doubted_at + timedelta(seconds=PATIENCE_S):
            return await self._ask_human(verdict)
        return await self._look_again(verdict, now)

    def _is_too_late(self, now: datetime) -> bool:
        """True when the guest does not wait any longer for a venue that has not answered."""
        request = self.about.ask.request
        past = request.know_by is not None and now >= request.know_by
        return past or request.when.starts_before(now, self.about.ask.venue.zone)

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
        tells = not _is_doubt(verdict) or self.about.booking.verdict is None
        said = verdict.reason or f"its record says {verdict.venue_status}"
        await self._conclude(
            verdict,
            state,
            BookingChange(
                status=BookingStatus.IN_DOUBT,
                cause=Cause.RECORD_MISMATCH if mismatched else Cause.OUTCOME_UNKNOWN,
                verdict=verdict if tells else UNSET,
                venue_reference=verdict.venue_reference if tells else UNSET,
                sentence=f"We cannot be sure of the booking at {self.about.ask.venue.name}: {said}.",
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
            booking=BookingChange(status=BookingStatus.ATTEMPTING, venue=None, venue_reference=None, verdict=None),
            events=[_looked(self.about.attempt, verdict)],
            wake=[NewWakeUp("book", self.farm.clock())],
            done=["verify"],
        )
        return True

    async def _look_again(self, verdict: Verdict, now: datetime) -> bool:
        settle = self.about.ask.manifest.settle
        wait_s = min(settle.every_s * 1.5 ** min(self.about.attempt.read_backs, 20), SLOWEST_S)
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
                verdict=_lasting(verdict, self.about.attempt),
                stages=self.journal.taken(),
                looked=1,
            ),
            booking=booking,
            events=[_looked(self.about.attempt, verdict), *self._status_event(booking)],
            wake=[
                *([NewWakeUp("verify", again)] if again is not None else []),
                *([NewWakeUp("cancel", self.farm.clock())] if cancel else []),
            ],
            done=["verify"],
        )

    def _status_event(self, booking: BookingChange) -> list[NewEvent]:
        if booking.status in {UNSET, BookingStatus.VERIFYING}:
            return []
        attempt = self.about.attempt
        payload = {"venue_reference": self.look.verdict.venue_reference or ""}
        return [NewEvent(f"booking.{booking.status}", attempt.number, attempt.venue, payload)]
