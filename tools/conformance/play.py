"""One run: a fault is set, one request is queued and driven to its end, and the venue's own book is opened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from farm.facts import Guest, Offer, Slot
from farm.identity import mint_code, untagged
from farm.request import Request, WantedStay
from farm.status import BookingStatus, Cause
from fixtures.kit.truth import TwinRecord
from ledger.records import AttemptRecord, BookingRecord
from tasks.driving import drive
from tasks.runtime import Farm
from tools.conformance.by_hand import ByHand
from tools.conformance.cases import Case, Then
from tools.conformance.ground import Ground

RUN_S = 240.0
"""No run takes longer: two attempts with hanging pages, a read-back each, and the waits between them."""
STRANGER = Guest(name="Berta Blum", email="berta@example.net", phone="+43 1 5550123")
STANDING = frozenset({"confirmed", "pending"})


class RunFailed(Exception):
    """A run could not be played; the message is for the table."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        records: The guest's own records in the venue's database.
        hits: How often the fault struck.
        doubt: What the page after the click left open; None where it said yes or no.
    """

    booking: BookingRecord
    attempts: tuple[AttemptRecord, ...]
    records: tuple[TwinRecord, ...]
    commits: int
    hits: int
    wish: Request
    doubt: str | None = None

    @property
    def cause(self) -> Cause | None:
        """Why the booking is not confirmed, or its last attempt did not end in one."""
        return self.booking.cause or (self.attempts[-1].cause if self.attempts else None)


async def play(ground: Ground, case: Case) -> Outcome:
    """Play one case from an empty venue on."""
    ground.clear()
    if case.rival is not None:
        await _rival(ground, case.rival)
    ground.twin.set_fault(case.fault, case.times or None, None, None, case.step, None, **case.params)
    return await _run(ground, case)


async def good_run(ground: Ground, farm: Farm | None = None, wish: Request | None = None) -> Outcome:
    """A booking without any fault."""
    return await _run(ground, None, farm, wish)


async def _run(ground: Ground, case: Case | None, farm: Farm | None = None, wish: Request | None = None) -> Outcome:
    farm, wish, before = farm or ground.farm, wish or ground.wish(), ground.twin.arrivals("commit")
    booking_id = (await farm.ledger.accept(wish, mint_code())).booking.id
    then = case.then if case is not None else None
    waits = {BookingStatus.PENDING_VENUE} if then in {"accept", "decline"} else set()
    booking = await settle(farm, booking_id, {case.ends} if case is not None and then is None else waits)
    if then is not None and booking.status in (waits or {BookingStatus.CONFIRMED}):
        booking = await _go_on(ground, farm, booking_id, then)
    return Outcome(
        booking=booking,
        attempts=tuple(await farm.ledger.attempts(booking_id)),
        records=_own(ground, wish.guest.email),
        commits=ground.twin.arrivals("commit") - before,
        hits=ground.twin.fault_hits(case.fault) if case is not None else 0,
        wish=wish,
        doubt=await _doubt(farm, booking_id),
    )


async def _doubt(farm: Farm, booking_id: str) -> str | None:
    doubts = [event for event in await farm.ledger.events(booking_id) if event.kind == "attempt.in_doubt"]
    return doubts[-1].payload.get("detail") if doubts else None


async def cancel(ground: Ground, outcome: Outcome) -> Outcome:
    """The guest takes a booking back."""
    booking = await _go_on(ground, ground.farm, outcome.booking.id, "cancel")
    return replace(
        outcome,
        booking=booking,
        attempts=tuple(await ground.farm.ledger.attempts(booking.id)),
        records=_own(ground, outcome.wish.guest.email),
    )


async def _go_on(ground: Ground, farm: Farm, booking_id: str, then: Then) -> BookingRecord:
    """What happens to a booking that is confirmed, or that waits for the venue's answer."""
    if then in {"accept", "decline"}:
        await asyncio.to_thread(_answer, ground, "pending", then)
        (due,) = [one.due_at for one in await farm.ledger.wake_ups(booking_id) if one.kind == "verify"]
        ground.clock.ahead += max(due - farm.clock(), timedelta())
        return await settle(farm, booking_id, set())
    if then == "cancel":
        await farm.ledger.request_cancel(booking_id)
        await drive(farm, booking_id, "cancel")
        return await settle(farm, booking_id, set())
    await asyncio.to_thread(_answer, ground, "confirmed", "drop")
    ground.clock.ahead += timedelta(minutes=min(ground.manifest.recheck.after_min, default=10), seconds=1)
    await drive(farm, booking_id, "recheck")
    return await settle(farm, booking_id, set())


