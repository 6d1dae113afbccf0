"""Drives one booking: route, attempt, guard, click, and the first look at the venue's record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from playwright.async_api import Error as PlaywrightError

from farm import booking as core
from farm.booking import Ask, Closing
from farm.errors import ContractBroken, NotBooked
from farm.facts import Facts, Hold, Offer, Recap
from farm.identity import Reference, plant
from farm.registry import UnknownName
from farm.request import Request
from farm.routing import Stop, Tried, next_step
from farm.status import LIVE_STATES, AttemptState, BookingStatus, Cause
from farm.venue import Venue
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
from tasks import verify_flow
from tasks.app import SOFT_LIMIT_S
from tasks.browser import NoBrowser
from tasks.runtime import Farm
from tasks.working import LedgerJournal, bury_prepared, come_again, lease_on

TO_BE_BOOKED = frozenset({BookingStatus.QUEUED, BookingStatus.ATTEMPTING})
ONE_TASK_S = 120
"""After so long a booking that is still to be booked goes back to the queue: a task has a hard limit."""
CLICK_BY_S = SOFT_LIMIT_S - 15
"""A click must have ended so long after the task began, or the task's limit could cut it; the rest is to wind up."""
AGAIN_S = 5.0
SLOWEST_S = 60.0
"""When another worker may try after a fault of our own; twice as long after each further one."""
NOT_KNOWN = "This farm, which read its folders when it started, cannot book it"
OUR_FAULT_S = 30 * 60
"""So long faults of our own are not held against a venue: time enough to repair a worker, or to replace it."""


class NoTimeLeft(NotBooked):
    """The task would end before the last click has to: nothing was clicked."""

    default_cause = Cause.WORKER_LOST


async def book(farm: Farm, booking_id: str) -> None:
    """Work on a booking until an attempt is past its commit and was looked at, or nothing is left to try."""
    async with lease_on(farm, booking_id) as lease:
        if lease is None:
            await come_again(farm, booking_id, "book")
            return
        began = farm.clock()
        while await _one_round(farm, lease, began + timedelta(seconds=CLICK_BY_S)):
            if farm.clock() >= began + timedelta(seconds=ONE_TASK_S):
                await farm.ledger.conclude(lease, done=["book"], wake=[NewWakeUp("book", farm.clock())])
                return


async def _one_round(farm: Farm, lease: Lease, click_by: datetime) -> bool:
    """One venue. True when the booking is still to be booked."""
    booking = await farm.ledger.booking(lease.booking_id)
    attempts = await farm.ledger.attempts(lease.booking_id)
    if any(attempt.state in LIVE_STATES for attempt in attempts):
        # an earlier worker got past its guard: only the venue's record can tell
        await farm.ledger.conclude(
            lease,
            wake=[NewWakeUp("verify", farm.clock())],
            done=["book"],
            booking=BookingChange(status=BookingStatus.VERIFYING) if booking.status in TO_BE_BOOKED else None,
        )
        return False
    if booking.status not in TO_BE_BOOKED:
        await farm.ledger.conclude(lease, done=["book"])
        return False
    if await bury_prepared(farm, lease, attempts):
        return True
    request = booking.wanted()
    try:
        candidates = farm.registry.candidates(request)
        step = next_step(request, candidates, _tried(farm, booking, request, attempts), farm.clock())
    except UnknownName as error:
        step = Stop(BookingStatus.FAILED, Cause.OFFER_UNAVAILABLE, f"{NOT_KNOWN}: {error}.")
    if isinstance(step, Stop):
        await _end(farm, lease, step)
        return False
    attempt = await farm.ledger.start_attempt(
        lease, step.venue.slug, lambda number: str(Reference(booking.code, number))
    )
    faults = sum(_is_our_fault(attempt) for attempt in attempts)
    return await _Attempt(farm, lease, booking, attempt, step.venue, request, click_by, faults).run()


