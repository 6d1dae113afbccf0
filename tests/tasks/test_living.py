"""What a booking lives through after its click, with a real ledger and the real core; only the houses are small."""

from __future__ import annotations

from datetime import timedelta

import pytest

from farm.facts import Sighting, Slot
from farm.life import schedule
from farm.manifest import Settle
from farm.status import AttemptState, BookingStatus, Cause, VenueStatus
from farm.verdict import Verdict
from tasks.driving import drive
from tests.tasks.house import FIRST, SECOND, VENUES, evening, kinds


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

    async def test_one_empty_look_is_not_enough_even_where_nothing_has_to_settle(self, two, clock):
        first = two.house.of(FIRST)
        two.declares(settle=Settle(settle_s=0, every_s=2))

        async def lies():
            first.records.clear()
            clock.forward(1)  # past whatever the click took: the record would have to be there

        first.at["submitted"] = lies
        booking_id = await two.queue(*VENUES)
        assert (await two.serve(clock, booking_id)).status is BookingStatus.VERIFYING
        (attempt,) = await two.ledger.attempts(booking_id)
        assert (attempt.state, attempt.read_backs) == (AttemptState.CLAIMED, 1)
        booking = await two.serve(clock, booking_id, 10)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)
        assert (await two.ledger.attempts(booking_id))[0].read_backs == 2

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
        at = Slot(starts_at=evening(two))
        first.others = [Sighting(reference="OL-77", when=at, resource="Tavolo 1", status=VenueStatus.CONFIRMED)]
        booking_id = await two.queue(*VENUES)
        booking = await two.serve(clock, booking_id, 30)
        assert booking.status is BookingStatus.PENDING_VENUE
        assert Verdict.model_validate_json(booking.verdict).kind == "contested"
        first.others = []
        booking = await two.serve(clock, booking_id, 1200)
        assert booking.status is BookingStatus.CONFIRMED


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
        began, starts = clock.now, evening(two)
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

    async def test_what_is_dropped_after_the_guests_deadline_is_booked_elsewhere_all_the_same(self, two, clock):
        booking_id = await two.queue(*VENUES, know_by=clock.now + timedelta(minutes=5))
        assert (await two.serve(clock, booking_id, 5)).status is BookingStatus.CONFIRMED
        two.house.of(FIRST).answers(VenueStatus.CANCELLED)
        booking = await two.serve(clock, booking_id, 700)
        assert (booking.status, booking.venue) == (BookingStatus.CONFIRMED, SECOND)

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
