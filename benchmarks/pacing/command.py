"""`python -m benchmarks pacing`: one agreed rate, many processes, and the worst minute."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.arguments import positive
from benchmarks.pacing import asking, celery_rates
from benchmarks.pacing.departures import SECOND_NS, Agreed, figures, read
from profiles.pacing.rules import LATE_S, of_requests
from profiles.pacing.store import Store
from profiles.pacing.tokens import take
from tasks.machine.finding import Found
from tasks.machine.private_redis import PrivateRedis
from tasks.machine.redis import find_redis

PURPOSE = "one agreed rate shared by many processes: the worst minute, and how much of the rate is used"
HELP = """\
So many processes have a request ready at any time, and share one partner's agreed rate through a real Redis. Each
writes down when its requests really left, on the one clock of the machine. Beside it the same work with

  celery          a task with `rate_limit = "N/m"` on as many real workers
  celery_divided  the same with the rate divided by the number of workers, since each counts for itself
  pyrate_limiter  a bucket in Redis, with the burst and the minute as its two rates

The last line is JSON. Its first three figures are the farm's:

  worst_window   requests in the worst minute, however it is cut
  violations     requests that were one too many in the minute that ends with them
  utilisation    requests in the time of the run, by how many were agreed for it

The farm begins with its burst unused, its worst moment. Exit status 0: no violation, and at least 0.97 of the
rate used.
"""
LEAST_USED = 0.97
BEGINS_IN_S = 1.0
WORKERS_READY_S = 60.0
FEED_S = 0.1
WORKER = ["-P", "threads", "-c", "4", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    given = _parser().parse_args(arguments)
    found = find_redis({"PATH": os.environ["PATH"]})  # never the deployment's
    if not isinstance(found, Found):
        print(f"no Redis to start: {found}", file=sys.stderr)
        return 2
    said: dict[str, object] = {"agreed_per_min": given.per_min}
    baselines = {}
    with tempfile.TemporaryDirectory(prefix="rb-") as folder, PrivateRedis(found.path, Path(folder)) as server:
        for name, run in _runs(server, given).items():
            to = Path(folder) / name
            to.mkdir()
            agreed = run(to)
            baselines[name] = figures(read(to), agreed)
            print(f"{name}: {baselines[name]}", file=sys.stderr, flush=True)
    said |= baselines.pop("readback") | {"workers": given.workers, "seconds": given.seconds, **baselines}
    print(json.dumps(said))
    used = said["utilisation"]
    return 0 if said["violations"] == 0 and isinstance(used, float) and used >= LEAST_USED else 1


Run = Callable[[Path], Agreed]


def _runs(server: PrivateRedis, given: argparse.Namespace) -> dict[str, Run]:
    """Each candidate by its name: leaves its requests' times in a folder, and says what it was held to."""

    def asked(kind: str) -> Run:
        return lambda to: _ask(kind, server.url, given, to)

    def celery(per_worker: int) -> Run:
        return lambda to: _celery(server.broker_url, per_worker, given, to)

    runs = {"readback": asked("readback"), "pyrate_limiter": asked("pyrate_limiter")}
    runs["celery"] = celery(given.per_min)
    runs["celery_divided"] = celery(given.per_min // given.workers)
    return {name: run for name, run in runs.items() if name == "readback" or not given.alone}


def _agreed(given: argparse.Namespace, ready_s: float) -> Agreed:
    begins_ns = time.monotonic_ns() + int(ready_s * SECOND_NS)
    return Agreed(given.per_min, given.burst, given.seconds, begins_ns)


def _ask(kind: str, url: str, given: argparse.Namespace, to: Path) -> Agreed:
    if kind == "readback":
        asyncio.run(_begin_with_a_burst(url, _agreed(given, 0)))
    words = [kind, url, *_agreed(given, 0).words()]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", asking.__name__, str(to / str(n)), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(given.workers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == asking.READY
    agreed = _agreed(given, BEGINS_IN_S)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{agreed.begins_ns}\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=given.seconds + WORKERS_READY_S)
    return agreed


async def _begin_with_a_burst(url: str, agreed: Agreed) -> None:
    """The partner is known, and has not been asked for anything for so long that the whole burst is there."""
    store, rules = Store(url), of_requests(asking.terms(agreed), first=True)
    await take(store, asking.PARTNER, rules)
    await asyncio.sleep(LATE_S + rules[0].burst_us / 1e6)
    await store.close()


def _celery(broker: str, per_worker: int, given: argparse.Namespace, to: Path) -> Agreed:
    environ = os.environ | {"PACING_BROKER": broker, "PACING_RATE": f"{per_worker}/m", "PACING_TO": str(to)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", celery_rates.__name__, "worker", *WORKER, "-n", f"w{n}@here"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for n in range(given.workers)
    ]
    try:
        app = celery_rates.app
        app.conf.broker_url = broker
        ready_by = time.monotonic() + WORKERS_READY_S
        while len(app.control.ping(timeout=1.0)) < given.workers and time.monotonic() < ready_by:
            pass
        agreed = _agreed(given, 0)
        _feed(given)
    finally:
        for process in processes:
            process.kill()
            process.wait()
        app.control.purge()
    return agreed


def _feed(given: argparse.Namespace) -> None:
    """Twice as many messages as may leave, all the time: given at once, the first worker would hoard them."""
    nothing, ends_at, sent = threading.Event(), time.monotonic() + given.seconds, 0
    began_at = time.monotonic()
    while (now := time.monotonic()) < ends_at:
        for _ in range(int((now - began_at) * given.per_min / 30) - sent):
            celery_rates.request.apply_async()
            sent += 1
        nothing.wait(FEED_S)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks pacing", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=positive, default=8, metavar="N", help="processes (8)")
    parser.add_argument("--seconds", type=positive, default=60, metavar="N", help="for each candidate (60)")
    parser.add_argument("--per-min", type=positive, default=600, metavar="N", help="the agreed rate (600)")
    parser.add_argument("--burst", type=positive, default=10, metavar="N", help="of which so many at once (10)")
    parser.add_argument("--alone", action="store_true", help="without the others")
    return parser
