"""What a booking lives through after its click, with a real ledger and the real core; only the houses are small."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from farm.facts import Facts, Party, Sighting, Slot
from farm.life import schedule
from farm.life.decision import NothingToResolve, NotNow
from farm.life.happened import Resolved
from farm.manifest import AccountRole, ChangeRule
from farm.request import WantedSlot
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus
from farm.verdict import Verdict
from ledger.errors import NotChangeable
from tasks.driving import drive
from tasks.resolving import resolve
from tests.tasks.house import VENUES, House

FIRST, SECOND = VENUES
CHANGE = ChangeRule(url="{origin}/la-mia-prenotazione/modifica", kind="document", deadline_s=10)


@pytest.fixture
def two(house_farm):
    """Two houses, each with a book of its own."""
    house_farm.house.elsewhere = {slug: House() for slug in VENUES}
    house_farm.declares(change=CHANGE)
    return house_farm


def kinds(events):
    return [event.kind for event in events]


async def cut():
    raise ConnectionError("cut")


class TestNoRecord:
    async def test_absent_only_after_two_looks_the_last_past_the_settle_time(self, two, clock):
        first = two.house.of(FIRST)
        first.at["submitted"] = cut
        first.hidden = True
        booking_id = await two.queue(*VENUES)
        began = clock.now
        booking = await two.serve(clock, booking_id, 14)
        assert booking.status is BookingStatus.VERIFYING, "submit deadline 10 s and settle time 5 s are not over"
        first.records.clear()
        booking = await two.serve(clock, booking_id, 60)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        absent, confirmed = await two.ledger.attempts(booking_id)
        assert (absent.state, absent.cause) == (AttemptState.ABSENT, Cause.RECORD_MISSING)
        assert confirmed.started_at >= began + timedelta(seconds=15)
        assert absent.read_backs >= 2
        assert "Trattoria Sole" in booking.sentence
        assert "because Osteria Luna said yes but kept no record" in booking.sentence

    async def test_a_record_that_comes_before_the_next_click_is_adopted(self, two, clock):
        first, second = two.house.of(FIRST), two.house.of(SECOND)
        first.at["submitted"] = cut
        first.hidden = True
        booking_id = await two.queue(*VENUES)

        async def shows_at_last():
            first.hidden = False

        second.at["enter_guest"] = shows_at_last
        booking = await two.serve(clock, booking_id, 120)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, FIRST)
        assert (len(first.standing), len(second.standing)) == (1, 0)
        states = [attempt.state for attempt in await two.ledger.attempts(booking_id)]
        assert states == [AttemptState.CONFIRMED, AttemptState.NOT_BOOKED]
        assert "attempt.adopted" in kinds(await two.ledger.events(booking_id))

    async def test_a_record_that_comes_after_the_next_confirmation_is_cancelled_and_proven(self, two, clock):
        first, second = two.house.of(FIRST), two.house.of(SECOND)
        first.at["submitted"] = cut
        first.hidden = True
        booking_id = await two.queue(*VENUES)
        booking = await two.serve(clock, booking_id, 120)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        first.hidden = False
        booking = await two.serve(clock, booking_id, 15 * 60)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        assert (len(first.standing), len(second.standing)) == (0, 1)
        assert "attempt.late_record_cancelled" in kinds(await two.ledger.events(booking_id))

    async def test_a_venue_without_look_up_never_falls_back_by_itself(self, two, clock):
        two.declares(read_back=())
        booking_id = await two.queue(*VENUES)
        booking = await two.serve(clock, booking_id, 7200)
        assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.OUTCOME_UNKNOWN)
        assert two.house.of(SECOND).clicks == 0

    async def test_a_refusal_outlives_its_worker(self, two, clock):
        first = two.house.of(FIRST)
        first.refusal = "Siamo spiacenti, questo tavolo non è più disponibile."

        async def dies():
            first.at.clear()
            raise KeyboardInterrupt

        first.at["read_back"] = dies
        booking_id = await two.queue(*VENUES)
        with pytest.raises(KeyboardInterrupt):
            await drive(two, booking_id, "book")
        (attempt,) = await two.ledger.attempts(booking_id)
        assert (attempt.state, attempt.cause) == (AttemptState.COMMITTING, Cause.SLOT_UNAVAILABLE)
        booking = await two.serve(clock, booking_id, 60)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        refused = (await two.ledger.attempts(booking_id))[0]
        assert (refused.state, refused.read_backs) == (AttemptState.REFUSED, 1)


class TestOtherRecords:
    async def shifted(self, farm, clock, **wish):
        first = farm.house.of(FIRST)

        async def writes_another_hour():
            (record,) = first.records
            later = Slot(starts_at=record.when.starts_at + timedelta(hours=1))
            first.records = [record.model_copy(update={"when": later})]

        first.at["submitted"] = writes_another_hour
        booking_id = await farm.queue(*VENUES, **wish)
        return booking_id, await farm.serve(clock, booking_id, 300)

    async def test_ask(self, two, clock):
        _, booking = await self.shifted(two, clock)
        assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.RECORD_MISMATCH)
        assert len(two.house.of(FIRST).standing) == 1

    async def test_cancel_and_fall_back(self, two, clock):
        booking_id, booking = await self.shifted(two, clock, on_mismatch="cancel_and_fall_back")
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        assert (len(two.house.of(FIRST).standing), len(two.house.of(SECOND).standing)) == (0, 1)
        first = (await two.ledger.attempts(booking_id))[0]
        assert (first.state, first.cause) == (AttemptState.CANCELLED, Cause.RECORD_MISMATCH)

    async def test_amend(self, two, clock):
        _, booking = await self.shifted(two, clock, on_mismatch="amend")
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, FIRST)
        (record,) = two.house.of(FIRST).standing
        assert record.when.starts_at.astimezone(two.registry.venue(FIRST).zone).hour == 20

    async def test_an_amendment_that_the_venue_refuses_for_long_goes_to_a_person(self, two, clock):
        async def refuses():
            raise ConnectionError("no")

        two.house.of(FIRST).at["change"] = refuses
        booking_id, _ = await self.shifted(two, clock, on_mismatch="amend")
        booking = await two.serve(clock, booking_id, schedule.PATIENCE_S + 120)
        assert (booking.status, booking.cause) == (BookingStatus.IN_DOUBT, Cause.RECORD_MISMATCH)

    async def test_of_two_records_one_is_kept_the_other_cancelled_and_proven(self, two, clock):
        first = two.house.of(FIRST)

        async def writes_twice():
            (record,) = first.records
            first.records.append(record.model_copy(update={"reference": "OL-9"}))

        first.at["submitted"] = writes_twice
        booking = await two.serve(clock, await two.queue(*VENUES), 60)
        assert (booking.status, booking.venue_reference) == (BookingStatus.CONFIRMED, "OL-1")
        assert [record.reference for record in first.standing] == ["OL-1"]

    async def test_a_place_that_was_sold_twice_confirms_nobody(self, two, clock):
        first = two.house.of(FIRST)
        two.declares(occupants=True)
        at = Slot(starts_at=_evening(two))
        first.others = [Sighting(reference="OL-77", when=at, resource="Tavolo 1", status=VenueStatus.CONFIRMED)]
        booking_id = await two.queue(*VENUES)
        booking = await two.serve(clock, booking_id, 30)
        assert booking.status is BookingStatus.PENDING_VENUE
        assert Verdict.model_validate_json(booking.verdict).kind == "contested"
        first.others = []
        booking = await two.serve(clock, booking_id, 1200)
        assert booking.status is BookingStatus.CONFIRMED


def _evening(farm):
    from datetime import datetime

    return datetime.combine(date(2029, 12, 4), time(20), farm.registry.venue(FIRST).zone)


class TestPending:
    async def pending(self, farm, clock, **wish):
        farm.house.of(FIRST).status = VenueStatus.PENDING
        booking_id = await farm.queue(*VENUES, **wish)
        booking = await farm.serve(clock, booking_id, 30)
        assert booking.status is BookingStatus.PENDING_VENUE
        return booking_id

    async def test_accepted(self, two, clock):
        booking_id = await self.pending(two, clock)
        two.house.of(FIRST).answers(VenueStatus.CONFIRMED)
        booking = await two.serve(clock, booking_id, 600)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, FIRST)

    async def test_declined(self, two, clock):
        booking_id = await self.pending(two, clock)
        two.house.of(FIRST).answers(VenueStatus.REJECTED)
        booking = await two.serve(clock, booking_id, 600)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        first = (await two.ledger.attempts(booking_id))[0]
        assert (first.state, first.cause) == (AttemptState.REFUSED, Cause.VENUE_DECLINED)
        assert "declined the request" in booking.sentence

    async def test_withdrawn_when_the_guest_waits_no_longer_and_proven(self, two, clock):
        booking_id = await self.pending(two, clock, pending_min=30)
        booking = await two.serve(clock, booking_id, 31 * 60)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        assert two.house.of(FIRST).standing == []
        first = (await two.ledger.attempts(booking_id))[0]
        assert (first.state, first.cause) == (AttemptState.CANCELLED, Cause.NOT_ANSWERED)

    async def test_past_the_guests_deadline_it_is_withdrawn_and_nothing_else_is_tried(self, two, clock):
        booking_id = await self.pending(two, clock, know_by=clock.now + timedelta(minutes=20))
        booking = await two.serve(clock, booking_id, 21 * 60)
        assert booking.status is BookingStatus.EXPIRED
        assert (two.house.of(FIRST).standing, two.house.of(SECOND).clicks) == ([], 0)


class TestRecheck:
    async def confirmed(self, farm, clock):
        booking_id = await farm.queue(*VENUES)
        booking = await farm.serve(clock, booking_id, 5)
        assert booking.status is BookingStatus.CONFIRMED
        return booking_id

    async def test_it_is_looked_at_by_its_plan(self, two, clock):
        booking_id = await self.confirmed(two, clock)
        looked = []
        began, starts = clock.now, _evening(two)
        while wake_ups := await two.ledger.wake_ups(booking_id):
            (wake_up,) = wake_ups
            looked.append(wake_up.due_at)
            clock.now = wake_up.due_at
            await drive(two, booking_id, wake_up.kind)
        confirmed_at = began - timedelta(seconds=5)
        assert looked == [
            confirmed_at + timedelta(minutes=10),
            starts - timedelta(hours=24),
            starts - timedelta(hours=2),
        ]

    async def test_what_the_venue_dropped_is_booked_elsewhere_and_the_guest_is_told(self, two, clock):
        booking_id = await self.confirmed(two, clock)
        two.house.of(FIRST).answers(VenueStatus.CANCELLED)
        booking = await two.serve(clock, booking_id, 700)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        assert "because Osteria Luna dropped the booking" in booking.sentence
        assert "booking.lost" in kinds(await two.ledger.events(booking_id))

    async def test_one_empty_look_drops_nothing(self, two, clock):
        booking_id = await self.confirmed(two, clock)
        first = two.house.of(FIRST)
        first.hidden = True
        clock.forward(600)
        await drive(two, booking_id, "recheck")
        assert (await two.ledger.booking(booking_id)).status is BookingStatus.CONFIRMED
        first.hidden = False
        booking = await two.serve(clock, booking_id, 60)
        assert (booking.status, booking.venue, two.house.of(SECOND).clicks) == (BookingStatus.CONFIRMED, FIRST, 0)


class TestChange:
    async def confirmed(self, farm, clock):
        booking_id = await farm.queue(*VENUES)
        assert (await farm.serve(clock, booking_id, 5)).status is BookingStatus.CONFIRMED
        return booking_id, (await farm.ledger.booking(booking_id)).wanted()

    @staticmethod
    def later(wish):
        at = WantedSlot(date=date(2029, 12, 4), earliest=time(21), latest=time(21), preferred=time(21))
        return wish.model_copy(update={"when": at, "party": Party(adults=3)})

    async def test_in_place_where_the_venue_has_a_way(self, two, clock):
        booking_id, wish = await self.confirmed(two, clock)
        await two.ledger.request_change(booking_id, self.later(wish))
        booking = await two.serve(clock, booking_id, 30)
        assert (booking.status, booking.venue_reference, booking.change) == (BookingStatus.CONFIRMED, "OL-1", None)
        (record,) = two.house.of(FIRST).standing
        assert record.party == Party(adults=3)
        assert record.when.starts_at.astimezone(two.registry.venue(FIRST).zone).hour == 21
        assert booking.wanted().party == Party(adults=3)
        (attempt,) = await two.ledger.attempts(booking_id)
        assert Facts.model_validate_json(attempt.expected or "").party == Party(adults=3)

    async def test_a_change_whose_answer_is_lost_is_found_and_not_done_twice(self, two, clock):
        booking_id, wish = await self.confirmed(two, clock)
        first = two.house.of(FIRST)
        changes: list[int] = []

        async def dies():
            if changes:
                first.at.pop("read_back")
                raise KeyboardInterrupt

        async def counted():
            changes.append(1)

        first.at |= {"read_back": dies, "change": counted}
        await two.ledger.request_change(booking_id, self.later(wish))
        with pytest.raises(KeyboardInterrupt):
            await drive(two, booking_id, "change")
        booking = await two.serve(clock, booking_id, 300)
        assert (booking.status, len(changes)) == (BookingStatus.CONFIRMED, 1)
        assert booking.wanted().party == Party(adults=3)

    async def test_what_the_venue_has_lost_is_not_changed_but_booked_elsewhere_as_wished(self, two, clock):
        booking_id, wish = await self.confirmed(two, clock)
        two.house.of(FIRST).records.clear()
        await two.ledger.request_change(booking_id, self.later(wish))
        booking = await two.serve(clock, booking_id, 300)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        assert two.house.of(SECOND).standing[0].party == Party(adults=3)
        assert "booking.lost" in kinds(await two.ledger.events(booking_id))

    async def test_a_change_that_never_comes_through_is_clicked_a_few_times_and_left_to_a_person(self, two, clock):
        booking_id, wish = await self.confirmed(two, clock)
        clicks: list[int] = []

        async def lost():
            clicks.append(1)
            raise ConnectionError("cut")

        two.house.of(FIRST).at["change"] = lost
        await two.ledger.request_change(booking_id, self.later(wish))
        booking = await two.serve(clock, booking_id, 2 * schedule.PATIENCE_S)
        assert booking.status is BookingStatus.IN_DOUBT
        assert 5 < len(clicks) < 12

    async def test_new_before_old_where_it_has_none(self, two, clock):
        two.declares(change=None)
        booking_id, wish = await self.confirmed(two, clock)
        await two.ledger.request_change(booking_id, self.later(wish))
        old = await two.serve(clock, booking_id, 1)
        assert old.status is BookingStatus.CONFIRMED, "the old one stands until the new one is confirmed"
        new = await two.serve(clock, old.replaced_by, 5)
        assert (new.status, new.replaces) == (BookingStatus.CONFIRMED, booking_id)
        assert len(two.house.of(FIRST).standing) == 2
        old = await two.serve(clock, booking_id, 30)
        assert old.status is BookingStatus.CANCELLED
        (record,) = two.house.of(FIRST).standing
        assert (record.reference, record.party) == (new.venue_reference, Party(adults=3))

    async def test_what_cannot_be_replaced_stays(self, two, clock):
        two.declares(change=None)
        booking_id, wish = await self.confirmed(two, clock)

        async def full():
            from farm.errors import NoAvailability

            raise NoAvailability

        for slug in VENUES:
            two.house.of(slug).at["search"] = full
        await two.ledger.request_change(booking_id, self.later(wish))
        old = await two.serve(clock, booking_id, 1)
        new = await two.serve(clock, old.replaced_by, 60)
        old = await two.serve(clock, booking_id, 60)
        assert (new.status, old.status) == (BookingStatus.UNAVAILABLE, BookingStatus.CONFIRMED)
        assert len(two.house.of(FIRST).standing) == 1

    async def test_before_anything_was_booked_the_wish_itself_changes(self, two, clock):
        booking_id = await two.queue(*VENUES)
        wish = (await two.ledger.booking(booking_id)).wanted()
        await two.ledger.request_change(booking_id, self.later(wish))
        await drive(two, booking_id, "change")
        booking = await two.serve(clock, booking_id, 5)
        assert booking.status is BookingStatus.CONFIRMED
        assert two.house.of(FIRST).standing[0].party == Party(adults=3)

    async def test_what_is_called_off_cannot_be_changed_and_its_successor_goes_with_it(self, two, clock):
        two.declares(change=None)
        booking_id, wish = await self.confirmed(two, clock)
        await two.ledger.request_change(booking_id, self.later(wish))
        old = await two.serve(clock, booking_id, 1)
        await two.ledger.request_cancel(booking_id)
        new = await two.serve(clock, old.replaced_by, 60)
        old = await two.serve(clock, booking_id, 60)
        assert (new.status, old.status) == (BookingStatus.CANCELLED, BookingStatus.CANCELLED)
        assert two.house.of(FIRST).standing == []
        with pytest.raises(NotChangeable, match="cancellation"):
            await two.ledger.request_change(booking_id, wish)


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
        assert [booking.id for booking in await two.ledger.waiting_for_a_person()] == [booking_id]
        booking = await resolve(two, booking_id, self.word(clock, "OL-1"))
        assert (booking.status, booking.venue_reference) == (BookingStatus.CONFIRMED, "OL-1")
        verdict = Verdict.model_validate_json(booking.verdict or "")
        assert (verdict.channel, verdict.reason) == ("person", "mara: called the desk")
        event = (await two.ledger.events(booking_id))[-1]
        assert (event.kind, event.payload["by"], event.at) == ("doubt.resolved", "mara", clock.now)
        assert await two.ledger.waiting_for_a_person() == []

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
        from farm.life.transition import Transition

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
