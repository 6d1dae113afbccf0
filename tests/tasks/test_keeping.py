"""What keeps a booking safe besides looks: a person's word, holds and slots, the sweep, the clock, accounts."""

from __future__ import annotations

from datetime import date, time

import pytest

from farm.life.decision import NothingToResolve, NotNow
from farm.life.happened import Resolved
from farm.life.transition import Transition
from farm.manifest import AccountRole
from farm.request import WantedSlot
from farm.status import AttemptState, BookingStatus, Cause
from farm.verdict import Verdict
from tasks.driving import drive
from tasks.resolving import resolve
from tests.tasks.house import FIRST, SECOND, VENUES


class TestPerson:
    async def doubt(self, farm, clock):
        farm.declares(read_back=())
        booking_id = await farm.queue(*VENUES)
        assert (await farm.serve(clock, booking_id, 5)).status is BookingStatus.IN_DOUBT
        return booking_id

    def word(self, clock, found=None):
        return Resolved(found=found, by="mara", reason="called the desk", at=clock.now)

    async def test_found(self, two, clock):
        booking_id = await self.doubt(two, clock)
        assert [booking.id for booking in await two.ledger.overview.waiting_for_a_person()] == [booking_id]
        booking = await resolve(two, booking_id, self.word(clock, "OL-1"))
        assert (booking.status, booking.venue_reference) == (BookingStatus.CONFIRMED, "OL-1")
        verdict = Verdict.model_validate_json(booking.verdict or "")
        assert (verdict.channel, verdict.reason) == ("person", "mara: called the desk")
        event = (await two.ledger.events(booking_id))[-1]
        assert (event.kind, event.payload["by"], event.at) == ("doubt.resolved", "mara", clock.now)
        assert await two.ledger.overview.waiting_for_a_person() == []

    async def test_absent_goes_on_but_not_while_a_click_may_be_on_its_way(self, two, clock):
        booking_id = await self.doubt(two, clock)
        with pytest.raises(NotNow):
            await resolve(two, booking_id, self.word(clock))
        clock.forward(20)
        booking = await resolve(two, booking_id, self.word(clock))
        assert booking.status is BookingStatus.ATTEMPTING
        assert [w.kind for w in await two.ledger.wake_ups(booking_id)] == ["book"]

    async def test_nothing_to_resolve(self, two, clock):
        booking_id = await two.queue()
        await two.serve(clock, booking_id, 5)
        with pytest.raises(NothingToResolve):
            await resolve(two, booking_id, self.word(clock))


class TestHoldsAndSlots:
    async def test_a_hold_that_a_dead_worker_left_is_given_back_before_the_next_attempt(self, two, clock):
        first = two.house.of(FIRST)
        first.binding = "firm"
        two.declares(release_shows=True)

        async def dies():
            first.at.clear()
            raise KeyboardInterrupt

        first.at["enter_guest"] = dies
        booking_id = await two.queue(*VENUES)
        with pytest.raises(KeyboardInterrupt):
            await drive(two, booking_id, "book")
        assert first.given_back == []
        booking = await two.serve(clock, booking_id, 60)
        assert booking.status is BookingStatus.CONFIRMED
        assert first.given_back == ["b1"]
        dead = (await two.ledger.attempts(booking_id))[0]
        assert (dead.state, dead.given_back) == (AttemptState.NOT_BOOKED, True)

    async def test_a_slot_that_another_booking_is_committing_on_is_waited_for(self, two, clock, monkeypatch):
        monkeypatch.setattr("tasks.attempting.SLOT_WAIT_S", 0.3)
        first, other = await two.queue(FIRST), await two.queue(FIRST)

        async def meanwhile():
            two.house.of(FIRST).at.clear()
            await drive(two, other, "book")

        two.house.of(FIRST).at["submit"] = meanwhile
        await drive(two, first, "book")
        (attempt,) = [a for a in await two.ledger.attempts(other) if a.number == 1]
        assert (attempt.state, attempt.cause) == (AttemptState.NOT_BOOKED, Cause.SLOT_BUSY)
        assert (await two.ledger.booking(first)).status is BookingStatus.CONFIRMED

    async def test_the_window_widens_only_as_far_as_the_request_lets_it(self, two, clock):
        from farm.errors import NoAvailability

        first, asked = two.house.of(FIRST), []

        async def full_at_first():
            asked.append(1)
            if len(asked) == 1:
                raise NoAvailability

        first.at["search"] = full_at_first
        wish = WantedSlot(date=date(2029, 12, 4), earliest=time(20), latest=time(20), widen_min=30)
        booking_id = await two.queue(FIRST, when=wish)
        booking = await two.serve(clock, booking_id, 60)
        assert booking.status is BookingStatus.CONFIRMED
        assert [a.widened for a in await two.ledger.attempts(booking_id)] == [False, True]
        first.at.clear()
        asked.clear()
        first.at["search"] = full_at_first
        narrow = await two.queue(FIRST, when=wish.model_copy(update={"widen_min": 0}))
        assert (await two.serve(clock, narrow, 60)).status is BookingStatus.UNAVAILABLE


