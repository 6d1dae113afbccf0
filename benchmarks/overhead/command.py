"""`python -m benchmarks overhead`: the farm against a script by hand, and against a browser launched per booking."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.overhead import farm
from benchmarks.overhead.candidate import Candidate, CandidateFailed, Sample
from benchmarks.overhead.figures import figures, table_of_parts
from benchmarks.overhead.order import AT, COVERS, GUEST, PHONE, Order, nth_order
from benchmarks.overhead.timeline import timeline
from farm.identity import untagged
from fixtures.kit.process import TwinFailed, TwinProcess
from tasks.machine.finding import Found, Missing
from tasks.machine.private_redis import PrivateRedis, RedisNotStarted
from tasks.machine.redis import find_redis
from tools.environment import embedded

PURPOSE = "what the farm costs beside a script by hand and beside a browser per booking"
HELP = """\
One booking with its read-back, at a restaurant that runs beside it (its own CPU is not counted), three ways in turn:

  bare     Playwright by hand on one warm browser: a fresh context to book, another to look the booking up
  farm     accepted by the ledger, relayed, taken by a Celery worker, booked, read back, confirmed in the ledger
  launch   a plain Celery task that launches a browser and runs the script of `bare`

The farm visits as the partner's profile says, which leaves style sheets, fonts and pictures out; the other two load
them, as such scripts do. With --load-all the farm loads them too: what it costs without that saving.
Each booking has its own day and e-mail, and is compared with the restaurant's own database: a wrong one ends the run.
Wall is from the order handed in until its confirmation is known. CPU is user and system of the candidate's whole
process tree, ended processes included (on Linux; elsewhere what ended is not seen). The Redis counts for whoever
uses it. What the idle candidates burn meanwhile is in `idle_cpu_ms_per_s`.

Trust the ratios of one run, and those of CPU more: both are medians over the rounds, so that other work on the
machine hits all three alike. Progress goes to standard error; the last line on standard output is JSON.
"""
IDLE_S = 4.0
ZONE = ZoneInfo("Europe/Rome")


class WrongRecord(RuntimeError):
    """The restaurant's own database does not have what a candidate said."""


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks overhead",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--rounds", type=int, default=12, metavar="N", help="bookings of each; one more warms up (12)"
    )
    parser.add_argument("--load-all", action="store_true", help="the farm too loads style sheets, fonts and pictures")
    parser.add_argument("--profile", action="store_true", help="also CPU by process, and the farm's time by event")
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error("--rounds must be at least 1")
    try:
        with embedded(), tempfile.TemporaryDirectory(prefix="readback-bench-") as folder:
            print(json.dumps(_measure(Path(folder), given.rounds, load_all=given.load_all, profile=given.profile)))
    except (CandidateFailed, RedisNotStarted, TwinFailed, WrongRecord) as error:
        _say(f"failed: {error}")
        return 1
    return 0


def _measure(folder: Path, rounds: int, *, load_all: bool, profile: bool) -> dict[str, object]:
    with ExitStack() as stack:
        twin = stack.enter_context(TwinProcess.start("fixtures.osteria_luna", folder / "twin"))
        candidates = _started(stack, folder, twin, load_all=load_all)
        taken: list[dict[str, Sample]] = []
        for number in range(rounds + 1):
            one = _one_round(candidates, twin, number)
            said = "   ".join(f"{name} {s.wall_s:.2f} s ({s.cpu_s:.2f} s CPU)" for name, s in one.items())
            _say(f"round {number or 'of warming up'}: {said}")
            taken += [one] if number else []
        idle = _idle_ms_per_s(candidates)
        if profile:
            ledger_url = farm.settings(folder / "farm", twin.origin, "", load_all=load_all).ledger_url
            _say("\n".join([*table_of_parts(taken), *asyncio.run(timeline(ledger_url, rounds))]))
        return {**figures(taken, idle), "farm_loads_all": load_all}


def _started(stack: ExitStack, folder: Path, twin: TwinProcess, *, load_all: bool) -> list[Candidate]:
    found = find_redis()
    if isinstance(found, Missing):
        raise CandidateFailed(f"the benchmark needs a Redis of its own; {found.why}: {found.get}")
    assert isinstance(found, Found)
    redis = stack.enter_context(PrivateRedis(found.path, folder))
    broker, redis_pid = redis.broker_url, int(redis.pidfile.read_text())
    arguments: dict[str, tuple[list[str], list[int]]] = {
        "bare": ([twin.origin], []),
        "farm": ([twin.origin, str(folder / "farm"), broker, *(["load_all"] if load_all else [])], [redis_pid]),
        "launch": ([twin.origin], [redis_pid]),
    }
    candidates = []
    environ = {"CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": broker}
    for name, (words, also) in arguments.items():
        candidate = Candidate(name, words, folder / f"{name}.log", also, environ)
        candidates.append(stack.enter_context(candidate))
    for candidate in candidates:
        candidate.await_ready()
    return candidates


def _one_round(candidates: Sequence[Candidate], twin: TwinProcess, number: int) -> dict[str, Sample]:
    today = datetime.now(UTC).date()
    samples = {}
    for place, candidate in enumerate(candidates):
        order = nth_order(number * len(candidates) + place, today)
        code, samples[candidate.name] = candidate.book(order)
        _compare(twin, order, code, candidate.name)
    return samples


def _compare(twin: TwinProcess, order: Order, code: str, name: str) -> None:
    """The restaurant's own database must have this booking, once, as ordered."""
    records = [r for r in twin.records() if untagged(r.email) == order.email]
    seen = [(r.code, _local(r.starts_at), r.people, r.name, r.phone, r.status) for r in records]
    wanted = (code, (order.day, AT), COVERS, GUEST, PHONE, "confirmed")
    if seen != [wanted]:
        raise WrongRecord(f"{name} said {wanted}, the restaurant has {seen}")


def _local(moment: datetime) -> tuple[date, str]:
    here = moment.astimezone(ZONE)
    return here.date(), f"{here:%H:%M}"


def _idle_ms_per_s(candidates: Sequence[Candidate]) -> dict[str, float]:
    """What each burns while nobody wants anything of it."""
    before = {c.name: sum(c.cpu_s().values()) for c in candidates}
    time.sleep(IDLE_S)
    return {c.name: round(1000 * (sum(c.cpu_s().values()) - before[c.name]) / IDLE_S, 1) for c in candidates}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
