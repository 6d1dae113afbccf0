"""`python -m benchmarks simulate`: the farm's own protocol at venues that lie, beside what people do today."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from random import Random

from benchmarks.arguments import positive
from benchmarks.simulate.fate import draw
from benchmarks.simulate.ours import Ours
from benchmarks.simulate.today import POLICIES, Today
from benchmarks.simulate.told import Tally
from benchmarks.simulate.trace import life_of
from benchmarks.simulate.world import World

PURPOSE = "the farm's own protocol on a virtual clock at venues that lie, beside three policies that people use"
HELP = """\
The very `decide` and router that workers run book on a virtual clock, at simulated venues whose books are the truth:
thank-you pages without a record, replies that are lost before and after the click, late, shifted and doubled records,
refusals that are none, outages, tables sold twice, venues that answer hours later or drop a booking days later (the
last one three hours before dinner), and workers that die or stand still at any point. Three policies have the same
luck:

  trust_the_page     what says thank you is booked; anything else is not, and the next venue is tried
  retry_on_time_out  the same, but where nothing came back it books there again
  ask_once           looks once after the click: there, or given up
  readback           this farm

One JSON object per policy, this farm's last, with the words of `python -m benchmarks truth`, and:

  silent_failures    share of the accepted whose guest was told "confirmed" and has nothing, or something else
  bookings_per_s     per second of CPU, of this policy alone with its share of the drawing

Holds are not simulated: `orphan_holds` is always 0. Nor is what a venue drops in the last three hours, or writes
twice where its page can show one record only: nobody could know. Exit status 0 means that this farm had no silent
failure, booked nothing twice, lost nothing, and confirmed more than the others.
"""
OURS = "readback"
_NEVER = ("double_booked", "false_confirmed", "lost", "silent", "unproven_cancels")
SHOWN = 5


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    given = _parser().parse_args(arguments)
    if given.trace is not None:
        for told in life_of(given.trace, given.seed):
            print(told)
        return 0
    tallies, bad = simulate(given.bookings, given.seed)
    for number in bad[:SHOWN]:
        _say(f"wrong: booking {number} (--seed {given.seed} --trace {number} tells its life)")
    lines = [tally.line() for tally in tallies]
    for line in lines:
        print(json.dumps(line))
    _say(f"all four: {given.bookings / sum(tally.seconds for tally in tallies):,.0f} bookings/s")
    best = all(lines[-1]["confirmation_rate"] > line["confirmation_rate"] for line in lines[:-1])  # type: ignore[operator]
    return 0 if best and not any(tallies[-1].counts[name] for name in _NEVER) else 1


def simulate(bookings: int, seed: int) -> tuple[list[Tally], list[int]]:
    """Every policy's figures, ours last, and the numbers of our bookings with which something is wrong."""
    random, bad = Random(seed), []  # noqa: S311 - luck, not secrets
    today = [(policy, Tally(policy)) for policy in POLICIES]
    ours = Tally(OURS)
    for number in range(bookings):
        began = time.process_time()
        fate = draw(random)
        drawn_s = (time.process_time() - began) / (len(today) + 1)
        for policy, tally in today:
            began = time.process_time()
            world = World(fate)
            told = Today(policy, world).run()
            tally.add(world, told)
            tally.seconds += time.process_time() - began + drawn_s
        began = time.process_time()
        world = World(fate)
        booking = Ours(world)
        wrong = ours.add(world, booking.run())
        ours.counts["forgotten"] += len(booking.memory.forgotten)
        ours.seconds += time.process_time() - began + drawn_s
        if booking.memory.forgotten or any(name in wrong for name in _NEVER):
            bad.append(number)
    return [*(tally for _, tally in today), ours], bad


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks simulate", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bookings", type=positive, default=100_000, metavar="N", help="(100000)")
    parser.add_argument("--trace", type=int, metavar="NUMBER", help="tell the life of this booking instead")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of all luck (1)")
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
