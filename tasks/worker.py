"""One worker process (or pool of them), as ``readback worker`` and the embedded farm start it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from celery.signals import worker_process_shutdown, worker_ready, worker_shutdown

from tasks.app import app
from tasks.parent import end_with_parent
from tasks.queues import BOOKING_QUEUES, QUEUES
from tasks.runtime import runtime, stop_runtime

POOLS = ("prefork", "threads")
"""gevent, eventlet and async pools are refused: Playwright needs its own loop on its own thread."""
TASKS_PER_CHILD = 150


def work(queues: Sequence[str], pool: str, concurrency: int, ready_file: Path | None = None) -> None:
    """Serve queues until SIGTERM; what is past its commit then still ends.

    Args:
        queues: Of ``QUEUES``.
        pool: ``prefork``: one visit per process, a kill costs one doubt. ``threads``: many visits on one browser.
        concurrency: Visits at once.
        ready_file: Touched once the worker consumes.

    Raises:
        ValueError: An unknown queue or pool.
    """
    unknown = [queue for queue in queues if queue not in QUEUES]
    if unknown or pool not in POOLS:
        raise ValueError(f"queues are {', '.join(QUEUES)}; pools are {', '.join(POOLS)}")

    def on_ready(**_: object) -> None:
        if pool == "threads" and set(queues) & set(BOOKING_QUEUES):
            runtime().run(lambda farm: farm.warm())
        if ready_file is not None:
            ready_file.touch()

    def on_end(**_: object) -> None:
        stop_runtime()

    worker_ready.connect(on_ready, weak=False)
    worker_process_shutdown.connect(on_end, weak=False)
    worker_shutdown.connect(on_end, weak=False)
    arguments = ["worker", "-Q", ",".join(queues), "-P", pool, "-c", str(concurrency), "--loglevel", "WARNING"]
    arguments += ["--without-gossip", "--without-mingle", "-n", f"readback-{os.getpid()}@%h"]
    if pool == "prefork":
        arguments += ["--max-tasks-per-child", str(TASKS_PER_CHILD)]
    app.worker_main(arguments)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="One worker of the embedded farm.")
    parser.add_argument("queues", help="comma-separated")
    parser.add_argument("pool", choices=POOLS)
    parser.add_argument("concurrency", type=int)
    parser.add_argument("ready_file", type=Path)
    given = parser.parse_args()
    end_with_parent()
    work(given.queues.split(","), given.pool, given.concurrency, given.ready_file)
