"""The life of one simulated booking, line by line: its luck, what the farm did, and what stands in the books."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from benchmarks.simulate.fate import DAYS_LEFT_S, Fortune, draw
from benchmarks.simulate.ours import Ours
from benchmarks.simulate.stock import BEGINS
from benchmarks.simulate.told import wrong
from benchmarks.simulate.world import World


def life_of(number: int, seed: int) -> Iterator[str]:
    """Draw all luck up to this booking again, and tell its life."""
    random = Random(seed)  # noqa: S311 - luck, not secrets
    fate = draw(random)
    for _ in range(number):
        fate = draw(random)
    world = World(fate)
    booking = Ours(world, history=True)
    told = booking.run()
    request = fate.wish.request
    yield f"wants {', '.join(request.venues)}; on a mismatch: {request.on_mismatch}; called off: {fate.called_off_s}"
    yield f"killed at {sorted(fate.kills)} of {world.points} points"
    for slug, fortune in fate.fortunes.items():
        yield f"  {slug}: {_unlike_the_usual(fortune)}"
    for at, event in booking.row.history:
        said = " ".join(f"{name}={value}" for name, value in event.payload.items())
        at_s = (at - BEGINS).total_seconds()
        yield f"{at_s:10.1f} {event.attempt or '-'} {event.venue or '-':5} {event.kind} {said}"
    for slug, house in world.houses.items():
        for record in house.records:
            yield f"in the book of {slug}: {record}, at last {record.status(DAYS_LEFT_S) or 'gone'}"
    yield f"told: {told.status} ({booking.row.cause}) {booking.row.sentence}"
    yield f"wrong: {', '.join(wrong(world, told)) or 'nothing'}"


def _unlike_the_usual(fortune: Fortune) -> str:
    usual = Fortune()
    names = (name for name in Fortune.__slots__ if getattr(fortune, name) != getattr(usual, name))
    return ", ".join(f"{name}={getattr(fortune, name)}" for name in names) or "nothing unusual"