@dataclass(frozen=True)
class _Attempt:
    """One attempt, and what becomes of it in the ledger.

    Attributes:
        click_by: A click that could end later is not begun.
        faults: How many attempts before it ended by a fault of our own.
    """

    farm: Farm
    lease: Lease
    booking: BookingRecord
    attempt: AttemptRecord
    venue: Venue
    request: Request
    click_by: datetime
    faults: int

    async def run(self) -> bool:
        """True when nothing was booked here and the booking goes on."""
        journal = LedgerJournal(self.farm.ledger, self.booking.id, self.attempt.number, self.venue.slug)
        try:
            ask = self._ask()
            visits = self.farm.visits(self.venue)
            closing = await core.book(ask, visits, journal, self._guard)
        except NoTimeLeft as error:
            await self._our_fault(str(error), journal)
            return False
        except (NotBooked, ContractBroken) as error:
            await self._not_booked(error.cause, str(error), journal)
            return True
        except (NoBrowser, PlaywrightError, TimeoutError) as error:
            # steps never raise these: the visit itself could not be opened, so nothing was even asked for
            await self._our_fault(f"no visit could be opened: {type(error).__name__}", journal)
            return False
        manifest = self.farm.registry.manifest(self.venue)
        wait_s = manifest.settle.first_look_s if closing.kind == "claimed" else 0.0
        await self._past_commit(closing, journal, wait_s)
        if wait_s:
            return False
        return await verify_flow.look_once(self.farm, self.lease, refused=closing.kind == "refused")

    def _ask(self) -> Ask:
        manifest = self.farm.registry.manifest(self.venue)
        reference = Reference.found_in(self.attempt.our_reference)
        assert reference is not None  # noqa: S101 - minted in this shape
        planted = plant(self.request, reference, manifest.plants)
        return Ask(self.venue, manifest, self.farm.registry.script(self.venue), planted, self.farm.clock)

    async def _guard(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
        if until > self.click_by:
            raise NoTimeLeft
        await self.farm.ledger.guard(
            self.lease,
            self.attempt.id,
            offer=offer,
            hold=hold,
            recap=recap,
            expected=wanted,
            submit_deadline=until,
        )

    async def _our_fault(self, why: str, journal: LedgerJournal) -> None:
        wait_s = min(AGAIN_S * 2 ** min(self.faults, 10), SLOWEST_S)
        await self._not_booked(Cause.WORKER_LOST, why, journal, self.farm.clock() + timedelta(seconds=wait_s))

    async def _not_booked(
        self, cause: Cause, detail: str, journal: LedgerJournal, again: datetime | None = None
    ) -> None:
        """Close the attempt; ``again``: the booking goes back to the queue until then."""
        await self.farm.ledger.conclude(
            self.lease,
            attempt=AttemptChange(
                id=self.attempt.id,
                state=AttemptState.NOT_BOOKED,
                cause=cause,
                detail=detail,
                stages=journal.taken(),
            ),
            events=[self._event("attempt.not_booked", cause=str(cause), detail=detail)],
            done=["book"] if again is not None else [],
            wake=[NewWakeUp("book", again)] if again is not None else [],
        )

    async def _past_commit(self, closing: Closing, journal: LedgerJournal, wait_s: float) -> None:
        """Write the end of the click; the wake-up stays until somebody has looked.

        The first look follows at once, unless the venue's record is known to need ``wait_s``; then it is the
        wake-up's. Otherwise the wake-up is for whoever comes after a worker that dies now.
        """
        claimed = closing.kind == "claimed"
        await self.farm.ledger.conclude(
            self.lease,
            attempt=AttemptChange(
                id=self.attempt.id,
                state=AttemptState.CLAIMED if claimed else AttemptState.IN_DOUBT,
                cause=UNSET if claimed else closing.cause,
                detail=closing.detail or UNSET,
                claim=closing.claim,
                sent=closing.sent,
                stages=journal.taken(),
            ),
            booking=BookingChange(status=BookingStatus.VERIFYING, venue=self.venue.slug),
            events=[self._event(f"attempt.{closing.kind}", sent=closing.sent, detail=closing.detail)],
            wake=[NewWakeUp("verify", self.farm.clock() + timedelta(seconds=wait_s or self.farm.settings.lease_s))],
            done=["book"],
        )

    def _event(self, kind: str, **payload: str) -> NewEvent:
        return NewEvent(kind, self.attempt.number, self.venue.slug, {k: v for k, v in payload.items() if v})


def _is_our_fault(attempt: AttemptRecord) -> bool:
    return attempt.cause is Cause.WORKER_LOST


def _tried(farm: Farm, booking: BookingRecord, request: Request, attempts: list[AttemptRecord]) -> list[Tried]:
    """What routing shall know; faults of our own only when they last too long, or longer than the guest waits."""
    row = list(takewhile(_is_our_fault, reversed(attempts)))  # since the last attempt that was not our fault
    lost_at = row[-1].started_at if row else farm.clock()
    are_pardoned = farm.clock() < min(filter(None, (lost_at + timedelta(seconds=OUR_FAULT_S), request.know_by)))
    tried = [
        Tried(
            venue=attempt.venue,
            partner=farm.registry.venue(attempt.venue).partner,
            cause=attempt.cause or Cause.OUTCOME_UNKNOWN,
            detail=attempt.detail or "",
        )
        for attempt in attempts
        if not (are_pardoned and _is_our_fault(attempt))
    ]
    if booking.cancel_requested_at is not None:
        tried.append(Tried(venue="", partner="", cause=Cause.CANCEL_REQUESTED))
    return tried


async def _end(farm: Farm, lease: Lease, stop: Stop) -> None:
    await farm.ledger.conclude(
        lease,
        booking=BookingChange(status=stop.status, cause=stop.cause, sentence=stop.sentence, venue=None),
        events=[NewEvent(f"booking.{stop.status}", payload={"cause": str(stop.cause), "sentence": stop.sentence})],
        done=["book", "cancel"],
    )
