"""What is done at a venue besides booking: look, cancel, change, give a hold back. What breaks happened too."""

from __future__ import annotations

import logging
from dataclasses import replace

from farm import reading
from farm.errors import CancelUnproven, ContractBroken
from farm.facts import Hold
from farm.life.case import Attempt
from farm.life.happened import Cancelled, CannotLook, Changed, GivenBack, Happening, Looked, NotCancelled
from farm.life.work import CancelAt, ChangeAt, GiveBack, LookAt
from farm.registry import UnknownName
from farm.status import VerdictKind
from farm.verdict import Verdict
from ledger.records import AttemptRecord, Lease
from tasks.crash_points import crash_point
from tasks.runtime import Farm
from tasks.shortly import in_short
from tasks.subject import Subject, ask_for, subject
from tasks.witness import witnessed
from tasks.working import LedgerJournal

log = logging.getLogger(__name__)


async def look_at(farm: Farm, lease: Lease, work: LookAt) -> Happening:
    """Look at the record of an attempt."""
    attempt = work.attempt
    row, journal = await _row(farm, lease, attempt)
    try:
        about = await _subject(farm, row)
        async with witnessed(farm, about.ask, row) as ask:
            look = await reading.look(ask, about.lookup, about.measure, farm.visits(ask.venue), journal)
    except (ContractBroken, UnknownName) as error:
        return CannotLook(attempt.id, work.why, str(error), journal.taken())
    except Exception as error:  # noqa: BLE001 - past the commit every error is a doubt, not only a script's
        return Looked(attempt.id, work.why, _broken(farm, lease, "look", error), journal.taken())
    await crash_point("after_look")
    return Looked(attempt.id, work.why, look.verdict, journal.taken())


async def cancel_at(farm: Farm, lease: Lease, work: CancelAt) -> Happening:
    """Cancel what stands of an attempt, and prove it."""
    attempt = work.attempt
    row, journal = await _row(farm, lease, attempt)
    await crash_point("before_cancel")
    try:
        about = await _subject(farm, row)
        async with witnessed(farm, about.ask, row) as ask:
            proof = await reading.cancel(
                ask, about.lookup, about.measure, farm.visits(ask.venue), journal, keep=work.keep
            )
    except (ContractBroken, UnknownName) as error:
        return NotCancelled(attempt.id, work.why, str(error), for_good=True, stages=journal.taken())
    except CancelUnproven as error:
        never = farm.registry.manifest(farm.registry.venue(attempt.venue)).cancel is None
        return NotCancelled(attempt.id, work.why, str(error), for_good=never, stages=journal.taken())
    except Exception as error:  # noqa: BLE001 - a fault of our own is no word of the venue
        said = _broken(farm, lease, "cancellation", error).reason or ""
        return NotCancelled(attempt.id, work.why, said, stages=journal.taken())
    await crash_point("after_cancel")
    return Cancelled(attempt.id, work.why, proof.verdict, journal.taken())


async def change_at(farm: Farm, lease: Lease, work: ChangeAt) -> Happening:
    """Change the record of an attempt in place, and prove it."""
    attempt = work.attempt
    row, journal = await _row(farm, lease, attempt)
    try:
        about = await _subject(farm, row, work)
        async with witnessed(farm, about.ask, row) as ask:
            change = await reading.change(ask, about.lookup, about.measure, farm.visits(ask.venue), journal)
    except (ContractBroken, UnknownName) as error:
        verdict = Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=farm.clock(), reason=str(error))
        return Changed(attempt.id, work.why, "unchanged", verdict, detail=str(error), stages=journal.taken())
    except Exception as error:  # noqa: BLE001 - a fault of our own is no word of the venue
        verdict = _broken(farm, lease, "change", error)
        return Changed(attempt.id, work.why, "unknown", verdict, detail=verdict.reason or "", stages=journal.taken())
    return Changed(
        attempt.id,
        work.why,
        change.kind,
        change.look.verdict,
        change.wanted,
        change.cause,
        change.detail,
        journal.taken(),
    )


async def give_back(farm: Farm, lease: Lease, work: GiveBack) -> Happening:
    """Give back the hold that an attempt without a booking has left."""
    attempt = work.attempt
    row, journal = await _row(farm, lease, attempt)
    booking = await farm.ledger.booking(lease.booking_id)
    try:
        hold = Hold.model_validate_json(row.hold or "")
        async with witnessed(farm, ask_for(farm, row, booking.wanted()), row) as ask:
            proven = await reading.give_back(ask, hold, farm.visits(ask.venue), journal)
    except Exception as error:  # noqa: BLE001 - the hold ends by itself, and the booking must go on
        await journal.note(_broken(farm, lease, "release", error).reason or "")
        proven = False
    return GivenBack(attempt.id, proven, journal.taken())


async def _row(farm: Farm, lease: Lease, attempt: Attempt) -> tuple[AttemptRecord, LedgerJournal]:
    rows = await farm.ledger.attempts(lease.booking_id)
    row = next(row for row in rows if row.id == attempt.id)
    return row, LedgerJournal(farm.ledger, lease, row)


async def _subject(farm: Farm, row: AttemptRecord, change: ChangeAt | None = None) -> Subject:
    booking = await farm.ledger.booking(row.booking_id)
    if change is None:
        return subject(farm, booking, row)
    about = subject(farm, booking, row, change.wish)
    if change.exactly is not None:
        return about
    # any time that the wish admits will do
    wanted = about.measure.wanted.model_copy(update={"when": None, "party": change.wish.party})
    return replace(about, measure=replace(about.measure, wanted=wanted))


def _broken(farm: Farm, lease: Lease, what: str, error: Exception) -> Verdict:
    """A fault of our own: its kind and place only, for its words may carry guest data."""
    said = in_short(error)
    log.error("%s: the %s broke: %s", lease.booking_id, what, said)
    return Verdict(kind=VerdictKind.IN_DOUBT, channel="none", at=farm.clock(), reason=f"the {what} broke: {said}")
