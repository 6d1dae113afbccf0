"""Three policies that people use today: at the same venues, with the same luck."""

from __future__ import annotations

from typing import Literal

from benchmarks.simulate.clicking import GUEST_S, SEARCH_S
from benchmarks.simulate.fate import DAYS_LEFT_S
from benchmarks.simulate.house import House, Record
from benchmarks.simulate.looking import CANCEL_S, LOOK_S
from benchmarks.simulate.told import Told
from benchmarks.simulate.world import Killed, World
from farm.errors import NotBooked, SlotLost, VenueDown
from farm.status import BookingStatus, VenueStatus

Policy = Literal["trust_the_page", "retry_on_time_out", "ask_once"]
POLICIES: tuple[Policy, ...] = ("trust_the_page", "retry_on_time_out", "ask_once")
WAITS_S = 30.0
CLICKS_A_VENUE = 3
REDELIVERED_S = 60.0
_FAILED = Told(BookingStatus.FAILED)
_UNAVAILABLE = Told(BookingStatus.UNAVAILABLE)


class Today:
    """One booking under one of them.

    - ``trust_the_page``: what says thank you is booked, anything else is not: on to the next venue.
    - ``retry_on_time_out``: the same, but where nothing came back it books there again.
    - ``ask_once``: looks once after the click: there, or given up.

    A queue gives the job of a worker that died to another one, which begins anew; ``ask_once`` looks first.
    """

    def __init__(self, policy: Policy, world: World) -> None:
        self._policy = policy
        self._world = world
        self._clicks = 0
        self._clicked_at: House | None = None

    def run(self) -> Told:
        """Book, and later do as the guest says."""
        world, told = self._world, None
        off_s = world.fate.called_off_s
        while told is None:
            try:
                told = self._book()
            except Killed:
                world.passes(REDELIVERED_S)
                told = self._asked() if self._policy == "ask_once" and self._clicked_at is not None else None
        if off_s is None or told.status in {BookingStatus.CANCELLED, BookingStatus.IN_DOUBT}:
            return told
        world.until(off_s)
        return self._called_off(told)

    def _is_called_off(self) -> bool:
        off_s = self._world.fate.called_off_s
        return off_s is not None and self._world.at_s >= off_s

    def _book(self) -> Told:
        for place in self._world.fate.wish.places:
            house = self._world.houses[place.venue.slug]
            for _ in range(CLICKS_A_VENUE if self._policy == "retry_on_time_out" else 1):
                if self._is_called_off():
                    return Told(BookingStatus.CANCELLED)
                told, again = self._try(house)
                if told is not None:
                    return told
                if not again:
                    break
        return _UNAVAILABLE

    def _try(self, house: House) -> tuple[Told | None, bool]:
        """One click at a venue: what the guest is told, or None; and whether nothing came back."""
        world = self._world
        try:
            self._prepare(house)
        except NotBooked:
            return None, False
        world.point()
        self._clicks += 1
        self._clicked_at = house
        answer = house.click(world.at_s, self._clicks)
        world.passes(WAITS_S if answer.took_s is None else answer.took_s)
        world.point()
        if answer.kind == "no":
            return None, False
        if self._policy == "ask_once":
            return self._asked(), False
        if answer.kind == "thanks":
            return Told(BookingStatus.CONFIRMED, house.slug, answer.reference), False
        return None, answer.took_s is None

    def _prepare(self, house: House) -> None:
        world = self._world
        world.point()
        world.passes(SEARCH_S)
        try:
            house.prepare(world.at_s)
        except SlotLost:
            world.passes(SEARCH_S)
            house.prepare(world.at_s)
        world.passes(GUEST_S)
        house.must_answer(world.at_s)

    def _asked(self) -> Told:
        house = self._clicked_at
        assert house is not None
        self._world.passes(LOOK_S)
        at_s = self._world.at_s
        try:
            records = house.look(at_s)
        except VenueDown:
            return _FAILED
        good = [r for r in records if r.status(at_s) is VenueStatus.CONFIRMED and not r.shifted]
        return Told(BookingStatus.CONFIRMED, house.slug, good[0].reference) if good else _FAILED

    def _called_off(self, told: Told) -> Told:
        """Cancel what the guest was told of, once; ``ask_once`` looks whether it is gone."""
        world = self._world
        if told.status is not BookingStatus.CONFIRMED or told.venue is None or world.at_s >= DAYS_LEFT_S:
            return Told(BookingStatus.CANCELLED)
        house = world.houses[told.venue]
        world.passes(CANCEL_S)
        try:
            for record in self._mine(house, told):
                house.cancel(world.at_s, record)
            if self._policy != "ask_once":
                return Told(BookingStatus.CANCELLED)
            world.passes(LOOK_S)
            gone = not any(record.stands(world.at_s) for record in house.look(world.at_s))
        except VenueDown:
            return Told(BookingStatus.IN_DOUBT)
        return Told(BookingStatus.CANCELLED if gone else BookingStatus.IN_DOUBT)

    def _mine(self, house: House, told: Told) -> list[Record]:
        at_s = self._world.at_s
        return [r for r in house.records if r.reference == told.reference and at_s >= r.shows_s and r.stands(at_s)]
