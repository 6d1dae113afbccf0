"""One attempt at one venue, up to the end of its click."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from playwright.async_api import Error as PlaywrightError

from farm import booking as core
from farm import reading
from farm.errors import ContractBroken, NotBooked, SlotBusy
from farm.facts import Facts, Hold, Offer, Recap
from farm.identity import Reference
from farm.life.case import Attempt
from farm.life.happened import Clicked, Happening, NothingBooked, RecordAppeared
from farm.life.work import Try
from farm.status import Cause
from ledger.errors import SlotTaken
from ledger.records import AttemptRecord, Lease
from tasks.browser import NoBrowser
from tasks.crash_points import crash_point
from tasks.runtime import Farm
from tasks.subject import ask_for, subject
from tasks.witness import witnessed
from tasks.working import LedgerJournal

SLOT_WAIT_S = 20.0
SLOT_EVERY_S = 0.1
"""A slot that another booking of ours is committing on is free again when that click has ended."""


class NoTimeLeft(NotBooked):
    """The task would end before the last click has to: nothing was clicked."""

    default_cause = Cause.WORKER_LOST


class GuestKnowsBy(NotBooked):
    """The guest was to know by now, and may have gone elsewhere: nothing was clicked."""

    default_cause = Cause.NOT_ANSWERED


class EarlierRecord(NotBooked):
    """An earlier attempt has a record after all."""

    default_cause = Cause.OVERLAPPING_RESERVATION

    def __init__(self, attempt_id: str) -> None:
        super().__init__("an earlier attempt has a record after all")
        self.attempt_id = attempt_id


async def attempt(farm: Farm, lease: Lease, work: Try, click_by: datetime) -> Happening:
    """Begin the next attempt and bring it to the end of its click, or to the reason why there was none."""
    booking, venue = await farm.ledger.booking(lease.booking_id), work.venue
    begun = await farm.ledger.start_attempt(
        lease,
        venue.slug,
        lambda number: str(Reference(booking.code, number)),
        widened=work.widened,
        context=work.context,
    )
    await crash_point("after_start")
    journal = LedgerJournal(farm.ledger, lease, begun)
    guard = _Guard(farm, lease, begun, work, click_by, journal)
    try:
        async with witnessed(farm, ask_for(farm, begun, work.request), begun) as ask:
            closing = await core.book(ask, farm.visits(venue), journal, guard)
    except EarlierRecord as error:
        return RecordAppeared(begun.id, error.attempt_id, journal.taken())
    except (NotBooked, ContractBroken) as error:
        ours = error.cause is Cause.WORKER_LOST
        return NothingBooked(begun.id, error.cause, str(error), journal.taken(), ours)
    except (NoBrowser, PlaywrightError, TimeoutError) as error:
        # steps never raise these: the visit itself could not be opened, so nothing was even asked for
        detail = f"no visit could be opened: {type(error).__name__}"
        return NothingBooked(begun.id, Cause.WORKER_LOST, detail, journal.taken(), ours=True)
    await crash_point("after_submit")
    return Clicked(
        begun.id, closing.kind, closing.sent, closing.claim, closing.cause, closing.detail, journal.taken()
    )


@dataclass(frozen=True)
class _Guard:
    """The commit guard of one attempt (the core's port ``Guard``).

    Attributes:
        work: With the attempts whose record might have come late, and when the guest is to know.
        click_by: A click that could end later is not begun.
    """

    farm: Farm
    lease: Lease
    begun: AttemptRecord
    work: Try
    click_by: datetime
    journal: LedgerJournal

    async def ready(self, offer: Offer) -> None:
        for before in self.work.earlier:
            await self._must_have_no_record(before)
        if self.farm.permit is not None:
            await self.farm.permit.click()
        await self._take_slot(offer)
        await crash_point("before_guard")

    async def __call__(self, offer: Offer, hold: Hold, recap: Recap, wanted: Facts, until: datetime) -> None:
        if until > self.click_by:
            raise NoTimeLeft
        know_by = self.work.request.know_by
        if know_by is not None and self.farm.clock() >= know_by:
            raise GuestKnowsBy
        await self.farm.ledger.guard(
            self.lease,
            self.begun.id,
            offer=offer,
            hold=hold,
            recap=recap,
            expected=wanted,
            submit_deadline=until,
        )
        await crash_point("after_guard")

    async def _must_have_no_record(self, before: Attempt) -> None:
        """Adopt: a record of an earlier attempt that came late is looked for before every further click."""
        booking = await self.farm.ledger.booking(self.lease.booking_id)
        rows = await self.farm.ledger.attempts(self.lease.booking_id)
        about = subject(self.farm, booking, next(row for row in rows if row.id == before.id))
        look = await reading.look(
            about.ask, about.lookup, about.measure, self.farm.visits(about.ask.venue), self.journal
        )
        if any(sighting.stands for sighting in look.ours):
            raise EarlierRecord(before.id)

    async def _take_slot(self, offer: Offer) -> None:
        venue = self.farm.registry.venue(self.begun.venue)
        held_s = self.farm.registry.manifest(venue).commit.deadline_s + self.farm.settings.lease_s
        waited_until = asyncio.get_running_loop().time() + SLOT_WAIT_S
        while True:
            try:
                await self.farm.ledger.take_slot(self.lease, self.begun, offer, held_s)
            except SlotTaken:
                if asyncio.get_running_loop().time() >= waited_until:
                    raise SlotBusy from None
                await asyncio.sleep(SLOT_EVERY_S)
            else:
                return