class TestSweep:
    async def test_what_a_dead_worker_held_is_woken_when_its_lease_runs_out(self, two, clock):
        booking_id = await two.queue()
        dead = await two.ledger.take_lease(booking_id, "dead", 20)
        await two.ledger.due_wake_ups(10, 3600)
        assert await two.ledger.sweep() == []
        clock.forward(21)
        assert await two.ledger.sweep() == [booking_id]
        (wake_up,) = await two.ledger.wake_ups(booking_id)
        assert (wake_up.kind, wake_up.sent_at) == ("book", None)
        with pytest.raises(Exception, match="no longer ours"):
            await two.ledger.extend_lease(dead, 20)

    async def test_what_nothing_would_ever_wake_is_woken(self, two, clock):
        booking_id = await two.queue()
        lease = await two.ledger.take_lease(booking_id, "forgetful", 20)
        await two.ledger.conclude(lease, Transition(done=["book"]))
        await two.ledger.release_lease(lease)
        assert await two.ledger.wake_ups(booking_id) == []
        assert await two.ledger.sweep() == [booking_id]
        assert (await two.serve(clock, booking_id, 5)).status is BookingStatus.CONFIRMED


class TestClock:
    async def test_a_clock_that_jumps_between_guard_and_click_lets_nothing_out(self, two, clock):
        first = two.house.of(FIRST)

        async def jumps():
            clock.forward(3600)

        first.at["submit"] = jumps
        booking = await two.serve(clock, await two.queue(*VENUES), 120)
        assert (booking.status, booking.venue, first.clicks) == (BookingStatus.CONFIRMED, SECOND, 0)

    async def test_a_clock_that_jumps_back_only_delays(self, two, clock):
        booking_id = await two.queue(*VENUES)
        clock.forward(-3600)
        assert (await two.serve(clock, booking_id, 0)).status is BookingStatus.QUEUED
        assert (await two.serve(clock, booking_id, 3700)).status is BookingStatus.CONFIRMED


class TestMadeAccounts:
    async def test_the_guest_gets_an_account_that_any_worker_can_mint_again(self, two, clock, tmp_path):
        seen = []
        made = {"guest": AccountRole(kind="made")}
        channel = two.registry.manifest(two.registry.venue(FIRST)).read_back[0]
        two.declares(accounts=made, read_back=(channel.model_copy(update={"account": "guest"}),))

        async def looks():
            seen.append(two.house.of(FIRST).account)

        two.house.of(FIRST).at |= {"enter_guest": looks, "read_back": looks}
        booking = await two.serve(clock, await two.queue(FIRST), 30)
        assert booking.status is BookingStatus.CONFIRMED
        booked_as, read_as = seen
        assert booked_as == read_as
        assert booking.code.lower() in booked_as.user
        key = tmp_path / "account.key"
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.read_text() not in booked_as.secret.get_secret_value()
