"""Cancels a booking: before the commit it stops the attempt, after it the venue's record must no longer have it."""

from __future__ import annotations

from datetime import timedelta

from farm import reading
from farm.errors import CancelUnproven, ContractBroken
from farm.registry import UnknownName
from farm.status import LIVE_STATES, AttemptState, BookingStatus, Cause
from farm.verdict import Verdict
from ledger.records import AttemptChange, AttemptRecord, BookingChange, BookingRecord, Lease, NewEvent, NewWakeUp
from tasks.runtime import Farm
from tasks.subject import OPEN_STATES, subject
from tasks.working import LedgerJournal, lease_on

AGAIN_S = 2.0


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
            await _cancel_unbooked(farm, lease, booking)
        elif live.state in OPEN_STATES - {AttemptState.PENDING_VENUE}:
            # the verdict comes first; whoever writes it wakes the cancellation
            wake = [NewWakeUp("cancel", farm.clock() + timedelta(seconds=AGAIN_S))]
            await farm.ledger.conclude(lease, done=["cancel"], wake=wake)
        else:
            await _cancel_at_venue(farm, lease, booking, live)


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


async def _cancel_at_venue(farm: Farm, lease: Lease, booking: BookingRecord, attempt: AttemptRecord) -> None:
    await farm.ledger.conclude(
        lease,
        booking=BookingChange(status=BookingStatus.CANCELLING),
        events=[NewEvent("booking.cancelling", attempt.number, attempt.venue)],
    )
    journal = LedgerJournal(farm.ledger, booking.id, attempt.number, attempt.venue)
    try:
        about = subject(farm, booking, attempt)
        visits = farm.visits(about.ask.venue)
        proof = await reading.cancel(about.ask, about.lookup, about.measure, visits, journal)
    except (CancelUnproven, ContractBroken, UnknownName) as error:
        await _unproven(farm, lease, attempt, journal, str(error))
        return
    await _proven(farm, lease, attempt, journal, proof.verdict)


async def _proven(farm: Farm, lease: Lease, attempt: AttemptRecord, journal: LedgerJournal, verdict: Verdict) -> None:
    name = farm.registry.venue(attempt.venue).name
    await farm.ledger.conclude(
        lease,
        attempt=AttemptChange(
            id=attempt.id, state=AttemptState.CANCELLED, verdict=verdict, stages=journal.taken(), looked=1
        ),
        booking=BookingChange(
            status=BookingStatus.CANCELLED,
            cause=Cause.CANCEL_REQUESTED,
            verdict=verdict,
            sentence=f"Cancelled at {name}; its own record no longer has the booking.",
        ),
        events=[NewEvent("booking.cancelled", attempt.number, attempt.venue, {"channel": verdict.channel})],
        done=["book", "verify", "cancel"],
    )


async def _unproven(farm: Farm, lease: Lease, attempt: AttemptRecord, journal: LedgerJournal, detail: str) -> None:
    await farm.ledger.conclude(
        lease,
        attempt=AttemptChange(id=attempt.id, detail=detail, stages=journal.taken(), looked=1),
        booking=BookingChange(
            status=BookingStatus.IN_DOUBT,
            cause=Cause.CANCEL_UNPROVEN,
            sentence="The cancellation could not be proven at the venue: a person must look.",
        ),
        events=[NewEvent("booking.in_doubt", attempt.number, attempt.venue, {"detail": detail})],
        done=["cancel"],
    )
