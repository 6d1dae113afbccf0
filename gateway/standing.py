"""How bookings stand, for whoever asks: the same words at every door, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from farm.life.awaiting import Waiting, awaited, knows_by
from farm.life.case import Case
from farm.life.sentence import awaited_in_words, sentence
from farm.registry import Registry
from farm.status import AttemptState, BookingStatus
from gateway.answers import BookingAnswer
from gateway.standing_answers import BookedAnswer, Standing, WaitsAnswer
from ledger.records import Around, BookingRecord
from ledger.store import Ledger
from tasks.known import known


async def answers_for(ledger: Ledger, there: Registry, bookings: Sequence[BookingRecord]) -> list[BookingAnswer]:
    """The answers for these bookings, in their order."""
    if not bookings:
        return []
    around = await ledger.overview.around([booking.id for booking in bookings])
    now = ledger.clock()
    return [_answer(there, booking, around[booking.id], now) for booking in bookings]


async def answer_for(ledger: Ledger, there: Registry, booking: BookingRecord) -> BookingAnswer:
    """The answer for one booking."""
    (answer,) = await answers_for(ledger, there, [booking])
    return answer


def _answer(there: Registry, booking: BookingRecord, around: Around, now: datetime) -> BookingAnswer:
    case = known(there, booking, around.attempts)
    due = {wake_up.kind: wake_up.due_at for wake_up in around.wake_ups}
    at_work = booking.lease_until is not None and booking.lease_until > now
    waits = awaited(case, due, now, at_work=at_work)
    standing = Standing(
        sentence=sentence(case, booking.sentence, waits, now),
        waits=_waits(case, waits) if waits is not None else None,
        know_by=knows_by(case).astimezone(UTC),
        booked=_booked(case),
    )
    return BookingAnswer.of(booking, around.attempts, standing)


def _waits(case: Case, waits: Waiting) -> WaitsAnswer:
    until = waits.until.astimezone(UTC) if waits.until is not None else None
    return WaitsAnswer(what=waits.what, until=until, sentence=awaited_in_words(case, waits))


def _booked(case: Case) -> BookedAnswer | None:
    """What is confirmed, and nothing else."""
    live = case.live
    if live is None or live.state is not AttemptState.CONFIRMED or live.expected is None:
        return None
    if case.status is not BookingStatus.CONFIRMED:
        return None
    place = case.places.get(live.venue)
    return BookedAnswer.of(live.expected, place.venue.zone if place is not None else None)
