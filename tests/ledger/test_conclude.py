"""One transition is written whole or not at all, and only along the table of transitions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from farm.facts import Claim
from farm.life.states import ATTEMPT, BOOKING, ENDED_WITHOUT, STILL_OPEN
from farm.life.transition import AttemptChange, BookingChange, NewEvent, NewWakeUp, Stage, Transition
from farm.status import LIVE_STATES, AttemptState, BookingStatus, Cause, VenueStatus, VerdictKind
from farm.verdict import Verdict
from ledger.engine import make_engine
from ledger.errors import AnotherAttemptLive, IllegalChange
from tests.ledger.lives import PROOF, attempt, claimed, guarded, prepared, queued


async def test_a_transition_writes_attempt_booking_events_and_wake_ups(ledger, clock):
    life = await guarded(ledger)
    soon = clock.now + timedelta(seconds=5)
    clock.forward(1)
    booking = await ledger.conclude(
        life.lease,
        Transition(
            attempts=[
                AttemptChange(
                    id=life.attempt.id,
                    state=AttemptState.CLAIMED,
                    claim=Claim(reference="L-1", link="/b/secret"),
                    sent="yes",
                    stages=(Stage("search", 0.25), Stage("submit", 1.5)),
                )
            ],
            booking=BookingChange(status=BookingStatus.VERIFYING, venue_reference="L-1"),
            events=[NewEvent("attempt.claimed", 1, "osteria_luna"), NewEvent("verify.planned", payload={"in_s": 4})],
            wake=[NewWakeUp("verify", soon)],
            done=["book"],
        ),
    )

    assert booking == await ledger.booking(life.id)
    assert (booking.status, booking.venue_reference) == (BookingStatus.VERIFYING, "L-1")
    assert (booking.updated_at, booking.settled_at) == (clock.now, None)
    (after,) = await ledger.attempts(life.id)
    assert (after.state, after.sent, after.closed_at) == (AttemptState.CLAIMED, "yes", None)
    assert Claim.model_validate_json(after.claim) == Claim(reference="L-1", link="/b/secret")
    assert after.stages == (Stage("search", 0.25), Stage("submit", 1.5))
    last = (await ledger.events(life.id, after=3))[-1]
    assert (last.number, last.kind, last.payload) == (5, "verify.planned", {"in_s": 4})
    assert [(w.kind, w.due_at) for w in await ledger.wake_ups(life.id)] == [("verify", soon)]


async def test_what_is_not_named_stays_and_none_clears(ledger):
    life = await claimed(ledger)
    change = BookingChange(cause=Cause.OUTCOME_UNKNOWN, sentence="We are looking.")
    await ledger.conclude(life.lease, Transition(booking=change))
    booking = await ledger.conclude(life.lease, Transition(booking=BookingChange(cause=None)))
    assert (booking.cause, booking.sentence, booking.venue) == (None, "We are looking.", "osteria_luna")
    assert booking.status is BookingStatus.VERIFYING


async def test_stages_and_read_backs_add_up(ledger):
    life = await claimed(ledger)
    for seconds in (0.5, 0.75):
        change = AttemptChange(id=life.attempt.id, stages=(Stage("read_back", seconds),), looked=1)
        await ledger.conclude(life.lease, Transition(attempts=[change]))
    (after,) = await ledger.attempts(life.id)
    assert after.stages == (Stage("read_back", 0.5), Stage("read_back", 0.75))
    assert after.read_backs == 2


async def test_confirmed_with_its_proof(ledger, clock):
    life = await claimed(ledger)
    booking = await ledger.conclude(
        life.lease,
        Transition(
            attempts=[AttemptChange(id=life.attempt.id, state=AttemptState.CONFIRMED, verdict=PROOF)],
            booking=BookingChange(status=BookingStatus.CONFIRMED, verdict=PROOF),
        ),
    )
    assert Verdict.model_validate_json(booking.verdict) == PROOF
    assert booking.settled_at == clock.now
    (after,) = await ledger.attempts(life.id)
    assert after.closed_at == clock.now


@pytest.mark.parametrize(
    "verdict",
    [
        None,
        PROOF.model_copy(update={"kind": VerdictKind.CONTESTED}),
        PROOF.model_copy(update={"kind": VerdictKind.UNVERIFIED}),
        PROOF.model_copy(update={"venue_status": VenueStatus.PENDING}),
    ],
)
async def test_nothing_else_confirms(ledger, verdict):
    life = await claimed(ledger)
    with pytest.raises(IllegalChange, match="verdict that proves"):
        await ledger.conclude(
            life.lease, Transition(booking=BookingChange(status=BookingStatus.CONFIRMED, verdict=verdict))
        )


async def test_the_database_itself_keeps_confirmed_without_a_verdict_out(ledger, ledger_url):
    booking_id = await queued(ledger)
    engine = make_engine(ledger_url)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE bookings SET status = 'confirmed' WHERE id = :id"), {"id": booking_id})
    engine.dispose()


async def test_an_illegal_change_names_both_states_and_writes_nothing(ledger):
    life = await prepared(ledger)
    before = (await ledger.booking(life.id), await ledger.attempts(life.id), await ledger.events(life.id))

    with pytest.raises(ValueError, match="attempting cannot become confirmed"):
        await ledger.conclude(
            life.lease,
            Transition(
                booking=BookingChange(status=BookingStatus.CONFIRMED, verdict=PROOF),
                events=[NewEvent("booking.confirmed")],
            ),
        )
    with pytest.raises(ValueError, match="prepared cannot become claimed"):
        await ledger.conclude(
            life.lease,
            Transition(
                attempts=[AttemptChange(id=life.attempt.id, state=AttemptState.CLAIMED)],
                booking=BookingChange(status=BookingStatus.VERIFYING),
                events=[NewEvent("attempt.claimed")],
                wake=[NewWakeUp("verify", before[0].created_at)],
                done=["book"],
            ),
        )
    with pytest.raises(IllegalChange, match="commit guard"):
        await ledger.conclude(
            life.lease, Transition(attempts=[AttemptChange(id=life.attempt.id, state=AttemptState.COMMITTING)])
        )
    with pytest.raises(IllegalChange, match="no such attempt"):
        await ledger.conclude(life.lease, Transition(attempts=[AttemptChange(id="at_of_another_booking")]))

    assert before == (
        await ledger.booking(life.id),
        await ledger.attempts(life.id),
        await ledger.events(life.id),
    )
    assert [w.kind for w in await ledger.wake_ups(life.id)] == ["book"]


@pytest.mark.parametrize("status", sorted(ENDED_WITHOUT))
async def test_a_booking_does_not_end_while_a_record_may_stand(ledger, status):
    life = await claimed(ledger)
    with pytest.raises(IllegalChange, match=f"become {status} while attempt {life.attempt.id} is live"):
        await ledger.conclude(life.lease, Transition(booking=BookingChange(status=status)))
    ended = await ledger.conclude(
        life.lease,
        Transition(
            attempts=[AttemptChange(id=life.attempt.id, state=AttemptState.ABSENT, cause=Cause.RECORD_MISSING)],
            booking=BookingChange(status=status, cause=Cause.RECORD_MISSING),
        ),
    )
    assert ended.settled_at is not None


@pytest.mark.parametrize("sent", ["yes", "unknown", None])
async def test_past_the_guard_not_booked_needs_a_gate_that_saw_nothing_leave(ledger, sent):
    life = await guarded(ledger)
    change = AttemptChange(id=life.attempt.id, state=AttemptState.NOT_BOOKED, sent=sent)
    with pytest.raises(IllegalChange, match="nothing was sent"):
        await ledger.conclude(life.lease, Transition(attempts=[change]))
    await ledger.conclude(
        life.lease, Transition(attempts=[AttemptChange(id=life.attempt.id, state=AttemptState.NOT_BOOKED, sent="no")])
    )


async def test_falling_back_starts_the_next_attempt(ledger):
    life = await prepared(ledger)
    await ledger.conclude(
        life.lease,
        Transition(
            attempts=[
                AttemptChange(
                    id=life.attempt.id, state=AttemptState.NOT_BOOKED, cause=Cause.SLOT_UNAVAILABLE, detail="full"
                )
            ],
        ),
    )
    second = await attempt(ledger, life.lease, "trattoria_nord")
    assert (second.number, second.our_reference[-2:]) == (2, "-2")
    booking = await ledger.booking(life.id)
    assert (booking.status, booking.venue) == (BookingStatus.ATTEMPTING, "trattoria_nord")


async def test_no_attempt_starts_at_a_booking_that_has_ended(ledger):
    life = await prepared(ledger)
    await ledger.conclude(
        life.lease,
        Transition(
            attempts=[AttemptChange(id=life.attempt.id, state=AttemptState.NOT_BOOKED)],
            booking=BookingChange(status=BookingStatus.UNAVAILABLE),
        ),
    )
    with pytest.raises(IllegalChange, match="unavailable cannot become attempting"):
        await attempt(ledger, life.lease)


async def test_a_late_surprise_beside_a_live_attempt_is_refused(ledger):
    life = await guarded(ledger)
    first = life.attempt.id
    await ledger.conclude(life.lease, Transition(attempts=[AttemptChange(id=first, state=AttemptState.ABSENT)]))
    second = await attempt(ledger, life.lease)
    await ledger.guard(life.lease, second.id, **life.last_page)
    with pytest.raises(AnotherAttemptLive):
        await ledger.conclude(life.lease, Transition(attempts=[AttemptChange(id=first, state=AttemptState.IN_DOUBT)]))


async def test_counts_say_where_bookings_and_attempts_stand(ledger):
    await queued(ledger)
    life = await claimed(ledger)
    change = BookingChange(status=BookingStatus.IN_DOUBT, cause=Cause.OUTCOME_UNKNOWN)
    await ledger.conclude(life.lease, Transition(booking=change))
    counts = await ledger.overview.counts()
    assert counts.by_status == {BookingStatus.QUEUED: 1, BookingStatus.IN_DOUBT: 1}
    assert counts.by_cause == {Cause.OUTCOME_UNKNOWN: 1}
    assert [(c.venue, c.state, c.attempts) for c in counts.by_venue] == [("osteria_luna", AttemptState.CLAIMED, 1)]


def test_every_state_has_its_row():
    assert set(BOOKING) == set(BookingStatus)
    assert set(ATTEMPT) == set(AttemptState)
    assert not set(ATTEMPT[AttemptState.PREPARED]) & (LIVE_STATES - {AttemptState.COMMITTING})
    assert AttemptState.NOT_BOOKED not in STILL_OPEN