async def settle(farm: Farm, booking_id: str, or_at: set[BookingStatus]) -> BookingRecord:
    """Serve the booking's messages, each when it is due, until nobody needs to wait any longer.

    Args:
        farm: The worker.
        booking_id: The booking.
        or_at: Further statuses to stop at.
    """
    gives_up = time.monotonic() + RUN_S
    while time.monotonic() < gives_up:
        booking = await farm.ledger.booking(booking_id)
        if booking.status.settled or booking.status in or_at:
            return booking
        waiting = await farm.ledger.wake_ups(booking_id)
        if not waiting:
            return booking
        first = min(waiting, key=lambda wake_up: wake_up.due_at)
        wait_s = (first.due_at - farm.clock()).total_seconds()
        await asyncio.sleep(min(max(wait_s, 0), max(gives_up - time.monotonic(), 0)))
        await drive(farm, booking_id, first.kind)
    return await farm.ledger.booking(booking_id)


async def _rival(ground: Ground, who: Literal["stranger", "guest"]) -> None:
    """Somebody has what our guest will want: a stranger, or the guest without us."""
    theirs = ByHand.under(ground, planted=False)
    if who == "stranger":
        wish = theirs.ask.request.model_copy(update={"guest": STRANGER})
        theirs = replace(theirs, ask=replace(theirs.ask, request=wish))
    closing = await theirs.book()
    if not ground.twin.records():
        raise RunFailed(f"the rival's booking was not made: {closing.kind} {closing.detail}")


def _answer(ground: Ground, status: str, answer: str) -> None:
    """The venue's staff answer our guest now, and not when the venue's own time has come."""
    for record in _own(ground, ground.cases.request.guest.email):
        if record.status == status:
            ground.twin.answer(record.code, answer)


def _own(ground: Ground, email: str) -> tuple[TwinRecord, ...]:
    """A guest's records in the venue's book."""
    return tuple(one for one in ground.twin.records() if untagged(one.email) == email)


def differences(case: Case, outcome: Outcome) -> list[str]:
    """What is not as the case says, a sentence each; empty when all is well."""
    return [*_told_otherwise(case, outcome), *wrongs(outcome)]


def _told_otherwise(case: Case, outcome: Outcome) -> Iterator[str]:
    if not outcome.hits:
        yield f"the fault {case.fault} was set and never struck"
    if outcome.booking.status is not case.ends:
        detail = outcome.attempts[-1].detail if outcome.attempts else None
        why = " and ".join(dict.fromkeys(one for one in (outcome.doubt, detail) if one))
        yield f"the booking ended {outcome.booking.status}, not {case.ends}" + (f": {why}" if why else "")
    elif outcome.cause is not case.cause and case.ends is not BookingStatus.CONFIRMED:
        yield f"the cause is {outcome.cause or 'none'}, not {case.cause or 'none'}"
    if outcome.commits != case.commits:
        yield f"{outcome.commits} requests that commit reached the venue, not {case.commits}"
    found, due = (
        ", ".join(sorted(each)) or "nothing" for each in ([r.status for r in outcome.records], case.records)
    )
    if found != due:
        yield f"the venue's book has {found} of the guest, not {due}"


def wrongs(outcome: Outcome) -> Iterator[str]:
    """What no run may ever end with: a confirmation without its record, two records, a record of something else."""
    standing = [record for record in outcome.records if record.status in STANDING]
    if len(standing) > 1:
        yield f"a double booking: {len(standing)} records of one request stand in the venue's book"
    if outcome.booking.status is not BookingStatus.CONFIRMED:
        return
    ours = [record for record in standing if record.status == "confirmed"]
    if not ours:
        yield "a false confirmation: the venue's book has no confirmed record"
        return
    record, wish = ours[0], outcome.wish
    offer = Offer.model_validate_json(outcome.attempts[-1].offer or "")
    if not _is_when(record, offer, wish):
        yield f"a false confirmation: the record begins {record.starts_at.isoformat()}"
    if record.people not in {wish.party.units, wish.party.people}:  # tickets are people, rooms are not
        yield f"a false confirmation: the record is for {record.people}"
    if offer.resource is not None and record.resource.casefold() != offer.resource.casefold():
        yield f"a false confirmation: the record is on {record.resource!r}, and {offer.resource!r} was taken"
    if record.name.casefold() != wish.guest.name.casefold():
        yield "a false confirmation: the record has another name"


def _is_when(record: TwinRecord, offer: Offer, wish: Request) -> bool:
    if isinstance(wish.when, WantedStay):
        ends = record.ends_at.date() if record.ends_at else None
        return (record.starts_at.date(), ends) == (wish.when.check_in, wish.when.check_out)
    return isinstance(offer.when, Slot) and record.starts_at == offer.when.starts_at
