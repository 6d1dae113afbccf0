"""One attempt of the farm at a simulated venue, as ``tasks/attempting.py`` and ``farm/booking.py`` make it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.simulate.house import Answer, House
from benchmarks.simulate.looking import LOOK_S, ours_at
from benchmarks.simulate.stock import PLACES, wanted
from benchmarks.simulate.world import LEASE_S, Killed
from farm.errors import NotBooked, SlotLost
from farm.facts import Claim
from farm.life.case import Attempt
from farm.life.happened import Clicked, Happening, NothingBooked, RecordAppeared
from farm.life.transition import Stage
from farm.life.work import Try
from farm.phases import Step
from farm.status import Cause
from ledger.records import Lease

if TYPE_CHECKING:
    from benchmarks.simulate.ours import Ours

SEARCH_S = 4.0
GUEST_S = 3.0
PAUSED_S = 0.9
"""A worker that stood still after its guard clicks at this part of its deadline; others may have its booking."""


def attempt(farm: Ours, lease: Lease, work: Try) -> Happening:
    """Begin the next attempt and bring it to the end of its click, or to the reason why there was none."""
    world, slug = farm.world, work.venue.slug
    begun = farm.memory.start_attempt(lease, slug, world.now, widened=work.widened)
    world.point()
    if begun.number <= world.fate.no_browser:
        world.hits.append("no_browser")
        return NothingBooked(begun.id, Cause.WORKER_LOST, "no visit could be opened", ours=True)
    house = world.houses[slug]
    try:
        _prepare(farm, house)
        for before in work.earlier:
            farm.passes(LOOK_S)
            if any(record.stands(world.at_s) for record in ours_at(farm, before)):
                return RecordAppeared(begun.id, before.id)
        world.point()
        deadline_s = PLACES[slug].manifest.commit.deadline_s
        until = world.now + timedelta(seconds=deadline_s)
        farm.memory.extend_lease(lease, world.now, LEASE_S)
        farm.memory.guard(lease, begun.id, wanted(slug, begun.number), until, world.now)
    except NotBooked as error:
        return NothingBooked(begun.id, error.cause, "")
    return _click(farm, house, begun, deadline_s)


def _prepare(farm: Ours, house: House) -> None:
    """Search, hold, enter the guest; a lost slot is searched for once more."""
    farm.passes(SEARCH_S)
    try:
        house.prepare(farm.world.at_s)
    except SlotLost:
        farm.passes(SEARCH_S)
        house.prepare(farm.world.at_s)
    farm.passes(GUEST_S)
    house.must_answer(farm.world.at_s)


def _click(farm: Ours, house: House, begun: Attempt, deadline_s: float) -> Clicked:
    world = farm.world
    try:
        world.point()
    except Killed:
        if world.fate.pauses:  # it only stands still: its click goes out late, and nothing of it is written any more
            world.hits.append("paused")
            house.click(world.at_s + deadline_s * PAUSED_S, begun.number)
        raise
    answer = house.click(world.at_s, begun.number)
    took_s = deadline_s if answer.took_s is None else answer.took_s
    farm.passes(took_s)
    world.point()
    return _closing(begun, answer, took_s)


def _closing(begun: Attempt, answer: Answer, took_s: float) -> Clicked:
    stages = (Stage(Step.SUBMIT, took_s),)
    if answer.kind == "thanks":
        return Clicked(begun.id, "claimed", answer.sent, Claim(reference=answer.reference), stages=stages)
    if answer.kind == "no":
        return Clicked(begun.id, "refused", answer.sent, cause=answer.cause, detail="refused", stages=stages)
    return Clicked(begun.id, "in_doubt", answer.sent, cause=Cause.OUTCOME_UNKNOWN, detail="unclear", stages=stages)
