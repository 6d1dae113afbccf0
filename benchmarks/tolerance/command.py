"""`python -m benchmarks tolerance`: a hidden limit that moves, and who comes nearest to it without a challenge."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from statistics import mean

from benchmarks.tolerance.contenders import Contender, crawlee, fixed, learned
from benchmarks.tolerance.schedule import BOUNDS, LIMITS_PER_MIN, Schedule
from benchmarks.tolerance.twin import Book, RunningTwin

PURPOSE = "how near the farm comes to a hidden limit that moves, beside fixed rates and Crawlee's session pool"
HELP = f"""\
A twin (a real HTTP server on loopback) serves so many requests in any minute, and changes its mind three times:
{", ".join(map(str, LIMITS_PER_MIN))}. More is answered 429; who is refused 20 times within a minute is challenged,
and shut out for ten. The agreement says {BOUNDS.floor_per_min} to {BOUNDS.ceiling_per_min} a minute.
Nobody knows the limit.

  learned  the farm: four workers under farm.learning, on a real ledger (SQLite), with a pacer of a few lines
  fixed    four workers at the floor, at the mean of the limits, at the ceiling
  crawlee  Crawlee's HttpCrawler with its session pool, told the ceiling

Each has a twin of its own; the baselines run at the same time, after the farm. The clock is compressed: a minute of
the agreement takes --minute-s seconds of the wall. `share_of_best`: requests that were served, of those that somebody
who knows the limit would have been served. `reconverge_s`: after a shift, until a whole minute was served at 85 % of
the new limit; the mean of all shifts, in seconds of the agreement's clock. The last line is JSON.
"""
NEAR = 0.85


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks tolerance", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60, metavar="N", help="of each stretch (60)")
    parser.add_argument("--minute-s", type=float, default=2.0, metavar="S", help="that each of them takes here (2.0)")
    parser.add_argument("--only", choices=["learned"], help="leave the baselines out")
    given = parser.parse_args(arguments)
    if given.minutes < 2 or given.minute_s <= 0:
        parser.error("--minutes must be at least 2, and --minute-s more than 0")
    schedule = Schedule(given.minutes, given.minute_s)
    baselines: dict[str, Contender] = {
        "fixed_at_floor": fixed(BOUNDS.floor_per_min),
        "fixed_at_mean": fixed(mean(LIMITS_PER_MIN)),
        "fixed_at_ceiling": fixed(BOUNDS.ceiling_per_min),
        "crawlee_session_pool": crawlee,
    }
    if given.only is not None:
        baselines = {}
    ours = asyncio.run(_run("learned", learned, schedule))
    found = asyncio.run(_run_all(baselines, schedule))
    answer = {
        **ours,
        "shifts": len(LIMITS_PER_MIN) - 1,
        "baselines": found,
        "limits_per_min": LIMITS_PER_MIN,
        "agreed_per_min": [BOUNDS.floor_per_min, BOUNDS.ceiling_per_min],
        "stretch_min": given.minutes,
        "clock": f"compressed: a minute of the agreement took {given.minute_s:g} s",
    }
    print(json.dumps(answer))
    return 0


async def _run(name: str, contender: Contender, schedule: Schedule) -> dict[str, object]:
    with RunningTwin(schedule) as twin:
        await contender(twin.origin, schedule)
        found = judged(await twin.book(), schedule)
    print(f"{name:20} {found}", file=sys.stderr, flush=True)
    return found


async def _run_all(contenders: Mapping[str, Contender], schedule: Schedule) -> dict[str, dict[str, object]]:
    found = await asyncio.gather(*(_run(name, who, schedule) for name, who in contenders.items()))
    return dict(zip(contenders, found, strict=True))


def judged(book: Book, schedule: Schedule) -> dict[str, object]:
    """What the twin's own book says of a contender."""
    times = [reconverged_min(book.served_at_min, number, schedule) for number in range(1, len(LIMITS_PER_MIN))]
    known = [one for one in times if one is not None]
    return {
        "share_of_best": round(len(book.served_at_min) / schedule.best, 3),
        "challenges": book.challenges,
        "reconverge_s": round(60 * mean(known)) if len(known) == len(times) else None,
        "refused": book.answers.get("429", 0) + book.answers.get("403", 0),
    }


def reconverged_min(served_at_min: Sequence[float], number: int, schedule: Schedule) -> float | None:
    """How long after the shift to that stretch a minute began that was served near its limit; None: never."""
    begins, wanted = number * schedule.minutes, NEAR * LIMITS_PER_MIN[number]
    ends = begins + schedule.minutes
    for first in range(bisect_left(served_at_min, begins), len(served_at_min)):
        at = served_at_min[first]
        if at + 1 > ends:
            return None
        if bisect_left(served_at_min, at + 1) - first >= wanted:
            return at - begins
    return None
