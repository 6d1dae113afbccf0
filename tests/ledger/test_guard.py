"""The commit guard lets one attempt through, whoever races, and knows when its own commit broke."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from farm.errors import CancelledByGuest
from farm.facts import Facts, Offer
from farm.life.transition import NewEvent, Transition
from farm.status import AttemptState, BookingStatus
from ledger.engine import make_engine
from ledger.errors import AnotherAttemptLive, LeaseLost
from tests.ledger.lives import attempt, claimed, guarded, prepared, taken_over


async def test_the_guard_writes_down_what_a_later_reader_needs(ledger, clock):
    life = await prepared(ledger)
    await ledger.guard(life.lease, life.attempt.id, **life.last_page)

    (after,) = await ledger.attempts(life.id)
    assert (after.state, after.committed_at) == (AttemptState.COMMITTING, clock.now)
    assert Offer.model_validate_json(after.offer) == life.last_page["offer"]
    assert Facts.model_validate_json(after.expected) == life.last_page["expected"]
    assert after.submit_deadline == life.last_page["submit_deadline"]
    assert [event.kind for event in await ledger.events(life.id)] == [
        "booking.queued",
        "attempt.started",
        "attempt.guarded",
    ]


async def test_of_six_racers_one_becomes_live(ledger, others):
    doors = [ledger, *others]
    for _ in range(30):
        life = await prepared(ledger)
        racing = [life.attempt] + [await attempt(ledger, life.lease) for _ in others]
        answers = await asyncio.gather(
            *(door.guard(life.lease, racer.id, **life.last_page) for door, racer in zip(doors, racing, strict=True)),
            return_exceptions=True,
        )
        assert answers.count(None) == 1
        assert sum(isinstance(answer, AnotherAttemptLive) for answer in answers) == 5
        states = [one.state for one in await ledger.attempts(life.id)]
        assert sorted(states) == [AttemptState.COMMITTING] + [AttemptState.PREPARED] * 5
        assert len(await ledger.events(life.id)) == 8


async def test_the_database_itself_refuses_a_second_live_attempt(ledger, ledger_url):
    life = await guarded(ledger)
    second = await attempt(ledger, life.lease)
    engine = make_engine(ledger_url)
    for state in ("committing", "claimed", "in_doubt", "confirmed", "pending_venue", "needs_human"):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(
                text("UPDATE attempts SET state = :state WHERE id = :id"), {"state": state, "id": second.id}
            )
    engine.dispose()


async def test_a_guarded_attempt_is_not_guarded_again(ledger):
    life = await guarded(ledger)
    with pytest.raises(LeaseLost):
        await ledger.guard(life.lease, life.attempt.id, **life.last_page)
    life = await claimed(ledger)
    with pytest.raises(LeaseLost):
        await ledger.guard(life.lease, life.attempt.id, **life.last_page)


async def test_a_lease_that_ran_out_does_not_pass_even_if_nobody_took_it(ledger, clock):
    life = await prepared(ledger)
    clock.forward(30)
    with pytest.raises(LeaseLost):
        await ledger.guard(life.lease, life.attempt.id, **life.last_page)


async def test_a_new_worker_does_not_guard_the_attempt_of_the_old_one(ledger, clock):
    life = await prepared(ledger)
    new = await taken_over(ledger, clock, life)
    with pytest.raises(LeaseLost):
        await ledger.guard(new, life.attempt.id, **life.last_page)
    own = await attempt(ledger, new)
    await ledger.guard(new, own.id, **life.last_page)


async def test_the_guests_wish_to_cancel_comes_first(ledger):
    life = await prepared(ledger)
    await ledger.request_cancel(life.id)
    with pytest.raises(CancelledByGuest):
        await ledger.guard(life.lease, life.attempt.id, **life.last_page)
    (after,) = await ledger.attempts(life.id)
    assert after.state is AttemptState.PREPARED


async def test_a_wish_and_a_guard_at_once_leave_no_third_outcome(ledger, others):
    for _ in range(10):
        life = await prepared(ledger)
        answers: list[object] = await asyncio.gather(
            others[0].guard(life.lease, life.attempt.id, **life.last_page),
            others[1].request_cancel(life.id),
            return_exceptions=True,
        )
        passed = answers[0]
        assert passed is None or isinstance(passed, CancelledByGuest)
        (after,) = await ledger.attempts(life.id)
        assert (after.state is AttemptState.COMMITTING) == (passed is None)
        kinds = [event.kind for event in await ledger.events(life.id)]
        if passed is None:
            assert kinds.index("attempt.guarded") < kinds.index("booking.cancel_requested")


@pytest.fixture
def break_commit(ledger, monkeypatch):
    """The next commit loses its connection, before or after the database has written it."""

    def arm(*, landed):
        dialect = ledger._database._engine.dialect
        commit = dialect.do_commit

        def broken(connection):
            monkeypatch.setattr(dialect, "do_commit", commit)
            if landed:
                commit(connection)
            connection.dbapi_connection.close()
            commit(connection)

        monkeypatch.setattr(dialect, "do_commit", broken)

    return arm


@pytest.mark.parametrize("landed", [True, False])
async def test_a_broken_commit_is_looked_up_and_the_guard_stands_once(ledger, break_commit, landed):
    life = await prepared(ledger)
    break_commit(landed=landed)
    await ledger.guard(life.lease, life.attempt.id, **life.last_page)

    (after,) = await ledger.attempts(life.id)
    assert after.state is AttemptState.COMMITTING
    assert [event.number for event in await ledger.events(life.id)] == [1, 2, 3]


@pytest.mark.parametrize("landed", [True, False])
async def test_a_broken_commit_writes_a_transition_once(ledger, clock, break_commit, landed):
    life = await guarded(ledger)
    clock.forward(1)
    break_commit(landed=landed)
    booking = await ledger.conclude(life.lease, Transition(events=[NewEvent("attempt.step", 1, "osteria_luna")]))

    assert (booking.last_event, booking.status) == (4, BookingStatus.ATTEMPTING)
    assert [event.number for event in await ledger.events(life.id)] == [1, 2, 3, 4]


async def test_other_writes_report_a_broken_commit(ledger, break_commit):
    life = await prepared(ledger)
    break_commit(landed=False)
    with pytest.raises(DBAPIError):
        await ledger.note(life.id, "attempt.step")
    await ledger.note(life.id, "attempt.step")
    assert [event.number for event in await ledger.events(life.id)] == [1, 2, 3]
