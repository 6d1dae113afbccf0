"""Cancels a booking: before the commit it stops the attempt, after it the venue's record must no longer have it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from farm import reading
from farm.errors import CancelUnproven, ContractBroken
from farm.registry import UnknownName
from farm.status import LIVE_STATES, AttemptState, BookingStatus, Cause
from farm.verdict import Verdict
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
from tasks.subject import OPEN_STATES, subject
from tasks.verify_flow import PATIENCE_S, SLOWEST_S
from tasks.working import LedgerJournal, bury_prepared, in_short, lease_on

log = logging.getLogger(__name__)

AGAIN_S = 2.0
FIRST_WAIT_S = 5.0
"""How long a cancellation that failed waits; then half of all the time since the wish, up to a minute."""


async def cancel(farm: Farm, booking_id: str) -> None:
    """Do what the guest's wish to cancel needs now.

    A booking that somebody works on is left alone: the guard sees the wish, and the wake-up comes again.
    """
    async with lease_on(farm, booking_id) as lease:
        if lease is None:
            await farm.ledger.wake(booking_id, "cancel", farm.clock() + timedelta(seconds=AGAIN_S))
            return
        booking = await farm.ledger.booking(booking_id)
        attempts = await farm.ledger.attempts(booking_id)
        live = next((attempt for attempt in attempts if attempt.state in LIVE_STATES), None)
        if live is None:
            await bury_prepared(farm, lease, attempts)
            await _cancel_unbooked(farm, lease, booking)
        elif live.state in OPEN_STATES - {AttemptState.PENDING_VENUE}:
            # the verdict comes first; whoever writes it wakes the cancellation
            wake = [NewWakeUp("cancel", farm.clock() + timedelta(seconds=AGAIN_S))]
            await farm.ledger.conclude(lease, done=["cancel"], wake=wake)
        else:
            await _AtVenue(farm, lease, booking, live).cancel()


async def _cancel_unbooked(farm: Farm, lease: Lease, booking: BookingRecord) -> None:
    if booking.status.settled:
        await farm.ledger.conclude(lease, done=["cancel"])
        return
    sentence = "Cancelled before anything was booked."
    await farm.ledger.conclude(
        lease,
        booking=BookingChange(status=BookingStatus.CANCELLED, cause=Cause.CANCEL_REQUESTED, sentence=sentence),
        events=[NewEvent("booking.cancelled", payload={"sentence": sentence})],
        done=["book", "verify", "cancel"],
    )


@dataclass(frozen=True)
class _AtVenue:
    """The cancellation of what stands at a venue."""

    farm: Farm
    lease: Lease
    booking: BookingRecord
    attempt: AttemptRecord

    async def cancel(self) -> None:
        """One try: press cancel and look, or look and find nothing left to cancel."""
        if self.booking.status is not BookingStatus.CANCELLING:
            await self.farm.ledger.conclude(
                self.lease,
                booking=BookingChange(status=BookingStatus.CANCELLING),
                events=[self._event("booking.cancelling")],
                done=["verify"],  # the cancellation does the looking now
            )
        journal = LedgerJournal(self.farm.ledger, self.booking.id, self.attempt.number, self.attempt.venue)
        try:
            about = subject(self.farm, self.booking, self.attempt)
            visits = self.farm.visits(about.ask.venue)
            proof = await reading.cancel(about.ask, about.lookup, about.measure, visits, journal)
        except (ContractBroken, UnknownName) as error:
            await self._unproven(journal, str(error))
        except CancelUnproven as error:
            await self._not_yet(journal, str(error))
        except Exception as error:  # noqa: BLE001 - a fault of our own is no word of the venue
            log.error("%s: the cancellation broke: %s", self.booking.id, in_short(error))  # noqa: TRY400
            await self._not_yet(journal, f"the cancellation broke: {in_short(error)}")
        else:
            await self._proven(journal, proof.verdict)

    async def _not_yet(self, journal: LedgerJournal, detail: str) -> None:
        """Try again later, unless we never can, or the guest has waited long enough for a person to take over."""
        venue = self.farm.registry.venue(self.attempt.venue)
        waited_s = (self.farm.clock() - (self.booking.cancel_requested_at or self.booking.created_at)).total_seconds()
        if self.farm.registry.manifest(venue).cancel is None or waited_s >= PATIENCE_S:
            await self._unproven(journal, detail)
            return
        wait_s = min(max(FIRST_WAIT_S, waited_s / 2), SLOWEST_S)
        await self.farm.ledger.conclude(
            self.lease,
            attempt=AttemptChange(id=self.attempt.id, stages=journal.taken(), looked=1),
            events=[self._event("attempt.note", text=f"the cancellation is tried again: {detail}")],
            done=["cancel"],
            wake=[NewWakeUp("cancel", self.farm.clock() + timedelta(seconds=wait_s))],
        )

    async def _proven(self, journal: LedgerJournal, verdict: Verdict) -> None:
        name = self.farm.registry.venue(self.attempt.venue).name
        await self.farm.ledger.conclude(
            self.lease,
            attempt=AttemptChange(
                id=self.attempt.id,
                state=AttemptState.CANCELLED,
                verdict=verdict,
                stages=journal.taken(),
                looked=1,
            ),
            booking=BookingChange(
                status=BookingStatus.CANCELLED,
                cause=Cause.CANCEL_REQUESTED,
                verdict=verdict,
                sentence=f"Cancelled at {name}; its own record no longer has the booking.",
            ),
            events=[self._event("booking.cancelled", channel=verdict.channel)],
            done=["book", "verify", "cancel"],
        )

    async def _unproven(self, journal: LedgerJournal, detail: str) -> None:
        is_open = self.attempt.state in OPEN_STATES
        await self.farm.ledger.conclude(
            self.lease,
            attempt=AttemptChange(
                id=self.attempt.id,
                state=AttemptState.NEEDS_HUMAN if is_open else UNSET,  # or a later look would overwrite this
                detail=detail,
                stages=journal.taken(),
                looked=1,
            ),
            booking=BookingChange(
                status=BookingStatus.IN_DOUBT,
                cause=Cause.CANCEL_UNPROVEN,
                sentence="The cancellation could not be proven at the venue: a person must look.",
            ),
            events=[self._event("booking.in_doubt", detail=detail)],
            done=["verify", "cancel"],
        )

    def _event(self, kind: str, **payload: str) -> NewEvent:
        return NewEvent(kind, self.attempt.number, self.attempt.venue, payload)
