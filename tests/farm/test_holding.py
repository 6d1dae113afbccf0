"""Before the last click: holds that run down, slots that are lost, pages that hang, and what is given back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from farm.errors import AccessRefused, RequestRefused, SlotLost, VenueDown
from farm.facts import Claim, Hold
from tests.farm.attempt import Script, World, ended, now


class House(Script):
    """A house that holds a table, each time for so long; ``None``: it was just sold.

    Attributes:
        did: Every step, in order.
    """

    def __init__(self, *lasts_s: float | None, world: World | None = None) -> None:
        super().__init__(self._click)
        self._lasts_s = list(lasts_s)
        self._world = world or World()
        self._ahead = timedelta()
        self.did: list[str] = []

    def clock(self):
        return now() + self._ahead

    def passes(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    async def booked(self, **more):
        return await ended(script=self, world=self._world, clock=self.clock, **more)

    async def search(self, visit, request):
        self.did.append("search")
        return await super().search(visit, request)

    async def hold(self, visit, offer):
        self.did.append("hold")
        lasts_s = self._lasts_s.pop(0)
        if lasts_s is None:
            raise SlotLost("just sold")
        return Hold(offer=offer, binding="firm", expires_at=self.clock() + timedelta(seconds=lasts_s))

    async def release(self, visit, hold):
        self.did.append("release")

    async def _click(self, visit):
        self._world.click()
        self.did.append("click")
        return Claim(reference="OL-1")


SOUGHT = ["search", "hold"]


async def test_a_hold_with_too_little_time_left_is_given_back_and_another_one_is_sought():
    house = House(10, 300)
    closing, _ = await house.booked()
    assert closing.kind == "claimed"
    assert house.did == [*SOUGHT, "release", *SOUGHT, "click"]


@pytest.mark.parametrize("sold", [None, 10])
async def test_a_slot_that_is_lost_is_sought_once_more_and_not_for_ever(sold):
    again = House(sold, 300)
    closing, _ = await again.booked()
    assert closing.kind == "claimed"
    never = House(sold, sold, 300)
    with pytest.raises(SlotLost):
        await never.booked()
    assert never.did.count("hold") == 2
    assert "click" not in never.did


async def test_a_hold_that_ran_down_while_the_guest_was_entered_is_not_clicked():
    class Slow(House):
        async def enter_guest(self, visit, hold, request):
            self.passes(290)
            return await super().enter_guest(visit, hold, request)

    house = Slow(300)
    with pytest.raises(SlotLost, match="too soon"):
        await house.booked()
    assert house.did == [*SOUGHT, "release"]


async def test_what_the_guard_does_not_let_through_is_given_back():
    def busy():
        raise SlotLost("somebody of ours books the same slot")

    house = House(300)
    with pytest.raises(SlotLost, match="somebody of ours"):
        await house.booked(at_guard=busy)
    assert house.did == [*SOUGHT, "release"]


async def test_a_page_that_hangs_before_the_commit_is_given_up_and_nothing_was_booked():
    class Hangs(House):
        async def enter_guest(self, visit, hold, request):
            await asyncio.Event().wait()

    house = Hangs(300)
    with pytest.raises(VenueDown, match="enter_guest: took longer than its deadline"):
        await house.booked(step_s=0.2)
    assert house.did == [*SOUGHT, "release"]


@pytest.mark.parametrize("answers", [True, False])
async def test_what_ended_the_visit_is_why_its_step_failed(answers):
    """Whether the step noticed or not; and nothing more goes there."""
    world = World()

    class Refused(House):
        async def enter_guest(self, visit, hold, request):
            world.poison = AccessRefused("429")
            if not answers:
                raise KeyError("Coperti")
            return await super().enter_guest(visit, hold, request)

    house = Refused(300, world=world)
    with pytest.raises(AccessRefused, match="429"):
        await house.booked()
    assert house.did == SOUGHT


async def test_what_the_manifest_needs_is_asked_for_before_any_visit():
    house = House(300)
    with pytest.raises(RequestRefused, match="needs service"):
        await house.booked(needs=("service",))
    assert house.did == []
