"""Bookings in any stage of their life, made the way a worker makes them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from farm.facts import Claim, Facts, Guest, Hold, Offer, Party, Recap, Slot
from farm.life.transition import AttemptChange, BookingChange, NewEvent, Transition
from farm.request import Request, WantedSlot
from farm.status import AttemptState, BookingStatus, VenueStatus, VerdictKind
from farm.verdict import Verdict
from ledger.records import AttemptRecord, Lease
from ledger.store import Ledger

EVENING = datetime(2026, 12, 4, 19, tzinfo=UTC)
OFFER = Offer(when=Slot(starts_at=EVENING), key="t7")
PROOF = Verdict(kind=VerdictKind.MATCHED, channel="guest_page", at=EVENING, venue_status=VenueStatus.CONFIRMED)
_codes = itertools.count(1)


def request(**changes):
    wanted = WantedSlot.model_validate({"date": "2026-12-04", "earliest": "19:00", "latest": "21:00"})
    given: dict[str, Any] = {
        "guest": Guest(name="Ada Rossi", email="ada@example.com"),
        "party": Party(adults=2),
        "when": wanted,
        "venues": ("osteria_luna", "trattoria_nord"),
    }
    return Request(**(given | changes))


def code():
    return f"K{next(_codes):09}"


@dataclass
class Life:
    """A booking that one worker holds, with its newest attempt."""

    id: str
    lease: Lease
    attempt: AttemptRecord

    @property
    def last_page(self):
        """What the guard wants to know; each booking has a table of its own."""
        offer = OFFER.model_copy(update={"resource": self.id})
        return {
            "offer": offer,
            "hold": Hold(offer=offer, binding="none"),
            "recap": Recap(when=OFFER.when),
            "expected": Facts(when=OFFER.when, party=Party(adults=2)),
            "submit_deadline": EVENING,
        }


async def queued(ledger: Ledger, **changes: Any) -> str:
    return (await ledger.accept(request(**changes), code())).booking.id


async def attempt(ledger: Ledger, lease: Lease, venue: str = "osteria_luna") -> AttemptRecord:
    mark = lease.booking_id[-10:].upper()
    return await ledger.start_attempt(lease, venue, lambda number: f"RB-{mark}-{number}")


async def prepared(ledger: Ledger) -> Life:
    booking_id = await queued(ledger)
    lease = await ledger.take_lease(booking_id, "worker-1", 30)
    assert lease is not None
    return Life(booking_id, lease, await attempt(ledger, lease))


async def guarded(ledger: Ledger) -> Life:
    life = await prepared(ledger)
    await ledger.guard(life.lease, life.attempt.id, **life.last_page)
    return life


async def claimed(ledger: Ledger) -> Life:
    life = await guarded(ledger)
    await ledger.conclude(
        life.lease,
        Transition(
            attempts=[
                AttemptChange(
                    id=life.attempt.id, state=AttemptState.CLAIMED, claim=Claim(reference="L-1"), sent="yes"
                )
            ],
            booking=BookingChange(status=BookingStatus.VERIFYING),
            events=[NewEvent("attempt.claimed", 1, "osteria_luna")],
        ),
    )
    return life


async def taken_over(ledger: Ledger, clock, life: Life) -> Lease:
    """The worker of this life paused too long; another one has its booking now."""
    clock.now += timedelta(seconds=31)
    lease = await ledger.take_lease(life.id, "worker-2", 30)
    assert lease is not None
    return lease
