"""`python -m benchmarks truth`: kill anything at any moment; every request still ends once, with the truth."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.arguments import positive
from benchmarks.orphans import keep_orphans
from benchmarks.truth.course import Order, Outcome, run
from benchmarks.truth.judge import COUNTS, Course, confirmed, of_booking, unserved
from fixtures.kit.process import TwinFailed
from fixtures.pretix_shop.environment import PretixInstallError
from fixtures.pretix_shop.shop import ShopStartError
from tasks.embedded import NotStarted
from tasks.machine.private_redis import RedisNotStarted
from tools.environment import embedded

PURPOSE = "kills everything while bookings are made; the venues' own databases judge what became of them"
HELP = """\
The real farm (workers of both pools, two relays, Redis, SQLite or PostgreSQL, Chromium) books at three restaurants
that lie and at pretix, a real ticket shop, while a seeded storm kills processes, stops them, wipes Redis and restarts
the database. Then the venues' own databases are asked:

  feasible           accepted, a venue could serve it by what was set up, and nobody called it off
  confirmed          of those: confirmed, and the venue has exactly that
  false_confirmed    confirmed, and the venue's own database says otherwise
  double_booked      more than one record stands for one booking, or one for none
  lost               never came to an end, or ended as if it had not been called off
  orphan_holds       places that are kept for nobody, after every hold has had its own time
  unproven_cancels   the booking says that nothing stands, and a record of it does
  in_doubt_left      left to a person
  kills              signals that hit a process that lived
  faults_hit         how often each fault of the restaurants has struck

The last line is JSON. Exit status 0 means: every request came in time, a confirmation rate of 1.0, and 0 for
everything that is wrong.
"""
FAILURES = (NotStarted, PretixInstallError, RedisNotStarted, ShopStartError, TwinFailed)
INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    given = _parser().parse_args(arguments)
    if given.folder is not None and given.folder.exists() and any(given.folder.iterdir()):
        _say(f"failed: {given.folder} is not empty")
        return 2
    order = Order(given.bookings, given.seed, given.database, not given.no_pretix, given.minutes)
    keep_orphans()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was stopped must go on, or it never ends
    try:
        with embedded(), _folder(given.folder) as folder:
            outcome = run(order, folder, (lambda _: None) if given.quiet else _say)
    except FAILURES as error:
        _say(f"failed: {error}")
        return 1
    except KeyboardInterrupt:
        _say("stopped: everything that was started has ended")
        return INTERRUPTED
    for line in _told(outcome):
        _say(line)
    figures = figures_of(outcome)
    print(json.dumps(figures))
    wrong = any(figures[name] for name in (*COUNTS, "orphan_holds"))
    whole = len(outcome.courses) == given.bookings
    return 0 if whole and not wrong and figures["confirmation_rate"] == 1.0 else 1


def figures_of(outcome: Outcome) -> dict[str, object]:
    """The last line."""
    courses, faults = outcome.courses, Counter(fault.count for fault in outcome.faults)
    feasible, truly = sum(course.feasible for course in courses), confirmed(courses, outcome.faults)
    return {
        "accepted": len(courses),
        "feasible": feasible,
        "confirmed": truly,
        "confirmation_rate": round(truly / feasible, 4) if feasible else 0.0,
        "false_confirmed": faults["false_confirmed"],
        "double_booked": faults["double_booked"],
        "lost": faults["lost"],
        "orphan_holds": outcome.orphan_holds,
        "unproven_cancels": faults["unproven_cancels"],
        "in_doubt_left": faults["in_doubt_left"],
        "kills": sum(outcome.kills.values()),
        "faults_hit": dict(outcome.hits),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks truth", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bookings", type=positive, default=200, metavar="N", help="half as many kills (200)")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="of the demand and of the storm (7)")
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="of the ledger (sqlite)"
    )
    parser.add_argument("--no-pretix", action="store_true", help="restaurants only")
    parser.add_argument("--minutes", type=float, default=40.0, metavar="MAX", help="of the storm (40)")
    parser.add_argument(
        "--folder", type=Path, help="where everything lies, and stays (a folder that ends with the run)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named is not None:
        named.mkdir(parents=True, exist_ok=True)
        yield named.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="readback-truth-") as folder:
        yield Path(folder)


def _told(outcome: Outcome) -> Iterator[str]:
    """What happened, and what is wrong with what; no guest data."""
    yield "kills: " + (", ".join(f"{count} {what}" for what, count in outcome.kills.items()) or "none")
    statuses = Counter(str(course.booking.status) for course in outcome.courses)
    yield "bookings: " + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    by_id = {course.booking.id: course for course in outcome.courses}
    for planned in outcome.never_hit:
        yield f"set and never hit: {planned.trouble.fault} at {planned.venue} for {planned.match or planned.day}"
    for what, count in Counter(outcome.left).items():
        yield f"outlived the end of the farm: {count} {what}"
    for fault in outcome.faults:
        yield f"{fault.count}: {fault.booking_id} {fault.why}"
    for course in unserved(outcome.courses):
        yield f"not confirmed: {course.booking.id} is {course.booking.status}: {_tried(course)}"
    for booking_id, events in outcome.histories.items():
        course = by_id[booking_id]
        asked = (
            ", ".join(f"{planned.trouble.fault} at {planned.venue}" for planned in course.wish.faults) or "no fault"
        )
        yield f"\n{booking_id} (wish {course.wish.number}; {asked}; called off: {course.wish.calls_off})"
        for event in events:
            said = " ".join(f"{name}={value}" for name, value in event.payload.items())
            yield f"  {event.at:%H:%M:%S.%f} {event.attempt or '-'} {event.venue or '-':6} {event.kind} {said}"
        for record in of_booking(course.booking, outcome.records):
            yield f"  in the books: {record}{'' if record.stands else ', cancelled'}"


def _tried(course: Course) -> str:
    """Why each attempt did not make it, shortly; the histories of the first few say all."""
    tried = [
        f"{each.venue} {each.cause or each.state} {(each.detail or '')[:80]}".rstrip() for each in course.attempts
    ]
    return "; ".join(tried) or f"no attempt ({course.booking.cause})"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
