"""A booking that shall become another one: in place, or new before old."""

from __future__ import annotations

from datetime import date, time

import pytest

from farm.facts import Facts, Party
from farm.life import schedule
from farm.request import WantedSlot
from farm.status import BookingStatus
from ledger.errors import NotChangeable
from tasks.driving import drive
from tests.tasks.house import FIRST, SECOND, VENUES, kinds


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
